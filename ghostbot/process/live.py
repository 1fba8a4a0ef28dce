"""The file that a daemon writes to now: by its name, or by the daemon where the name is gone.

Rule 1: what is no regular file (/dev/null, a terminal) is not read and not cut, without a word.
Rule 2: the daemon's own descriptor counts where its log was deleted, moved or replaced: it writes
        there until its next start. No file is put in its place meanwhile.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

Key = tuple[int, int]  # device and inode

DELETED = " (deleted)"  # proc(5): what readlink adds


@dataclass(frozen=True, slots=True)
class Found:
    """An open log. Whoever asked for it closes it."""

    fd: int
    key: Key
    size: int
    strayed: bool  # it is not what its name names


def open_live(path: Path, known: Key | None, writer: Path | None, *, write: bool) -> Found | None:
    """Open what is written to; None where there is nothing. Raises OSError.

    `known` is the file it was until now, `writer` the daemon's descriptor in proc(5).
    """
    try:
        named = _open(path, write=write)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return _stray(path, known, writer, write=write)
    if named is None:
        return _stray(path, known, writer, write=write)
    if known is not None and named.key != known:
        stray = _stray(path, known, writer, write=write)
        if stray is not None:
            os.close(named.fd)
            return stray
    return named


def _open(path: Path, *, write: bool, strayed: bool = False) -> Found | None:
    flags = os.O_RDWR if write else os.O_RDONLY
    fd = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not hold us
    was = os.fstat(fd)
    if not stat.S_ISREG(was.st_mode):
        os.close(fd)
        return None
    return Found(fd, (was.st_dev, was.st_ino), was.st_size, strayed)


def _stray(path: Path, known: Key | None, writer: Path | None, *, write: bool) -> Found | None:
    """Open what the daemon itself holds, if that is its log."""
    if writer is None:
        return None
    with suppress(OSError):
        if known is None and os.fspath(writer.readlink()) != f"{path}{DELETED}":
            return None
        found = _open(writer, write=write, strayed=True)
        if found is not None and known is not None and found.key != known:
            os.close(found.fd)
            return None
        return found
    return None
