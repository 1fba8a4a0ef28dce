"""Where keys stand: the same places that tomllib finds values at, each on its line."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostbot.config.lines import lines
from ghostbot.config.wrong import Place

AWKWARD = '''\
# a comment with [table] and key = 1
top = "a [b] = c # d"
[daemon]
  web.command = "x"   # dotted
  web . "cwd" = '.'

[daemon.web.log] # comment ]
path = """
[not.a.table]
key = "no" \\
"""
after = [ # list
  "a", # one ]
  'b',

  ["c", {d = 1, "e.f" = [2]}],
]
[[daemon.web.probe]]
kind = "http"
[daemon.web.probe.headers]
"X-A \\"b\\"" = 1
[[daemon.web.probe]]
quotes = """a"b""c"""""
raw = \'\'\'
[x]
\'\'\'
when = 1979-05-27T07:32:00Z
[ "daemon" . \'we b\' ]
x = {}
y = []
'''


def places(value: Any, at: Place = ()) -> set[Place]:
    """Return every place in a parsed document."""
    found = {at} if at else set()
    if isinstance(value, dict):
        for key, item in value.items():
            found |= places(item, (*at, key))
    if isinstance(value, list):
        for i, item in enumerate(value):
            found |= places(item, (*at, i))
    return found


def test_it_finds_every_place_of_an_awkward_document_and_no_other() -> None:
    assert set(lines(AWKWARD)) == places(tomllib.loads(AWKWARD))


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("top",), 2),
        (("daemon",), 3),
        (("daemon", "web"), 4),
        (("daemon", "web", "command"), 4),
        (("daemon", "web", "cwd"), 5),
        (("daemon", "web", "log"), 7),
        (("daemon", "web", "log", "path"), 8),
        (("daemon", "web", "log", "after"), 12),
        (("daemon", "web", "log", "after", 1), 14),
        (("daemon", "web", "log", "after", 2, 1, "e.f"), 16),
        (("daemon", "web", "probe"), 18),
        (("daemon", "web", "probe", 0, "kind"), 19),
        (("daemon", "web", "probe", 0, "headers", 'X-A "b"'), 21),
        (("daemon", "web", "probe", 1), 22),
        (("daemon", "web", "probe", 1, "quotes"), 23),
        (("daemon", "web", "probe", 1, "when"), 27),
        (("daemon", "we b"), 28),
        (("daemon", "we b", "y"), 30),
    ],
)
def test_each_place_is_on_its_line(place: Place, line: int) -> None:
    assert lines(AWKWARD)[place] == line


def test_a_table_stands_where_its_own_header_is_even_when_named_before() -> None:
    assert lines("[a.b]\nx = 1\n[a]\ny = 2\n")["a",] == 3


@given(st.text(alphabet="ab.=[]{}\"'#\\,\n\r \t1é", max_size=60))
@settings(max_examples=600)
def test_no_text_makes_it_raise_or_name_a_line_that_is_not_there(text: str) -> None:
    last = text.count("\n") + 1
    assert all(1 <= line <= last for line in lines(text).values())


@given(st.text(alphabet="ab.=[]{}\"'#\\,\n 1", max_size=40))
@settings(max_examples=600)
def test_whatever_tomllib_reads_it_finds_the_same_places_in(text: str) -> None:
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(lines(text)) == places(read)


def test_a_hostile_text_is_no_long_work() -> None:
    assert lines("a = " + "[" * 50_000)
    assert lines("[" * 50_000) == {}
    assert lines('a = "' * 20_000) is not None


KEY = st.text(alphabet='abz-_0."é \\', min_size=1, max_size=4)
SCALAR = st.one_of(
    st.integers(-99, 99).map(str),
    st.booleans().map(lambda b: str(b).lower()),
    st.sampled_from(['"a # b"', "'c\"'", '"""\n[x]\ny = 1\n"""', "'''\n\n'''", "1979-05-27"]),
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ",\n".join(items) + " # c\n]"),
        st.dictionaries(KEY, inner.filter(lambda v: "\n" not in v), max_size=3).map(
            lambda d: "{" + ", ".join(f"{quoted(k)} = {v}" for k, v in d.items()) + "}"
        ),
    ),
    max_leaves=5,
)


def quoted(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.dictionaries(KEY, st.dictionaries(KEY, VALUE, max_size=4), max_size=4))
def test_written_documents_are_found_again_key_by_key(document: dict[str, dict[str, str]]) -> None:
    text, expected = "", dict[Place, int]()
    for table, keys in document.items():
        expected[table,] = text.count("\n") + 1
        text += f"[{quoted(table)}]\n"
        for key, value in keys.items():
            expected[table, key] = text.count("\n") + 1
            text += f"{quoted(key)} = {value} # why\n"
    found = lines(text)
    assert set(found) == places(tomllib.loads(text))
    assert {place: found[place] for place in expected} == expected
