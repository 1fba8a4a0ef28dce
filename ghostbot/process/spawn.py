"""Starts a process in its own session, with its output in a file and no tie to Ghost.

Rule 1: no pipe leads to Ghost, so that its death is none of the daemon's business.
Rule 2: no preexec_fn and no user=: they fork a copy of Ghost, and block the loop meanwhile.
        What vfork cannot give goes through an exec shim (`limits`), and only where it is asked.
Rule 3: what Ghost holds for itself (tokens, descriptors, signal masks) stays with Ghost.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ghostbot.config.model import DaemonTable
from ghostbot.errors import CannotSpawn
from ghostbot.process.limits import needs_shim, with_shim
from ghostbot.process.variables import (
    MARKER,
    SPEC,
    inherited_environment,
    said_by_file,
    spec,
)

__all__ = ["MARKER", "clean_signals", "inherited_environment", "spawn"]

LOG_MODE = 0o640

# What Ghost waits for, by errno(3): its own scarcity. None of these says anything about the daemon.
SCARCE = {
    errno.EAGAIN: "process slots",
    errno.ENOMEM: "memory",
    errno.EMFILE: "file descriptors",
    errno.ENFILE: "file descriptors, of which this machine has no more",
    errno.ENOSPC: "space on the disk",
    errno.EDQUOT: "disk quota",
}


def clean_signals() -> None:
    """Undo what `nohup` and `&` leave behind, before anything is spawned.

    Ignored signals and the mask survive execve(2); a daemon that ignores SIGINT or SIGHUP
    because Ghost was started in the background would be a riddle to everyone.
    """
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN and number not in _PYTHONS_OWN:
            with suppress(OSError):
                signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


# Python ignores these for itself, and subprocess resets them in each child.
_PYTHONS_OWN = frozenset(
    getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ", "SIGXFZ") if hasattr(signal, name)
)


def spawn(
    table: DaemonTable,
    *,
    marker: str,
    inherited: Mapping[str, str],
    wrap: Callable[[tuple[str, ...]], tuple[str, ...]] = lambda command: command,
) -> subprocess.Popen[bytes]:
    """Start the daemon's command and return at once; raises CannotSpawn.

    The child leads its own session and group. Collecting its exit is the caller's. `wrap` may
    put a program before the command that becomes it.
    """
    said = said_by_file(table)
    environment = {**inherited, **said, MARKER: marker, SPEC: spec(table, said)}
    command = table.command
    if needs_shim(table):
        command = with_shim(table, said=said, lc_ctype=environment.get("LC_CTYPE"))
    fds: list[int] = []
    try:
        fds.append(_open_log(table, table.log.path))
        if table.log.stderr is not None:
            fds.append(_open_log(table, table.log.stderr))
        return subprocess.Popen(
            wrap(command),
            cwd=os.fspath(table.cwd),  # a str, as the error gives it back
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=fds[0],
            stderr=fds[-1],
            start_new_session=True,
            umask=-1 if table.umask is None else table.umask,
        )
    except OSError as error:
        raise _cannot_start(table, command[0], error) from error
    except ValueError as error:  # a NUL byte in a word or a variable
        raise CannotSpawn(f"cannot start {table.name}: {error}", own=False) from error
    finally:
        for fd in fds:
            os.close(fd)


def _open_log(table: DaemonTable, path: Path) -> int:
    """Open a log for appending: whoever writes, and however many, each line lands whole."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        try:
            # O_NONBLOCK: a FIFO without a reader must not hold the loop
            fd = os.open(path, flags | os.O_NONBLOCK, LOG_MODE)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, flags | os.O_NONBLOCK, LOG_MODE)
    except OSError as error:
        own = error.errno in SCARCE
        why = SCARCE.get(error.errno or 0) or _log_words(error)
        message = why if own else f"cannot open the log {path} of {table.name}: {why}"
        raise CannotSpawn(message, own=own) from error
    os.set_blocking(fd, True)  # else the daemon inherits a stdout that answers EAGAIN
    return fd


def _log_words(error: OSError) -> str:
    if error.errno == errno.EISDIR:
        return "it is a directory"
    if error.errno == errno.ENXIO:
        return "it is a pipe that nobody reads"
    return _plain(error)


def _cannot_start(table: DaemonTable, program: str, error: OSError) -> CannotSpawn:
    """Say whose trouble it is. Own trouble is told in the same words whoever it hits."""
    if scarce := SCARCE.get(error.errno or 0):
        return CannotSpawn(scarce, own=True)
    cwd = os.fspath(table.cwd)
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR if error.filename == cwd:
            why = f"its folder {cwd} is not there"
        case errno.EACCES if error.filename == cwd:
            why = f"its folder {cwd} may not be entered"
        case errno.ENOENT if os.path.exists(program):  # noqa: PTH110  a str, seldom asked
            why = f"{program} names an interpreter that is not there"
        case errno.ENOENT:
            why = f"{program} is not there"
        case errno.EACCES:
            why = f"{program} may not be executed"
        case errno.ENOEXEC:
            why = f"{program} is no program (a script needs #! in its first line)"
        case errno.E2BIG:
            why = "its arguments and environment are too long"
        case _:
            why = _plain(error)
    return CannotSpawn(f"cannot start {table.name}: {why}", own=False)


def _plain(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
