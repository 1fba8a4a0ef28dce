"""What must be on the disk before the next step: whole writes, and fsync of many at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FEW = 3  # files that are not worth a thread
AT_ONCE = 8  # a disk's own log takes many in one turn, so that 50 wait about as long as 5

NEW = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def write(fd: int, data: bytes) -> None:
    """Write everything: write(2) may take less than it is given."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def settle(fds: Sequence[int]) -> None:
    """Wait until all of these are on the disk."""
    if len(fds) <= FEW:
        for fd in fds:
            os.fsync(fd)
        return
    try:
        with ThreadPoolExecutor(AT_ONCE, "settle") as threads:
            list(threads.map(os.fsync, fds))
    except RuntimeError:  # the system has no thread for us: then one after the other
        for fd in fds:
            os.fsync(fd)


def write_all(folder: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Write new files for our eyes only, and wait until they and their names are on the disk."""
    fds: list[int] = []
    try:
        fds.append(os.open(folder, FOLDER))
        for name, data in files:
            fd = os.open(name, NEW, 0o600, dir_fd=fds[0])
            fds.append(fd)
            write(fd, data)
        settle(fds[1:])
        os.fsync(fds[0])
    finally:
        for fd in fds:
            os.close(fd)


def settle_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    fd = os.open(folder, FOLDER)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
