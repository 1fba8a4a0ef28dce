"""Readers of single values: what each takes, and what it says of what it does not."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.config import values
from ghostbot.config.keys import DAEMON, GHOST, SLACK, WEB
from ghostbot.config.values import Reader
from ghostbot.config.wrong import Wrong
from ghostbot.core.restart import Kind

DURATION = values.duration()


@pytest.mark.parametrize(
    ("read", "value", "parsed"),
    [
        (DURATION, "500ms", 0.5),
        (DURATION, "15s", 15.0),
        (DURATION, "1.5m", 90.0),
        (DURATION, "2h", 7200.0),
        (DURATION, "1d", 86400.0),
        (DURATION, "0s", 0.0),
        (values.unless_off(DURATION), "off", None),
        (values.stop_signal, "TERM", signal.SIGTERM),
        (values.stop_signal, "sigint", signal.SIGINT),
        (values.address, "127.0.0.1:5051", ("127.0.0.1", 5051)),
        (values.address, "localhost:0", ("localhost", 0)),
        (values.address, "[::1]:5051", ("::1", 5051)),
        (values.channel, "#ghost-alerts", "#ghost-alerts"),
        (values.channel, "C0123ABCD", "C0123ABCD"),
        (values.channel, "#störungen", "#störungen"),
        (values.slash_command, "/ghost", "/ghost"),
        (values.host, "Ghost.Example.com", "ghost.example.com"),
        (values.choice(Kind), "oneshot", Kind.ONESHOT),
        (values.number(0, 255), 255, 255),
        (values.environment, {"A": "b"}, {"A": "b"}),
        (values.name, "web-1.2_x", "web-1.2_x"),
    ],
)
def test_a_good_value_is_parsed(read: Reader, value: object, parsed: object) -> None:
    assert read(value) == parsed


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (DURATION, 15, '15 is no duration (did you mean "15s"?)'),
        (DURATION, 1.5, '1.5 is no duration (did you mean "1.5s"?)'),
        (DURATION, "15", '"15" is no duration (did you mean "15s"?)'),
        (DURATION, "5 min", '"5 min" is no duration (did you mean "5m"?)'),
        (DURATION, "soon", '"soon" is no duration: write "500ms", "15s", "5m", "2h" or "1d"'),
        (DURATION, "-1s", '"-1s" is no duration: write "500ms", "15s", "5m", "2h" or "1d"'),
        (DURATION, True, 'true is no duration: write "500ms", "15s", "5m", "2h" or "1d"'),
        (DURATION, "366d", '"366d" is too long: at most 365d'),
        (values.duration(least_s=1), "10ms", '"10ms" is too short: at least "1s"'),
        (values.duration(least_s=0.001), "0s", '"0s" is too short: at least "1ms"'),
        (values.unless_off(DURATION), False, 'false is no way to say it (did you mean "off"?)'),
        (values.number(1, 9), 10, "10 is out of range: write a number from 1 to 9"),
        (values.number(1, 9), True, "true is no whole number"),
        (values.number(1, 9), "3", '"3" is a text (did you mean 3, without quotes?)'),
        (
            values.number(1, 9),
            10**20,
            "a huge number is out of range: write a number from 1 to 9",
        ),
        (
            values.flag,
            "true",
            '"true" is neither true nor false (did you mean true, without quotes?)',
        ),
        (values.flag, 1, "1 is neither true nor false"),
        (values.choice(Kind), "onshot", '"onshot" is not known (did you mean oneshot?)'),
        (values.choice(Kind), 7, '7 is not known: write "service", "oneshot" or "tunnel"'),
        (values.choice(Kind, ("tunnel",)), "tunnel", "not supported yet"),
        (values.stop_signal, "TREM", '"TREM" is no signal (did you mean TERM?)'),
        (values.stop_signal, 15, '15 is no signal: write its name, as in "TERM"'),
        (values.stop_signal, "STOP", "ends no process"),
        (values.address, 5051, '5051 is no address (did you mean "127.0.0.1:5051"?)'),
        (values.address, "127.0.0.1:70000", "the port 70000 is out of range"),
        (values.address, ":5051", 'write "127.0.0.1:5051", or "off"'),
        (values.host, "https://x.org/", "is no host: write its name alone"),
        (values.channel, "ghost alerts", 'is no channel (did you mean "#ghost-alerts"?)'),
        (values.slash_command, "Ghost", 'is no slash command (did you mean "/ghost"?)'),
        (values.port, "any", '"any" is no port: write a number, or "auto"'),
        (values.port, 0, "0 is out of range: write a number from 1 to 65535"),
        (values.path, "~/x", "write ${HOME}/x"),
        (values.text, "", '"" says nothing'),
        (values.text, "a\nb", "does not fit on one line"),
        (values.text, 5, '5 is no text (write "5")'),
        (values.name, "all", '"all" means every daemon'),
        (values.name, "group:x", "group: names a group's daemons"),
        (values.name, "a b", "is no name"),
        (values.name, "-x", "is no name"),
        (values.name, "x" * 65, "is too long: at most 64 letters"),
        (values.environment, {"A": 1}, '1 is no text (write "1")'),
        (values.environment, {"A": True}, 'true is no text (write "true" or "1")'),
        (values.environment, {"GHOST_UNIT": "x"}, "are Ghost's own"),
        (values.environment, {"A=B": "x"}, '"A=B" is no name of a variable'),
        (values.environment, "A=b", 'write env = { NAME = "value" }'),
        (values.many(values.text, 'after = ["db"]'), "db", '"db" is no list: write after = ["db"]'),
    ],
)
def test_a_bad_value_is_told_with_the_way_out(read: Reader, value: object, words: str) -> None:
    with pytest.raises(Wrong) as told:
        read(value)
    assert words in str(told.value)


def test_a_list_tells_each_wrong_item_with_its_place() -> None:
    with pytest.raises(Wrong) as told:
        values.many(values.number(0, 255), "")([0, 300, 1, "x"])
    assert [place for place, _ in told.value.each] == [(1,), (3,)]


TOML: st.SearchStrategy[Any] = st.recursive(
    st.none().map(lambda _: "off")
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.sampled_from([*DAEMON.values(), *GHOST.values(), *SLACK.values(), *WEB.values()]), TOML)
def test_no_value_makes_a_reader_fail_otherwise(read: Reader, value: object) -> None:
    told: list[str] = []
    try:
        read(value)
    except Wrong as wrong:
        told += [words for _, words in wrong.each]
    assert not any("\n" in words for words in told)


@pytest.mark.parametrize("key", [*DAEMON, *GHOST, *SLACK, *WEB])
def test_no_key_fails_otherwise_on_a_number_that_str_refuses(key: str) -> None:
    with pytest.raises(Wrong):
        {**DAEMON, **GHOST, **SLACK, **WEB}[key](16**5000)  # 0xfff… in the file
