"""One Ghost per state directory.

The lock is flock(2) on a file held for life: it dies with its holder, so that a stale one
never blocks. What stands in the file only names the holder for people. It outlives execve(2) where
its descriptor does, so that an upgrade in place never gives it up.

A file may be removed or replaced. Who holds it is found all the same (`presence.py`), and takes
it again (`retake`).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ghostbot.errors import AlreadyRunning
from ghostbot.process import presence

NAME = "ghost.lock"


class Lock:
    """Holds a state directory from construction until `release`, or the end of the process."""

    def __init__(self, state_dir: Path, handed_fd: int | None = None) -> None:
        """Take the lock, or the one in `handed_fd`, where that is this very lock.

        Raises AlreadyRunning, naming the holder's pid.
        """
        self._state_dir = state_dir
        path = state_dir / NAME
        if handed_fd is not None and _is_lock(handed_fd, path):
            self.fd = handed_fd
            self.keep_to_itself()
        else:
            self.fd = _opened(path)
        _take(self.fd, state_dir)
        name = presence.state_id(state_dir)
        pid = presence.living(name)
        if pid is not None and pid != os.getpid():  # the file that it holds is no longer here
            os.close(self.fd)
            raise AlreadyRunning(_taken(pid, state_dir))
        self._door = presence.announce(name)

    def retake(self) -> bool:
        """Take the lock again where its file was removed or replaced; tell whether it was.

        Raises AlreadyRunning where another has it by now, and OSError where it cannot be made.
        """
        if self._door is not None:
            presence.hang_up(self._door)
        if _is_lock(self.fd, self._state_dir / NAME):
            return False
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = _opened(self._state_dir / NAME)
        _take(fd, self._state_dir)
        os.close(self.fd)
        self.fd = fd
        return True

    def hand_on(self) -> None:
        """Let the lock live on in the program that this process is about to become."""
        os.set_inheritable(self.fd, True)  # noqa: FBT003  os gives it no name

    def keep_to_itself(self) -> None:
        """Keep the descriptor from every program that is started."""
        os.set_inheritable(self.fd, False)  # noqa: FBT003  os gives it no name

    def release(self) -> None:
        """Let the next Ghost in. The file stays: removing it would race with the next one."""
        os.close(self.fd)
        if self._door is not None:
            self._door.close()


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _take(fd: int, state_dir: Path) -> None:
    """Lock it and name ourselves in it. Raises AlreadyRunning, and closes it then."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(fd, 64).decode(errors="replace").strip() or "unknown"
        os.close(fd)
        raise AlreadyRunning(_taken(pid, state_dir)) from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)


def _taken(pid: int | str, state_dir: Path) -> str:
    return (
        f"cannot start Ghost: another one (pid {pid}) holds {state_dir}; "
        "see `ghost status`, or end it with `ghost down`"
    )


def _is_lock(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False


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
