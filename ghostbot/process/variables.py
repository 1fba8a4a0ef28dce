"""A daemon's environment, put together anew at each start.

What Ghost was started with, less its own; then each env_file; then PORT and INSTANCE; then env;
and Ghost's marker over all.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from ghostbot.config.model import DaemonTable
from ghostbot.errors import CannotSpawn

MARKER = "GHOST_UNIT"  # names state directory, daemon and run in a process's environment
SPEC = "GHOST_SPEC"  # tells by hashes what it was started with (process/drift.py)
GHOSTS_OWN = ("SLACK_", "GHOST_", "WATCHDOG_")  # never a daemon's business
HASH_CHARS = 8
FILE_MOST = 1_000_000  # bytes; execve(2) would not take more either


def inherited_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what daemons inherit of `environ`: all but what is meant for Ghost itself."""
    return {
        key: value
        for key, value in environ.items()
        if not key.startswith(GHOSTS_OWN) and key != "NOTIFY_SOCKET"
    }


def said_by_file(table: DaemonTable) -> dict[str, str]:
    """Return what ghost.toml says for a daemon, its files read now. Raises CannotSpawn."""
    said: dict[str, str] = {}
    for path in table.env_file:
        said |= _from_file(table.name, path)
    if table.port is not None:
        said["PORT"] = str(table.port)
    if table.instance is not None:
        said["INSTANCE"] = str(table.instance)
    return {**said, **table.env}


def spec(table: DaemonTable, said: Mapping[str, str]) -> str:
    """Return the hashes of what a daemon is started with: command, environment, options,
    with `:` between."""
    options = (table.cwd, table.user, table.umask, table.nice, sorted(table.rlimits.items()))
    parts: tuple[object, ...] = (table.command, sorted(said.items()), options)
    return ":".join(hashlib.sha256(repr(p).encode()).hexdigest()[:HASH_CHARS] for p in parts)


def _from_file(name: str, path: Path) -> dict[str, str]:
    """Read a file of variables. A value is taken as it stands: a `$` in a password is a dollar."""
    from dotenv import dotenv_values  # noqa: PLC0415 - most daemons have no such file

    try:
        text = _text(path)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CannotSpawn(f"cannot start {name}: cannot read {path}: {why}", own=False) from error
    except ValueError as error:
        raise CannotSpawn(f"cannot start {name}: cannot read {path}: {error}", own=False) from error
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {
        key: value
        for key, value in found.items()
        if value is not None and not key.startswith("GHOST_")  # the marker's family is Ghost's
    }


def _text(path: Path) -> str:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO holds nobody up
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError("it is no file")
        held = os.read(fd, FILE_MOST + 1)
    finally:
        os.close(fd)
    if len(held) > FILE_MOST:
        raise ValueError(f"it is larger than {FILE_MOST // 1000} kB")
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte 0x{held[error.start]:02x} is no UTF-8") from None
