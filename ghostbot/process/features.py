"""What this system can do for Ghost, tried rather than guessed from a version."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ghostbot.process import fallocate
from ghostbot.process.codes import INFO, PIDFD_GET_INFO, PIDFD_INFO_EXIT


def has_pidfd() -> bool:
    """Tell whether a process can be named without its number being reused."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (OSError, AttributeError):
        return False
    return True


def tells_codes() -> bool | None:
    """Tell whether the kernel tells how a process ended that is not our child.

    Tried on a child that we have reaped, which then is nobody's. None where nothing can be
    started.
    """
    try:
        child = subprocess.Popen([sys.executable, "-ISc", "raise SystemExit(3)"])
    except OSError:
        return None
    try:
        fd = os.pidfd_open(child.pid)
    except (OSError, AttributeError):
        return False
    finally:
        child.wait()
    try:
        info = bytearray(INFO.pack(PIDFD_INFO_EXIT, *[0] * 13))
        fcntl.ioctl(fd, PIDFD_GET_INFO, info)
    except OSError:
        return False
    finally:
        os.close(fd)
    fields = INFO.unpack(info)
    return bool(fields[0] & PIDFD_INFO_EXIT) and os.waitstatus_to_exitcode(fields[-1]) == 3  # noqa: PLR2004  as it was told to


def collapses(folder: Path) -> bool | None:
    """Tell whether the head of a file in `folder` can be taken off. None where none can be."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            block = fallocate.block_size(file.fileno())
            file.write(bytes(2 * block))
            file.flush()
            return fallocate.collapse(file.fileno(), block)
    except OSError:
        return None
