"""The lines of a log that count, each given once.

Rule 1: only what was written since the process began counts. Where that is not known, as of one
        that an earlier Ghost started, or one that is not Ghost's, what there is counts.
Rule 2: at most so many bytes are read at a time, in order. Where the writer gets more than
        BEHIND_MAX ahead, what is between is skipped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ghostbot.process.output import LINE_MAX

READ_MAX = 900_000
BEHIND_MAX = 16_000_000


class Tape(Protocol):
    """A log at offsets that stay true (process/tape.py, probes/file.py). It blocks."""

    path: Path

    @property
    def base(self) -> int:
        """Where the file begins that is written to now."""

    def ends(self) -> tuple[int, int]:
        """Return the oldest offset that can be read, and where the log ends now."""

    def after(self, offset: int, size: int) -> tuple[int, bytes]:
        """Return where they begin, and up to `size` bytes from `offset` on."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Where and when a process began, for its log."""

    at: float  # epoch seconds
    size: int | None = None  # of the file just before; None: it was there before Ghost looked


def begins(path: Path) -> Begin:
    """Note that a process is about to begin, which writes to `path`."""
    try:
        size = path.stat().st_size
    except OSError:  # it is not there yet
        size = 0
    return Begin(time.time(), size)


class Reader:
    """Reads one log for one process. Everything here blocks, and raises OSError."""

    def __init__(self, tape: Tape, begin: Begin | None, *, tail: int = READ_MAX) -> None:
        """Take the log, and when the process began; None for what Ghost does not run.

        Where it is not known from where on lines count, the last `tail` bytes do.
        """
        self.tape = tape
        self._begin = begin
        self._tail = tail
        self.is_known = begin is not None and begin.size is not None  # from where it counts
        self._from: int | None = None  # that offset
        self._next: int | None = None  # the offset of what was not read yet
        self._part = b""  # of a line that is not whole

    def span(self) -> tuple[int, int]:
        """Return the offsets between which what counts lies."""
        oldest, end = self.tape.ends()
        if self._from is None:
            size = None if self._begin is None else self._begin.size
            self._from = oldest if size is None else self.tape.base + size
            if self._from > end:  # it was emptied or cut meanwhile: what is left counts
                self._from = self.tape.base
        return max(oldest, self._from), end

    def unread(self, most: int = READ_MAX) -> Iterator[bytes]:
        """Give the new lines, of `most` bytes; what no newline ends yet is given each time."""
        begin, end = self.span()
        if self._next is None:
            self._next = begin if self.is_known else max(begin, end - self._tail)
        if end - self._next > BEHIND_MAX:
            self._next, self._part = end - READ_MAX, b""
        while most > 0 and self._next < end:
            at, data = self.tape.after(self._next, most)
            if at != self._next:
                self._part = b""
            self._next, most = at + len(data), most - len(data)
            if not data:
                break
            *lines, self._part = (self._part + data).split(b"\n")
            self._part = self._part[:LINE_MAX]
            for raw in lines:
                yield raw[:LINE_MAX]
        if self._part:
            yield self._part
