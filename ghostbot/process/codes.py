"""How a process ended, read without reaping it.

Rule 1: unknown is None, and never 0.
Rule 2: reading a status leaves the zombie: until it is reaped its pid, and so the id of its
        group, cannot be given to a stranger.
"""

from __future__ import annotations

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from ghostbot.core.daemon import Proc
from ghostbot.process.identity import stat_of

# linux/pidfd.h: _IOWR(0xFF, 11, struct pidfd_info of 64 bytes), Linux 6.13; exits from 6.15.
PIDFD_GET_INFO = 0xC040FF0B
PIDFD_INFO_EXIT = 8
INFO = struct.Struct("<QQ11Ii")  # mask, cgroup id, pid, tgid, ppid, eight ids, exit_code
assert INFO.size == 64, "PIDFD_GET_INFO carries the size of its struct"  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of an end. `settled` is false while asking again may still tell more."""

    code: int | None
    settled: bool = True


def child_code(idtype: int, number: int) -> int | None:
    """Return the exit code of our child without reaping it; None while it runs.

    `idtype` is os.P_PIDFD or os.P_PID. Raises ChildProcessError where it is not ours.
    """
    if not hasattr(os, "waitid"):  # macOS before Python 3.13: asking reaps
        pid, status = os.waitpid(number, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None
    result = os.waitid(idtype, number, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    if result is None:
        return None
    killed = result.si_code in (os.CLD_KILLED, os.CLD_DUMPED)
    return -result.si_status if killed else result.si_status


def stranger_code(proc: Proc, fd: int | None) -> Status:
    """Return how a process that is not our child ended, as far as anyone tells.

    Its own zombie knows at once, where we may look; the kernel tells holders of a pidfd after
    the real parent has reaped it.
    """
    stat = stat_of(proc.pid)
    zombie = stat is not None and stat.ticks == proc.ticks and stat.is_gone
    if stat is not None and zombie and (stat.exit_code or _shows_codes(proc.pid)):
        return Status(os.waitstatus_to_exitcode(stat.exit_code))
    if fd is None:
        return Status(None)
    info = bytearray(INFO.pack(PIDFD_INFO_EXIT, *[0] * 13))
    try:
        fcntl.ioctl(fd, PIDFD_GET_INFO, info)
    except OSError:  # ENOTTY, EINVAL: before 6.13; ESRCH: before 6.15
        return Status(None)
    fields = INFO.unpack(info)
    if fields[0] & PIDFD_INFO_EXIT:
        return Status(os.waitstatus_to_exitcode(fields[-1]))
    return Status(None, settled=False)


def _shows_codes(pid: int) -> bool:
    """Tell whether proc(5) shows us this process's exit code, or a 0 that means nothing.

    ptrace(2), "Ptrace access mode checking": every uid and gid of it must be ours.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    ids = {words[0]: set(words[1:4]) for line in status.splitlines() if (words := line.split())}
    return ids.get("Uid:") == {str(os.geteuid())} and ids.get("Gid:") == {str(os.getegid())}
