"""The older part of a log: files NAME.log.START and NAME.log.START.gz, named for where they begin.

Rule 1: START counts bytes since the log began. An archive ends in the middle of a line where
        that is how it was cut; what follows begins with the rest.
Rule 2: where both forms are there, the packed one is whole, and the other goes.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ghostbot.process import compress

PACKED = ".gz"


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive as it lies on the disk."""

    path: Path
    start: int
    size: int  # of what it holds
    disk_bytes: int
    written_at: float  # seconds since the epoch
    packed: bool

    @property
    def end(self) -> int:
        """Return where the next one begins, if nothing is missing."""
        return self.start + self.size

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset` of the log on. Raises OSError."""
        skip = offset - self.start
        with self.path.open("rb") as file:
            if not self.packed:
                return os.pread(file.fileno(), min(size, self.size - skip), skip)
        for begins, at, length, held in _members(self.path, self.disk_bytes):
            if begins <= skip < begins + held:
                whole = _unpacked(self.path, at, length, held)
                return whole[skip - begins : skip - begins + size]
        return b""

    def remove(self) -> None:
        """Delete it. Raises OSError; one that has gone already is gone."""
        self.path.unlink(missing_ok=True)
        if not self.packed:  # what packs it may have died
            self.path.with_name(f"{self.path.name}{compress.PACKING}").unlink(missing_ok=True)


@lru_cache(maxsize=2)  # a reader going backwards asks for the same one many times
def _unpacked(path: Path, at: int, length: int, held: int) -> bytes:
    with path.open("rb") as file:
        whole = os.pread(file.fileno(), length, at)
    try:
        return compress.unpack(whole)
    except zlib.error:
        return b"\0" * held  # damaged: as long as it was, so that offsets stay true


def find(log: Path, start: int) -> Archive | None:
    """Return the archive that begins at `start`; None where there is none."""
    plain = log.with_name(f"{log.name}.{start}")
    packed = log.with_name(plain.name + PACKED)
    with suppress(OSError):
        was = packed.stat()
        members = _members(packed, was.st_size)
        held = sum(member[3] for member in members)
        if held:
            plain.unlink(missing_ok=True)  # packing was done, and its end was not
            return Archive(packed, start, held, was.st_size, was.st_mtime, packed=True)
    with suppress(OSError):
        was = plain.stat()
        return Archive(plain, start, was.st_size, was.st_size, was.st_mtime, packed=False)
    return None


def guess(log: Path) -> list[Archive]:
    """Return what must be this log's archives, by name, block and sequence, the oldest first.

    For when it was lost which they are. Others number their files too, and theirs are not ours.
    """
    starts = set()
    for path in log.parent.glob(f"{log.name}.*"):
        word = path.name[len(log.name) + 1 :].removesuffix(PACKED)
        if word.isascii() and word.isdigit() and str(int(word)) == word:
            starts.add(int(word))
    found = [a for a in (find(log, start) for start in sorted(starts)) if a and _is_ours(a)]
    chain: list[Archive] = []
    for archive in reversed(found):
        if chain and archive.end != chain[0].start:
            break
        chain.insert(0, archive)
    return chain


def _is_ours(archive: Archive) -> bool:
    least = 4096  # the smallest block of any filesystem that collapses
    return archive.size > 0 and archive.start % least == 0 and archive.size % least == 0


@lru_cache(maxsize=64)
def _members(path: Path, disk_bytes: int) -> tuple[tuple[int, int, int, int], ...]:
    """Return of each member: what is before it, where it lies, its length, and what it holds.

    Nothing for a file that another program packed.
    """
    found: list[tuple[int, int, int, int]] = []
    begins = at = 0
    with path.open("rb") as file:
        while at < disk_bytes:
            said = compress.lengths(os.pread(file.fileno(), compress.HEADER.size, at))
            if said is None:
                return ()
            found.append((begins, at, *said))
            at, begins = at + said[0], begins + said[1]
    return tuple(found)
