"""How much of a log is kept, and copying it elsewhere, inside the kernel where it can be."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass
from pathlib import Path

CHUNK = 8 * 1024 * 1024  # one call; other threads run in between
SMALL = 1024 * 1024  # for copying by hand
ROUNDS = 50  # after a copy more has come; each round has less left, unless it never ends
SHORTEST_S = 50e-6  # from the last look to the emptying, where nothing comes between
BUSY = 1e6  # bytes a second from which on a writer may be one that has to wait
BURST = 2e9  # bytes a second that such a one writes when it need not
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ELSEWISE = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a log is kept."""

    max_bytes: int = 20_000_000
    keep: int = 5


@dataclass(slots=True)
class Counts:
    """What became of a log since this Ghost began."""

    cuts: int = 0
    dropped_archives: int = 0
    dropped_bytes: int = 0  # that were never in an archive
    lost_bytes: int = 0  # at most, in cuts that cannot be without loss


def is_full(error: OSError) -> bool:
    """Tell whether there is no room for a copy."""
    return error.errno in FULL


def copy(fd: int, path: Path, offset: int, size: int | None) -> int:
    """Copy `size` bytes from `offset` on into a new file, or all there are; return how many.

    What was copied is on the disk then. Raises OSError; the new file is the caller's.
    """
    was = os.fstat(fd)
    end = was.st_size if size is None else offset + size
    path.unlink(missing_ok=True)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(target, was.st_mode & 0o777)
        copied = _move(fd, target, offset, end - offset)
        if size is None:
            copied += _rest(fd, target, offset + copied)
        os.fsync(target)
        return copied
    finally:
        os.close(target)


def append(fd: int, path: Path, offset: int) -> int:
    """Copy what has come since behind what was copied; return how much."""
    target = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.lseek(target, 0, os.SEEK_END)
        return _rest(fd, target, offset)
    finally:
        os.close(target)


def empty(fd: int, path: Path | None, copied: int, rate: float) -> tuple[int, int]:
    """Copy what has come since, and empty the file; return its size, and what may be lost of it.

    `rate` is how fast it grew of late. Who had to wait writes far faster afterwards, and does so
    just when we have to: the time in which we got no processor counts at BURST.
    """
    for _ in range(ROUNDS):
        copied += append(fd, path, copied) if path else 0
        began, worked_s = time.monotonic(), time.thread_time()
        size = os.fstat(fd).st_size
        if size <= copied or path is None:
            break
    os.ftruncate(fd, 0)
    waited_s = time.monotonic() - began - (time.thread_time() - worked_s)
    speed = BURST if rate > BUSY else 2 * rate
    return size, size - copied + int(speed * max(waited_s, SHORTEST_S)) + 1


def flush(fd: int) -> None:
    """Have what was written so far on the disk."""
    (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(fd)


def _rest(fd: int, target: int, offset: int) -> int:
    copied = 0
    for _ in range(ROUNDS):
        more = os.fstat(fd).st_size - offset - copied
        if more <= 0:
            break
        copied += _move(fd, target, offset + copied, more)
    return copied


def _move(fd: int, target: int, offset: int, size: int) -> int:
    """Copy behind what `target` has; less than `size` only where the file ends."""
    copied, by_kernel = 0, hasattr(os, "copy_file_range")
    while copied < size:
        if by_kernel:
            try:
                moved = os.copy_file_range(fd, target, min(CHUNK, size - copied), offset + copied)
            except OSError as error:
                if error.errno not in ELSEWISE:
                    raise
                by_kernel = False
                continue
        else:
            held = os.pread(fd, min(SMALL, size - copied), offset + copied)
            moved = len(held)
            while held:
                held = held[os.write(target, held) :]
        if not moved:
            break
        copied += moved
    return copied
