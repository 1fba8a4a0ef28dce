"""ghost.toml → Config: what a good file gives, and every mistake of a bad one at once."""

from __future__ import annotations

import re
import signal
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ghostbot.config.keys import ACTION, CHECK, DAEMON, GHOST, LATER, PROBE, SLACK, TABLES, WEB
from ghostbot.config.load import load
from ghostbot.config.model import (
    ActionKind,
    Config,
    DaemonTable,
    Kill,
    ProbeKind,
    SlackTable,
    WebTable,
)
from ghostbot.config.schema import schema
from ghostbot.config.show import show
from ghostbot.core.restart import After, Kind, Policy
from ghostbot.errors import ConfigError

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/ann"}
EXAMPLE = Path(__file__).parents[2] / "ghost.example.toml"

Told = Callable[..., tuple[str, ...]]


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Config]:
    def read(text: str, environ: dict[str, str] = ENV) -> Config:
        path = tmp_path / "ghost.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, environ)

    return read


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return the mistakes of a text, of a file named as its user named it: ghost.toml."""
    monkeypatch.chdir(tmp_path)

    def read(text: str, environ: dict[str, str] = ENV) -> tuple[str, ...]:
        Path("ghost.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as error:
            load(Path("ghost.toml"), environ)
        return error.value.mistakes

    return read


def test_the_smallest_file_gives_a_daemon_with_every_default(
    loaded: Callable[..., Config], tmp_path: Path
) -> None:
    config = loaded('[daemon.web]\ncommand = "sleep 60"')
    web = config.daemons["web"]
    assert web == DaemonTable(name="web", command=("sleep", "60"), cwd=tmp_path, log=web.log)
    assert web.log.path == tmp_path / ".ghost" / "logs" / "web.log"
    assert config.ghost.state_dir == tmp_path / ".ghost"
    assert (config.slack, config.web, config.warnings) == (SlackTable(), WebTable(), ())
    assert config.path == tmp_path / "ghost.toml"


def test_every_key_of_a_daemon_reaches_its_field(
    loaded: Callable[..., Config], tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    config = loaded("""
        [ghost]
        name = "box"
        state_dir = "${HOME}/state"
        [slack]
        channel = "#ops"
        command = "/ops"
        heartbeat = "off"
        [web]
        listen = "off"
        allowed_hosts = ["ghost.lan"]
        [daemon.db]
        command = "sleep 1"
        [daemon.web]
        command = ["sh", "-c", "echo $$HOME"]
        kind = "oneshot"
        cwd = "sub"
        env = { A = "${HOME}" }
        autostart = false
        priority = 5
        after = ["db"]
        restart = "on-failure"
        exit_codes = [0, 3]
        restart_delay = "2s"
        restart_max_delay = "4s"
        max_restarts = 2
        restart_window = "20s"
        slow_restarts = 6
        slow_window = "1h"
        cooldown = "5s"
        stable_after = "6s"
        ready_after = "7s"
        start_timeout = "8s"
        stop_signal = "INT"
        stop_timeout = "9s"
        kill = "group"
        port = 8000
        group = "site"
        description = "pages"
        [daemon.web.log]
        path = "web.txt"
        """)
    assert config.ghost.name == "box"
    assert config.ghost.state_dir == Path("/home/ann/state")
    assert config.slack == SlackTable(channel="#ops", command="/ops", heartbeat_s=None)
    assert config.web == WebTable(listen=None, allowed_hosts=("ghost.lan",))
    assert config.daemons["web"] == DaemonTable(
        name="web",
        command=("sh", "-c", "echo $HOME"),
        policy=Policy(
            kind=Kind.ONESHOT,
            restart=After.ON_FAILURE,
            exit_codes=frozenset({0, 3}),
            restart_delay_s=2,
            restart_max_delay_s=4,
            max_restarts=2,
            restart_window_s=20,
            slow_restarts=6,
            slow_window_s=3600,
            cooldown_s=5,
            stable_after_s=6,
            start_timeout_s=8,
            stop_timeout_s=9,
            stop_signal=signal.SIGINT,
        ),
        cwd=tmp_path / "sub",
        env={"A": "/home/ann"},
        autostart=False,
        priority=5,
        after=("db",),
        ready_after_s=7,
        port=8000,
        kill=Kill.GROUP,
        group="site",
        description="pages",
        log=config.daemons["web"].log,
    )
    assert config.daemons["web"].log.path == tmp_path / "web.txt"


def test_daemons_keep_the_order_of_the_file(loaded: Callable[..., Config]) -> None:
    text = "".join(f'[daemon.{name}]\ncommand = "sleep 1"\n' for name in ["zebra", "ant", "mole"])
    assert list(loaded(text).daemons) == ["zebra", "ant", "mole"]


def test_defaults_hold_for_all_and_a_daemon_says_otherwise(loaded: Callable[..., Config]) -> None:
    daemons = loaded("""
        [defaults]
        env = { A = "1", B = "1" }
        stop_timeout = "3s"
        after = ["db"]
        [daemon.db]
        command = "sleep 1"
        [daemon.web]
        command = "sleep 1"
        stop_timeout = "4s"
        env.B = "2"
        """).daemons
    assert [d.policy.stop_timeout_s for d in daemons.values()] == [3, 4]
    assert daemons["web"].env == {"A": "1", "B": "2"}
    assert [d.after for d in daemons.values()] == [(), ("db",)]  # db does not wait for itself


def test_a_variable_in_a_command_is_one_argument_whatever_it_holds(
    loaded: Callable[..., Config],
) -> None:
    config = loaded('[daemon.a]\ncommand = "echo ${X} $$"', {**ENV, "X": "a 'b && c"})
    assert config.daemons["a"].command == ("echo", "a 'b && c", "$")


EVERY_MISTAKE = """\
channel = "#x"
[ghots]
[summaries]
[slack]
heartbeat = 30
[defaults]
command = "sleep 1"
restart_dely = "1s"
[daemon.web]
command = "sleep 1 | cat"
restart_afer = "1s"
cwd = "${NOWHERE}"
after = [
  "db",
  "dbb",
]
port = 5051
memory_max = "1G"
environment = { A = "1" }
[daemon.db]
cwd = "gone"
command = "sleep 1"
[daemon.all]
command = "no-such-program"
env = { "GHOST_A" = "x", B = 2 }
[daemon.bare]
log.keep = -5
log.pth = "x"
"""


def test_every_mistake_is_told_at_once_each_with_its_line_and_the_way_out(told: Told) -> None:
    assert told(EVERY_MISTAKE) == (
        "ghost.toml:1: channel: unknown key here (it belongs in [slack])",
        "ghost.toml:2: ghots: unknown table (did you mean ghost?)",
        'ghost.toml:3: summaries: its dir is missing: write dir = "summaries"',
        'ghost.toml:5: slack.heartbeat: 30 is no duration (did you mean "30s"?)',
        "ghost.toml:7: defaults.command: every daemon needs its own: write it in [daemon.NAME]",
        "ghost.toml:8: defaults.restart_dely: unknown key (did you mean restart_delay?)",
        (
            'ghost.toml:10: daemon.web.command: "|" is a shell\'s word, and no shell runs this:'
            ' write ["sh", "-c", "sleep 1 | cat"]'
        ),
        "ghost.toml:11: daemon.web.restart_afer: unknown key (did you mean restart?)",
        (
            "ghost.toml:12: daemon.web.cwd: the variable NOWHERE is not set;"
            " set it, or write $$ for a dollar"
        ),
        (
            "ghost.toml:15: daemon.web.after[1]: cannot come after dbb: no such daemon"
            " (did you mean db?)"
        ),
        (
            "ghost.toml:17: daemon.web.port: 5051 is the port of Ghost's own door: choose another,"
            ' or move that one with [web] listen = "127.0.0.1:PORT"'
        ),
        'ghost.toml:18: daemon.web.memory_max: "1G" is no size (did you mean "1GB"?)',
        "ghost.toml:19: daemon.web.environment: unknown key (did you mean env?)",
        (
            f"ghost.toml:21: daemon.db.cwd: cannot run in {Path.cwd() / 'gone'}:"
            " there is no such folder"
        ),
        'ghost.toml:23: daemon.all: "all" means every daemon: choose another name',
        'ghost.toml:24: daemon.all.command: cannot run "no-such-program": no such program on PATH',
        (
            "ghost.toml:25: daemon.all.env.GHOST_A: variables that begin with GHOST_"
            " are Ghost's own: choose another name"
        ),
        'ghost.toml:25: daemon.all.env.B: 2 is no text (write "2")',
        "ghost.toml:26: daemon.bare.command: it is missing: write the program to run",
        "ghost.toml:27: daemon.bare.log.keep: -5 is out of range: write a number from 0 to 10000",
        "ghost.toml:28: daemon.bare.log.pth: unknown key (did you mean path?)",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[daemon.web\n", "1: syntax: expected ']' at the end of a table declaration"),
        ("a = 1\nb = ?\n", "2: syntax: invalid value"),
        ("[a]\n[b]\n[a]\n", "3: syntax: cannot declare ('a',) twice"),
        ('a = 1\nb = "x', "2: syntax: unterminated string"),
        ("a = " + "1" * 5000, "1: syntax: exceeds the limit"),
        ("a = " + "[" * 5000, "1: syntax: "),
        ('daemon = "x"', '1: daemon: "x" is no table: write [daemon.NAME]'),
        ('[daemon]\ncommand = "x"', "2: daemon.command: unknown key here (it belongs in [daemon.N"),
        ('[daemon]\nweb = "x"', '2: daemon.web: "x" is no table: write [daemon.web]'),
        (
            '[daemon.a]\ncommand = "ls"\npath = "x"',
            "3: daemon.a.path: unknown key here",
        ),
        ('[daemon.a]\ncommand = "no"\nenv.PATH = 5', "3: daemon.a.env.PATH: 5 is no text"),
        ('[daemon]\n"a → b" = { command = "ls", after = ["a → b"] }', '2: daemon."a → b": "a → '),
        ("[[slack]]", "1: slack: a list is no table: write [slack]"),
        ("[[daemon.web]]", "1: daemon.web: a list is no table: write [daemon.web]"),
        ('[daemon.a]\ncommand = "ls"\nlog = 5', "3: daemon.a.log: 5 is no table"),
        ("[daemon.a.log]", "1: daemon.a.command: it is missing"),
        ('[ghost]\nstate_dir = "ghost.toml"', "2: ghost.state_dir: cannot keep state in"),
        ('[daemon.a]\ncommand = "ls"\nlog.path = "."', "3: daemon.a.log.path: cannot write a log"),
    ],
)
def test_a_file_that_is_out_of_shape_is_one_mistake_with_its_line(
    told: Told, text: str, words: str
) -> None:
    mistakes = told(text)
    assert len(mistakes) == 1
    assert mistakes[0].startswith(f"ghost.toml:{words}")


@pytest.mark.parametrize("depth", [10, 100, 200, 300, 400, 450, 480, 490, 2000])
def test_values_deep_within_each_other_are_one_mistake(told: Told, depth: int) -> None:
    assert len(told("[daemon.a]\ncommand = 'ls'\nafter = " + "[" * depth + "]" * depth)) == 1


def test_a_file_that_is_no_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_bytes(b"a = 1\nb = '\xe4'\n")
    with pytest.raises(ConfigError, match=r"ghost\.toml:2: syntax: byte 0xe4 is no UTF-8"):
        load(tmp_path / "ghost.toml", ENV)


def test_a_file_with_windows_line_ends_and_a_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_bytes(
        b"\xef\xbb\xbf[daemon.a]\r\ncommand = 'sleep 1'\r\nx = 1\r\n"
    )
    with pytest.raises(ConfigError, match=r"ghost\.toml:3: daemon\.a\.x: unknown key"):
        load(tmp_path / "ghost.toml", ENV)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*: no such file or directory"):
        load(tmp_path / "ghost.toml", ENV)


@pytest.mark.parametrize("key", sorted(LATER))
def test_a_key_of_a_later_version_has_its_own_words_and_is_no_key_yet(told: Told, key: str) -> None:
    table, _, name = key.rpartition(".")
    head = {
        "": "",
        "daemon": "[daemon.a]\n",
        "log": "[daemon.a.log]\n",
        "watch": "[watch.a]\n",
    }.get(table, f"[{table}]\n")
    mistakes = told(f"{head}{name} = 1\n")
    assert any(words.endswith(f"{name}: not supported yet") for words in mistakes)
    assert name not in TABLES.get(table, TABLES)


VALID = Draft202012Validator(schema())
PLACED = re.compile(r'ghost\.toml:\d+: ([\w-]+|"[^\n]*")([.\[][^\n]*)?: \S[^\n]*')
WORDS = st.sampled_from(
    [
        *(f"[{table}]" for table in ("ghost", "slack", "web", "defaults", "daemon", "daemon.a")),
        *("[daemon.b]", "[daemon.a.log]", "[[daemon.a.probe]]", '[daemon."x y"]', "[daemon.a.env]"),
        *("[check.a]", "[check]", "[action.a]", "[action.b]", "[[action.b]]", "[check.a.headers]"),
        *(f"{key} = " for key in (*DAEMON, *GHOST, *SLACK, *WEB, "user", "lgo", "path")),
        *(f"{key} = " for key in (*PROBE, *CHECK, *ACTION)),
        *(f'kind = "{kind.value}"' for kinds in (ProbeKind, ActionKind, Kind) for kind in kinds),
        *('"http://x/${tunnel.a.url}"', '"${tunnel.a.url}"', '"@daily"', '"* * 1 * mon"', '"80%"'),
        *('"[[a]"', '"(?P<x>a)(?P=x)"', '"[a-"', "[200, 99]", '"a/b"', '"TOKEN"', '"http://[::1"'),
        *("1", "-1", '"x"', '"sleep 1"', '"5s"', '"${HOME}"', '"${NO}"', "[]", '["a", "b"]', "{}"),
        *('"~"', "true", "1.5", "inf", "1979-05-27", '{ A = "b" }', '"""', "5051", '"off"', '"."'),
        *(
            '[\n"a",\n1]',
            '"/"',
            '"' + "x" * 300 + '"',
            "0x" + "f" * 5000,
            '"a\\u0000"',
            "'\t'",
            '"./\\u001b[2J"',
        ),
    ]
)


@given(st.lists(st.tuples(WORDS, st.sampled_from(["\n", " ", "\n\n"])), max_size=24))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_document_gives_anything_but_a_config_or_mistakes_with_their_places(
    tmp_path: Path, words: list[tuple[str, str]]
) -> None:
    hold_to_its_word(tmp_path, "".join(word + end for word, end in words))


@given(st.data())
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_mutation_of_the_example_does(tmp_path: Path, data: st.DataObject) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(st.text(max_size=4) | WORDS) + text[end:]
    hold_to_its_word(tmp_path, text)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@given(st.lists(st.tuples(WORDS, st.sampled_from(["\n", " ", "\n\n"])), max_size=40))
@settings(
    max_examples=50_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_document_of_fifty_thousand_does(tmp_path: Path, words: list[tuple[str, str]]) -> None:
    hold_to_its_word(tmp_path, "".join(word + end for word, end in words))


def hold_to_its_word(folder: Path, text: str) -> None:
    path = folder / "ghost.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    told: tuple[str, ...] = ()
    try:
        config = load(path, ENV)
        told = config.warnings
        assert list(VALID.iter_errors(tomllib.loads(text.removeprefix("\ufeff")))) == []
        tomllib.loads(show(config))
    except ConfigError as error:
        told = error.mistakes
        assert told, "an error without a mistake"
    lines = text.count("\n") + 1
    for words in told:
        shown = words.removeprefix(f"{folder}/")
        assert PLACED.fullmatch(shown), words
        assert shown.isprintable(), words
        assert 1 <= int(shown.split(":")[1]) <= lines


def test_the_work_of_a_oneshot_has_no_limit_but_the_one_it_is_given(
    loaded: Callable[..., Config],
) -> None:
    daemons = loaded("""
        [daemon.backup]
        command = "sleep 1"
        kind = "oneshot"
        [daemon.quick]
        command = "sleep 1"
        kind = "oneshot"
        start_timeout = "5s"
        [daemon.web]
        command = "sleep 1"
        """).daemons
    assert [d.policy.start_timeout_s for d in daemons.values()] == [365 * 86400, 5, 30]
