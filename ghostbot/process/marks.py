"""Where a live log stands in the whole: NAME.log.at, a few bytes beside it, and how it is cut.

The first byte of NAME.log is byte `base` of the log. That is written down, and not only derived
from the archives, as archives go (`keep`, a full disk, a person), and offsets must not go back.

Rule 1: a cut is written down before it is made, with what tells afterwards whether it was: the
        digest of the head, and where on the disk it lies, for logs that repeat themselves.
Rule 2: the file is whole or old: written beside and renamed.
Rule 3: without it (lost, garbage) archives and index tell how far the log was at least, and an
        archive that was not finished is compared with the live file.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ghostbot.process import fallocate

HEAD = 64 * 1024  # bytes that are compared


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut that was begun: `size` bytes go from the front of the live file."""

    size: int
    head: str  # the digest of its first bytes
    compared: int  # how many of them
    place: int | None  # on the disk
    archive: int | None = None  # where the archive begins that takes them, if one does

    @property
    def drops(self) -> bool:
        """Tell whether nothing takes them: they may be NUL before they go."""
        return self.archive is None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the live file stands."""

    base: int = 0
    inode: int | None = None
    archives: tuple[int, ...] = ()  # where they begin; those are ours
    cut: Cut | None = None


def read(path: Path) -> Mark | None:
    """Return the mark; None where there is none that makes sense."""
    try:
        held = json.loads(path.read_bytes())
        cut = Cut(**held["cut"]) if held["cut"] else None
        mark = Mark(int(held["base"]), held["inode"], tuple(map(int, held["archives"])), cut)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return mark if mark.base >= 0 else None


def write(path: Path, mark: Mark, *, sync: bool = False) -> None:
    """Put the mark in place of the old one. Raises OSError.

    `sync` where a machine that loses power must find it: before bytes move, not after.
    """
    new = path.with_name(path.name + ".tmp")
    with new.open("w") as file:
        json.dump(asdict(mark), file)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    os.replace(new, path)  # noqa: PTH105 - atomic, as its name says


def cut_of(fd: int, size: int, archive: int | None) -> Cut:
    """Return what is to be written down before `size` bytes are cut from the file."""
    compared = min(size, HEAD)
    return Cut(size, _digest(fd, compared), compared, fallocate.place(fd), archive)


def was_made(fd: int, cut: Cut) -> bool:
    """Tell whether the cut was made before whoever began it died."""
    if os.fstat(fd).st_size < cut.size:
        return True
    if cut.drops and not os.pread(fd, cut.compared, 0).strip(b"\0"):
        return False
    if _digest(fd, cut.compared) != cut.head:
        return True
    place = fallocate.place(fd)
    return cut.place is not None and place is not None and place != cut.place


def begins_with(fd: int, path: Path) -> bool:
    """Tell whether a file still begins with the bytes of another."""
    at = 0
    with path.open("rb") as other:
        while held := other.read(HEAD):
            if os.pread(fd, len(held), at) != held:
                return False
            at += len(held)
    return True


def _digest(fd: int, size: int) -> str:
    return hashlib.sha256(os.pread(fd, size, 0)).hexdigest()
