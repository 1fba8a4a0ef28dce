"""One patch at a time for each root, whoever applies it.

Rule 1: the lock is flock(2), so it is free whenever its holder is gone. No row can go stale.
Rule 2: it is taken twice: on a file in the state directory, which is named for the root's real
        path, and on the root itself, since another Ghost may keep its state elsewhere.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import select
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ghostbot.errors import Failed

UNSUPPORTED = {errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}  # some network disks
LOOK_S = 0.05


class Busy(Failed):
    """Another patch is being applied to this root."""


@contextmanager
def held(state_dir: Path, root: str, patience_s: float = 0.0) -> Iterator[None]:
    """Hold a root, given by its real path. Raises Busy, after `patience_s`. Blocks as long."""
    until = time.monotonic() + patience_s
    folder = state_dir / "patches" / "locks"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    with ExitStack() as stack:
        for path, flags in (
            (folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW),
            (Path(root), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW),
        ):
            fd = os.open(path, flags | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, fd)
            while not _taken(fd):
                if time.monotonic() >= until:
                    raise Busy(f"cannot patch {root}: another patch is being applied there")
                select.select([], [], [], LOOK_S)
        yield


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
    return True
