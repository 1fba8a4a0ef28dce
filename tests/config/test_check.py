"""What spans keys and daemons: order, ports, times and budgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.errors import ConfigError

Notes = Callable[[str], tuple[str, ...]]


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Return the mistakes of a text, or its warnings where it has none.

    Each line of the form `NAME: keys` is a daemon of its own.
    """
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> tuple[str, ...]:
        Path("ghost.toml").write_text(text)
        try:
            return load(Path("ghost.toml"), {"PATH": "/usr/bin:/bin"}).warnings
        except ConfigError as error:
            return error.mistakes

    return read


def daemons(**tables: str) -> str:
    """Write a file with one daemon on each line: its name, and the other keys."""
    rows = (f'{name} = {{ command = "sleep 1"{keys} }}\n' for name, keys in tables.items())
    return "[daemon]\n" + "".join(rows)


def test_a_house_in_order_has_no_note(notes: Notes) -> None:
    assert notes(daemons(a="", b=', after = ["a"], port = 8000', c=', after = ["a", "b"]')) == ()


def test_an_unknown_daemon_in_after_is_told_with_the_nearest(notes: Notes) -> None:
    assert notes(daemons(bridge="", web=', after = ["brigde"]')) == (
        (
            "ghost.toml:3: daemon.web.after[0]: cannot come after brigde: no such daemon"
            " (did you mean bridge?)"
        ),
    )


def test_an_unknown_daemon_in_defaults_is_told_once(notes: Notes) -> None:
    text = '[defaults]\nafter = ["x"]\n' + daemons(a="", b="")
    assert notes(text) == ("ghost.toml:2: defaults.after: cannot come after x: no such daemon",)


def test_each_circle_is_named(notes: Notes) -> None:
    text = daemons(
        a=', after = ["b"]',
        b=', after = ["a"]',
        c="",
        d=', after = ["d"]',
        e=', after = ["d", "c"]',
    )
    assert notes(text) == (
        "ghost.toml:2: daemon.a.after: cannot order a → b → a: they wait for each other",
        "ghost.toml:5: daemon.d.after: cannot order d → d: it waits for itself",
    )


def test_two_daemons_on_one_port_are_both_named(notes: Notes) -> None:
    assert notes(daemons(a=", port = 8000", b="", c=", port = 8000")) == (
        (
            "ghost.toml:4: daemon.c.port: 8000 is taken by daemon.a.port on line 2:"
            " a and c cannot share it"
        ),
    )


@pytest.mark.parametrize(
    ("web", "clash"),
    [
        ("", True),
        ('[web]\nlisten = "127.0.0.1:6000"\n', False),
        ('[web]\nlisten = "off"\n', False),
    ],
)
def test_the_port_of_ghosts_own_door_is_no_daemons(notes: Notes, web: str, *, clash: bool) -> None:
    found = notes(web + daemons(a=", port = 5051"))
    assert bool(found) is clash
    assert all("5051 is the port of Ghost's own door" in words for words in found)


def test_two_daemons_with_one_log_are_told(notes: Notes) -> None:
    text = daemons(a=', log.path = "x.log"', b=', log.path = "./x.log"')
    assert "daemon.b.log.path: " in notes(text)[0]
    assert "is the log of a too: each daemon needs its own" in notes(text)[0]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            ', restart_delay = "1m"',
            "restart_delay: restart_delay (60s) is longer than restart_max_delay (30s)",
        ),
        (
            ', restart_max_delay = "500ms"',
            "restart_max_delay: restart_delay (1s) is longer than restart_max_delay (0.5s)",
        ),
        (
            ', slow_window = "5s"',
            "slow_window: restart_window (15s) is longer than slow_window (5s)",
        ),
        (
            ', ready_after = "31s"',
            "ready_after: ready_after (31s) is longer than start_timeout (30s)",
        ),
    ],
)
def test_times_that_contradict_each_other_are_told(notes: Notes, keys: str, words: str) -> None:
    found = notes(daemons(a=keys))
    assert [f.startswith(f"ghost.toml:2: daemon.a.{words}") for f in found] == [True]


def test_ready_after_does_not_count_where_something_better_tells(notes: Notes) -> None:
    late = ', ready_after = "31s"'
    assert notes(daemons(a=late + ", port = 8000", b=late + ', kind = "oneshot"')) == ()


@pytest.mark.parametrize(
    ("keys", "breaker"),
    [
        (', restart_delay = "10s"', "restart_window"),
        (", max_restarts = 6", "restart_window"),
        (', slow_restarts = 6, slow_window = "20s"', "slow_window"),
        (", max_restarts = 4", None),
        (', restart_delay = "0s", max_restarts = 1000, slow_restarts = 1000', None),
    ],
)
def test_a_breaker_that_cannot_open_is_warned_of(
    notes: Notes, keys: str, breaker: str | None
) -> None:
    found = notes(daemons(a=keys))
    assert len(found) == (breaker is not None)
    assert all(f"within {breaker} " in w and "this breaker cannot open" in w for w in found)


def test_values_that_stand_in_for_wrong_ones_cause_no_second_note(notes: Notes) -> None:
    found = notes(daemons(a=', restart_delay = "1m", restart_max_delay = "often"'))
    assert len(found) == 1
    assert "restart_max_delay" in found[0]


def test_slack_without_a_channel_is_warned_of(notes: Notes) -> None:
    warned = notes('[slack]\nheartbeat = "1m"\n' + daemons(a=""))
    assert warned == (
        "ghost.toml:1: slack: no channel: Ghost answers in Slack, but sends no alerts there",
    )


def test_an_empty_house_is_warned_of(notes: Notes) -> None:
    assert notes("") == (
        "ghost.toml:1: daemon: no daemon yet: write [daemon.NAME] and its command",
    )


@pytest.mark.parametrize(
    ("listen", "open_"),
    [
        ("127.0.0.1", False),
        ("[::1]", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("[::]", True),
        ("box.lan", True),
    ],
)
def test_a_door_that_the_network_reaches_is_warned_of(
    notes: Notes, listen: str, *, open_: bool
) -> None:
    found = notes(f'[web]\nlisten = "{listen}:6000"\n' + daemons(a=""))
    assert [w.startswith("ghost.toml:2: web.listen: the network reaches") for w in found] == (
        [True] if open_ else []
    )
