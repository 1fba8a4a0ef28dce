"""A file as lines, each with the bytes that end it, so that what is not touched stays as it is.

Rule 1: what is decoded is encoded to the same bytes again: bytes that are no UTF-8 are kept.
Rule 2: lines end where people see them end: at LF, CRLF and CR, and at nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ghostbot.core.patch import Place, Refused

BOM = b"\xef\xbb\xbf"
WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")  # UTF-16; that of UTF-32 LE begins like it
_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_UNREADABLE = re.compile("[\ud800-\udfff]")  # what surrogateescape makes of bytes that are no UTF-8


class Line(NamedTuple):
    """The text of a line, and what ends it: LF, CRLF, CR, or nothing for the last."""

    text: str
    end: str


@dataclass(frozen=True, slots=True)
class Text:
    """A file's lines; its BOM is held aside."""

    lines: tuple[Line, ...]
    bom: bool = False

    def encoded(self) -> bytes:
        """Return the bytes."""
        body = "".join([part for line in self.lines for part in line])
        return (BOM if self.bom else b"") + body.encode("utf-8", "surrogateescape")

    def end(self) -> str:
        """Return how its first line ends: what new lines take that stand beside nothing."""
        return (self.lines[0].end or "\n") if self.lines else "\n"


def read(data: bytes, path: str) -> Text:
    """Return a file's lines. Raises Refused: binary."""
    if b"\0" in data or data.startswith(WIDE_BOMS):
        why = "it is no text that can be patched (a NUL byte, or UTF-16)"
        raise Refused("binary", f"cannot patch {path}: {why}", Place(path=path))
    bom = data.startswith(BOM)
    text = data[len(BOM) if bom else 0 :].decode("utf-8", "surrogateescape")
    return Text(tuple(split(text)), bom)


def split(text: str) -> list[Line]:
    """Cut a text into its lines."""
    found = [Line(*match) for match in _LINE.findall(text)]
    while found and found[-1] == ("", ""):  # what stands after the last end is no line
        found.pop()
    return found


def readable(text: str) -> bool:
    """Tell whether a text is one: no stray bytes, no half characters."""
    return text.isascii() or _UNREADABLE.search(text) is None


def closed(lines: Iterable[Line], end: str) -> list[Line]:
    """Give each line but the last an end: what followed nothing may follow something now."""
    whole = list(lines)
    for at, line in enumerate(whole[:-1]):
        if not line.end:
            whole[at] = Line(line.text, end)
    return whole


def end_beside(lines: Sequence[Line], at: int, fallback: str) -> str:
    """Return how a line ends that is put before line `at` (from 0): as those beside it."""
    for near in (at - 1, at):
        if 0 <= near < len(lines) and lines[near].end:
            return lines[near].end
    return fallback
