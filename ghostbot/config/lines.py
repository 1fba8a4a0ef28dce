"""Where each key of a TOML text stands: tomllib reads values, and forgets their lines.

Rule 1: it trusts nothing and never raises; in a text that is no TOML it finds what it can.
Rule 2: a place is a path of keys and, within arrays, indexes: ("daemon", "web", "probe", 0).
Rule 3: a table that several lines touch stands where its own header is, else where first named.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

from ghostbot.config.wrong import Place

DEPTH = 64  # no mistake of ours lies deeper, and places stay short in a hostile text

_BLANK = re.compile(r"[ \t\r]*")
_GAP = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")  # between the items of an array
_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'  # up to two quotes may stand before the closing three
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_OTHER = re.compile(r"[^,\]}\n#]*")  # numbers, booleans, dates


def lines(text: str) -> dict[Place, int]:
    """Return the line, from 1, of every table, key and item in a TOML text."""
    return _Walk(text).document()


@dataclass(slots=True)
class _Open:
    """An array (with the index of its next item) or inline table (None) not yet closed."""

    place: Place
    closer: str
    index: int | None


class _Walk:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.ends = [i for i, c in enumerate(text) if c == "\n"]
        self.found: dict[Place, int] = {}
        self.counts: dict[Place, int] = {}  # items so far of each array of tables

    def document(self) -> dict[Place, int]:
        table: Place = ()
        while True:
            self._skip(_GAP)
            if self.at >= len(self.text):
                return self.found
            before = self.at
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            if self.at == before:
                self.at += 1  # no TOML: go on behind it

    def _header(self) -> Place:
        """Read `[a.b]` or `[[a.b]]`, and return the table it opens."""
        line, many = self._line(), self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        keys = self._keys()
        if not keys:
            return ()
        table: Place = ()
        for key in keys[:-1]:
            table = self._latest((*table, key), line)
        table = (*table, keys[-1])
        if many:
            self.found.setdefault(table, line)
            self.counts[table] = self.counts.get(table, 0) + 1
            table = (*table, self.counts[table] - 1)
        self.found[table] = line
        for _ in range(2 if many else 1):
            self._skip(_BLANK)
            self._take("]")
        return table

    def _latest(self, place: Place, line: int) -> Place:
        """Note `place`; where it is an array of tables, return its latest one."""
        self.found.setdefault(place, line)
        return (*place, self.counts[place] - 1) if place in self.counts else place

    def _pair(self, table: Place) -> None:
        """Read `key = value`, with all that the value holds."""
        place = self._noted(table)
        if place is None:
            return
        stack: list[_Open] = []
        self._begin(place, stack)
        while stack:
            self._skip(_GAP)
            if self.at >= len(self.text):
                return
            if self._take(stack[-1].closer):
                stack.pop()
            else:
                self._item(stack)

    def _item(self, stack: list[_Open]) -> None:
        """Read one item of the innermost array or inline table."""
        before, top = self.at, stack[-1]
        place: Place | None
        if top.index is None:
            place = self._noted(top.place)
        else:
            place = (*top.place, top.index) if len(stack) < DEPTH else top.place
            top.index += 1
            self.found.setdefault(place, self._line())
        if place is not None:
            self._begin(place, stack)
        if self.at == before:
            self.at += 1  # no TOML: go on behind it

    def _begin(self, place: Place, stack: list[_Open]) -> None:
        """Enter an array or inline table, or step over any other value."""
        self._skip(_BLANK)
        if self._take("["):
            stack.append(_Open(place, "]", 0))
        elif self._take("{"):
            stack.append(_Open(place, "}", None))
        elif not self._skip(_STRING):
            self._skip(_OTHER)

    def _noted(self, table: Place) -> Place | None:
        """Read `a.b =` and note both; None where no key or no `=` is."""
        line, keys = self._line(), self._keys()
        for i in range(len(keys)):
            self.found.setdefault((*table, *keys[: i + 1]), line)
        return (*table, *keys) if keys and self._take("=") else None

    def _keys(self) -> Place:
        """Read a dotted key; it stands behind it and the blanks that follow."""
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            found = _KEY.match(self.text, self.at)
            if not found:
                return tuple(keys)
            keys.append(_unquoted(found[0]))
            self.at = found.end()
            self._skip(_BLANK)
            if not self._take("."):
                return tuple(keys)

    def _line(self) -> int:
        return bisect_right(self.ends, self.at - 1) + 1

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Step over `pattern` if it is next, and say whether anything was."""
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return bool(found and found[0])

    def _take(self, mark: str) -> bool:
        here = self.text.startswith(mark, self.at)
        self.at += len(mark) if here else 0
        return here


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] != '"':
        return key
    try:
        return str(tomllib.loads(f"k = {key}")["k"])  # it knows TOML's escapes
    except tomllib.TOMLDecodeError:
        return key[1:-1]
