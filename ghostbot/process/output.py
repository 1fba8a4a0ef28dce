"""What daemons wrote: the last lines of a log, and the new ones as they come.

Rule 1: a log may hold anything: long lines, NUL, bytes that are no UTF-8, escape sequences.
        What comes out is lines of text that JSON, HTML and Slack can bear.
Rule 2: only as much is read as is shown; a log of gigabytes costs no more than a short one.
Rule 3: logs are read through a `Source`, at offsets that count from when the log began: a rotation
        in between changes nothing. Nothing is opened here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

BLOCK = 64 * 1024
LINE_MAX = 64 * 1024  # bytes of a line that are shown; the rest is cut
SEARCH_MAX = 64 * 1024 * 1024  # bytes searched for a word that is seldom there

# ECMA-48: CSI, OSC (ended by BEL or ST), and two-byte escapes.
ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\)?|[ -/]*[0-~])"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `offset` is where it begins in the log, in bytes."""

    offset: int
    text: str
    cut: bool = False  # it was longer than LINE_MAX


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines, oldest first."""

    lines: tuple[Line, ...]
    size: int = 0  # of the log, in bytes, when it was read
    is_there: bool = True
    searched_all: bool = True  # False: older lines may hold the word too


def plain(raw: bytes) -> str:
    """Return a line as text: no escapes, no controls but tab, U+FFFD for what is no UTF-8.

    A progress bar that goes back with \\r shows what was last to be seen.
    """
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    text = ESCAPES.sub("", text)
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if part), "")
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def line_of(offset: int, raw: bytes) -> Line:
    """Return the line that `raw` is, cut to what can be shown."""
    cut = len(raw.rstrip(b"\r\n")) > LINE_MAX
    return Line(offset, plain(raw[:LINE_MAX] if cut else raw), cut)


class Source(Protocol):
    """A log that can be read anywhere, however many files it lies in."""

    def ends(self) -> tuple[int, int]:
        """Return the oldest offset that can be read, and where the log ends now."""

    def after(self, offset: int, size: int) -> tuple[int, bytes]:
        """Return where they begin, and up to `size` bytes from `offset` on; none at the end.

        They begin later where the older ones are gone, and before `offset` where the log ends.
        """

    def before(self, end: int, size: int) -> tuple[int, bytes]:
        """Return where they begin, and up to `size` bytes that end at `end` at the latest."""


def tail(source: Source, lines: int, grep: str | None = None, since: int = 0) -> Tail:
    """Return the last `lines` lines that begin at offset `since` or later, those with `grep`.

    Blocks; for a thread.
    """
    oldest, end = source.ends()
    found: list[Line] = []
    needle = grep.encode("utf-8", "replace") if grep else b""
    position, lines = end, max(0, lines)
    for offset, raw in _backwards(source, end):
        position = offset
        if len(found) >= lines or offset < since:
            break
        if needle and needle not in raw and b"\x1b" not in raw:
            continue
        line = line_of(offset, raw)
        if grep is None or grep in line.text:
            found.append(line)
    whole = len(found) >= lines or position <= max(oldest, since) or end - position < SEARCH_MAX
    return Tail(tuple(reversed(found)), end, searched_all=whole)


def _backwards(source: Source, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of each line, the last first; of a long line only its head.

    Ends after SEARCH_MAX bytes with what it has of the line that it is in.
    """
    position, head, stop = end, b"", end
    while position > end - SEARCH_MAX:
        at, held = source.before(position, BLOCK)
        if not held:
            break
        if at + len(held) < position:  # what was between them is gone
            if head:
                yield position, head
            head, stop = b"", at + len(held)
        position, at = at, at + len(held)
        parts = held.split(b"\n")
        for part in reversed(parts[1:]):
            at -= len(part)
            text = part + head
            if text or at < stop:  # what follows the last newline is no line
                yield at, text
            head, stop = b"", at
            at -= 1  # the newline before it
        head = (parts[0] + head)[: LINE_MAX + 1]
    is_first = position > end - SEARCH_MAX
    if position < end and (head or stop > position) and (is_first or len(head) > LINE_MAX):
        yield position, head


class Follower:
    """Gives the lines that were written since the last look. For one reader, in a thread."""

    def __init__(self, source: Source, offset: int) -> None:
        """Begin at byte `offset` of the log."""
        self._source = source
        self.offset = offset
        self._part = b""
        self._begun = offset  # where the line begins that is not whole yet
        self._skipping = False  # it was longer than LINE_MAX and has been given already

    def poll(self, limit: int = 4 * 1024 * 1024) -> list[Line]:
        """Return the whole lines that are new, of at most `limit` bytes."""
        at, data = self._source.after(self.offset, limit)
        lines: list[Line] = []
        if at != self.offset:  # what was in between is gone; so is the rest of the line
            if self._part and not self._skipping:
                lines.append(line_of(self._begun, self._part))
            self.offset = self._begun = at
            self._part, self._skipping = b"", False
        self.offset += len(data)
        return lines + self._take(data)

    def _take(self, data: bytes) -> list[Line]:
        lines: list[Line] = []
        *whole, rest = data.split(b"\n")
        for raw in whole:
            text = self._part + raw
            if not self._skipping:
                lines.append(line_of(self._begun, text))
            self._begun += len(text) + 1
            self._part, self._skipping = b"", False
        self._part += rest
        if len(self._part) > LINE_MAX:
            self._give_up(lines)
        return lines

    def _give_up(self, lines: list[Line]) -> None:
        """Give the head of a line that is too long, and forget it until it ends."""
        if not self._skipping:
            lines.append(line_of(self._begun, self._part))
        self._begun += len(self._part)
        self._part, self._skipping = b"", True
