"""Files on their way to their places: written beside them first, and then there in one step.

Rule 1: what stands in a place is compared right before it is replaced.
Rule 2: where nothing stood, nothing is replaced: a link fails where a rename would overwrite.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from ghostbot.patches.disk import NEW, write
from ghostbot.patches.journal import Mark, Step
from ghostbot.patches.tree import Held, look

# link(2): what file systems say that know no second names, or not for this file
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


class Drifted(Exception):
    """A file is not what the plan was made for."""

    def __init__(self, path: str) -> None:
        """Name it."""
        self.path = path
        super().__init__(f"{path} has changed since the patch was planned")


def mark_of(held: Held | None) -> Mark | None:
    """Return by what a file is known again."""
    return None if held is None else Mark(held.sha256, held.perm)


def stage(folder: int, temp: str, data: bytes, perm: int, step: Step) -> int:
    """Write a file that nobody takes for one of theirs; return its descriptor, not yet synced."""
    fd = os.open(temp, NEW, 0o600, dir_fd=folder)
    try:
        write(fd, data)
        seen = os.fstat(fd)
        if step.uid not in {-1, seen.st_uid} or step.gid not in {-1, seen.st_gid}:
            with suppress(PermissionError):  # not ours to give away: then it is ours, as with git
                os.fchown(fd, step.uid, step.gid)
        os.fchmod(fd, perm)
    except BaseException:
        os.close(fd)
        raise
    return fd


def put(folder: int, leaf: str, temp: str, old: Mark | None, *, gone: bool, path: str) -> None:
    """Let the staged file take its place, or nothing where `gone`. Raises Drifted."""
    if mark_of(look(folder, leaf, path)) != old:
        raise Drifted(path)
    if gone:
        os.unlink(leaf, dir_fd=folder)
    elif old is None:
        _appear(folder, leaf, temp, path)
    else:
        os.rename(temp, leaf, src_dir_fd=folder, dst_dir_fd=folder)


def drop(folder: int, temp: str) -> None:
    """Remove a staged file, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(temp, dir_fd=folder)


def _appear(folder: int, leaf: str, temp: str, path: str) -> None:
    try:
        os.link(temp, leaf, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise Drifted(path) from None
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.rename(temp, leaf, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        os.unlink(temp, dir_fd=folder)
