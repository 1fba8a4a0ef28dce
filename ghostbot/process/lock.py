"""One Ghost per state directory.

The lock is flock(2) on a file held for life: it dies with its holder, so that a stale one
never blocks. What stands in the file only names the holder for people.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ghostbot.errors import AlreadyRunning

NAME = "ghost.lock"


class Lock:
    """Holds a state directory from construction until `release`, or the end of the process."""

    def __init__(self, state_dir: Path) -> None:
        """Take the lock. Raises AlreadyRunning, naming the holder's pid."""
        path = state_dir / NAME
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._fd, 64).decode(errors="replace").strip() or "unknown"
            os.close(self._fd)
            raise AlreadyRunning(
                f"cannot start Ghost: another one (pid {holder}) holds {state_dir}; "
                "see `ghost status`, or end it with `ghost down`"
            ) from None
        os.ftruncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let the next Ghost in. The file stays: removing it would race with the next one."""
        os.close(self._fd)


def holder(state_dir: Path) -> int | None:
    """Return the pid of the Ghost that holds `state_dir`, or None where none does."""
    try:
        fd = os.open(state_dir / NAME, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(fd, 64).decode(errors="replace").strip()
        return int(text) if text.isdigit() else 0
    else:
        return None
    finally:
        os.close(fd)
