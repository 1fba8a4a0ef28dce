"""When a log was how long: a sparse index of (offset, time) beside it, NAME.log.times.

Rule 1: an entry says that at this time the log ended at this offset. Offsets count from the
        beginning of the log, so a rotation changes no entry.
Rule 2: both only grow. A clock that goes back is written as if it stood still.
Rule 3: a torn tail is no entry; it is cut off by the next note. Whatever else is wrong with the
        file costs precision and nothing more: the log itself is the truth.
Rule 4: it stays small: past `MOST` entries what is too old goes, and of the rest every other one.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_left, bisect_right
from pathlib import Path

ENTRY = struct.Struct("<Qd")  # offset in bytes, seconds since the epoch
MOST = 32_768  # half a megabyte for each log


class Timeline:
    """The index of one log. Blocks; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._last: tuple[int, float] | None = None
        self._count = 0
        self._is_read = False
        self.trouble: OSError | None = None  # why the last note could not be written

    @property
    def last_offset(self) -> int:
        """Return how long the log is known to have been."""
        self._begin()
        return self._last[0] if self._last else 0

    def note(self, offset: int, at: float, oldest: int = 0) -> None:
        """Write down that the log ends at `offset`; nothing where that is known already.

        What is before `oldest` is forgotten when there is too much.
        """
        self._begin()
        if self._last is not None:
            if offset <= self._last[0]:
                return
            at = max(at, self._last[1])
        try:
            self._write(offset, at, oldest)
        except OSError as error:  # Rule 3: the log is kept short all the same
            self.trouble = error
            return
        self.trouble = None
        self._last = (offset, at)
        self._count += 1

    def _write(self, offset: int, at: float, oldest: int) -> None:
        if self._count >= MOST:
            self._thin(oldest)
        with self._path.open("ab", buffering=0) as file:
            end = file.tell()
            if end % ENTRY.size:
                file.truncate(end - end % ENTRY.size)
            file.write(ENTRY.pack(offset, at))

    def since(self, at: float) -> int:
        """Return the last known offset before a time: what comes after may be newer.

        0 where the index does not reach back so far.
        """
        entries = self._entries()
        index = bisect_left(entries, at, key=lambda entry: entry[1])
        return entries[index - 1][0] if index else 0

    def _begin(self) -> None:
        if not self._is_read:
            entries = self._entries()
            self._last = entries[-1] if entries else None
            self._count, self._is_read = len(entries), True

    def _entries(self) -> list[tuple[int, float]]:
        """Return the entries up to the first that cannot be."""
        try:
            held = self._path.read_bytes()
        except OSError:
            return []
        found: list[tuple[int, float]] = []
        for offset, at in ENTRY.iter_unpack(held[: len(held) // ENTRY.size * ENTRY.size]):
            if found and (offset < found[-1][0] or not at >= found[-1][1]):
                break
            found.append((offset, at))
        return found

    def _thin(self, oldest: int) -> None:
        entries = self._entries()
        index = bisect_right(entries, oldest, key=lambda entry: entry[0])
        kept = entries[max(0, index - 1) :]
        if len(kept) > MOST // 2:
            kept = kept[::-1][::2][::-1]  # the newest stays
        new = self._path.with_name(self._path.name + ".tmp")
        new.write_bytes(b"".join(ENTRY.pack(*entry) for entry in kept))
        os.replace(new, self._path)  # noqa: PTH105 - atomic, as its name says
        self._count = len(kept)
