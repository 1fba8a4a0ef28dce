"""Copying what daemons wrote from one file to another, inside the kernel where it can be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

CHUNK = 8 * 1024 * 1024  # one call; other threads run in between
SMALL = 1024 * 1024  # for copying by hand
ROUNDS = 50  # after a copy more has come; each round has less left, unless it never ends
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ELSEWISE = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})


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
