"""Which process it is: a pid alone is no identity, as the system gives it out again.

Rule 1: identity is pid, start ticks and boot id; ticks of another boot mean nothing.
Rule 2: a zombie counts as gone, unless other threads of it still run.
Rule 3: "cannot look" (no descriptors) is never "is not there": it raises OSError.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

from ghostbot.core.daemon import Proc
from ghostbot.process.reserve import RESERVE

LINUX = sys.platform.startswith("linux")
COMMAND_LIMIT = 200  # characters of a command line that a message can bear
PAGE = 4096  # proc(5) stat is one line of 52 numbers
TICKS_PER_S = os.sysconf("SC_CLK_TCK") if LINUX else 100


class Stat(NamedTuple):
    """What proc(5) stat says of a process, zombies included.

    A tuple, as a look at all processes makes hundreds: a frozen dataclass takes thrice as long.
    """

    pid: int
    state: str  # R, S, D, T, Z, X, ...
    ppid: int
    group: int
    session: int
    flags: int  # PF_* of linux/sched.h
    threads: int
    ticks: int
    exit_code: int  # a wait status; 0 also where the kernel does not tell it

    @property
    def is_gone(self) -> bool:
        """Tell whether it runs no more. A leader thread may end before its siblings."""
        return self.state in "ZXx" and self.threads <= 1


@cache
def boot_id() -> str:
    """Return what names this boot of the machine."""
    if LINUX:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return _bsd_boot_id()


def ticks_now() -> int:
    """Return the tick that a process would get that started now, or the one before."""
    clock = time.CLOCK_BOOTTIME if LINUX else time.CLOCK_REALTIME
    return int(time.clock_gettime(clock) * TICKS_PER_S) - 1


def stat_of(pid: int) -> Stat | None:
    """Return what the system knows of `pid`, or None where there is no such process.

    Raises OSError where nothing can be known: no descriptor is left, not even in the reserve.
    """
    if not LINUX:
        return _psutil_stat(pid)
    try:
        return parse_stat(pid, RESERVE.use(lambda: read_proc(f"/proc/{pid}/stat")))
    except (FileNotFoundError, ProcessLookupError):  # ESRCH: it went between open and read
        return None


def read_proc(path: str) -> bytes:
    """Read a short file of proc(5): one page is given whole."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, PAGE)
    finally:
        os.close(fd)


def parse_stat(pid: int, line: bytes) -> Stat | None:
    """Read a line of proc(5) stat. The name in parentheses may hold anything, even `) R 1`."""
    rest = line[line.rfind(b")") + 2 :].split()
    try:
        return Stat(
            pid=pid,
            state=rest[0].decode("ascii"),
            ppid=int(rest[1]),
            group=int(rest[2]),
            session=int(rest[3]),
            flags=int(rest[6]),
            threads=int(rest[17]),
            ticks=int(rest[19]),
            exit_code=int(rest[49]) if len(rest) > 49 else 0,  # noqa: PLR2004  field 52
        )
    except (IndexError, ValueError):
        return None


def proc_of(stat: Stat) -> Proc:
    """Return the identity of the process that `stat` describes."""
    return Proc(stat.pid, stat.ticks, boot_id())


def identify(pid: int) -> Proc | None:
    """Return the identity of the living process `pid`; None for none, and for a zombie."""
    stat = stat_of(pid)
    return None if stat is None or stat.is_gone else proc_of(stat)


def is_alive(proc: Proc) -> bool:
    """Tell whether this very process, and no other with its pid, still runs."""
    return proc.boot == boot_id() and identify(proc.pid) == proc


def is_our_child(proc: Proc) -> bool:
    """Tell whether `proc`, alive or a zombie, waits for us to collect it."""
    if proc.boot != boot_id():
        return False
    stat = stat_of(proc.pid)
    return stat is not None and stat.ticks == proc.ticks and stat.ppid == os.getpid()


def command_of(pid: int) -> str:
    """Return the command line of `pid` for people to read, or its name, or `?`."""
    try:
        words = psutil.Process(pid).cmdline() or [psutil.Process(pid).name()]
    except (psutil.Error, OSError):
        return "?"
    line = " ".join(words).strip()
    return line if len(line) <= COMMAND_LIMIT else line[: COMMAND_LIMIT - 1] + "…"


def owner_of_port(port: int) -> tuple[int, str] | None:
    """Return pid and name of whoever listens on TCP `port`; None where nobody does.

    A listener of another user cannot be seen by pid: that is `(0, "another user")`.
    """
    if LINUX:
        inodes = _listening_inodes(port)
        if not inodes:
            return None
        pid = _owner_of_socket(inodes)
        return (pid, _name_of(pid)) if pid else (0, "another user")
    for process in psutil.process_iter():
        if _listens(process, port):
            return process.pid, _name_of(process.pid)
    return None


def _name_of(pid: int) -> str:
    try:
        return str(psutil.Process(pid).name())
    except (psutil.Error, OSError):
        return "?"


def _listening_inodes(port: int) -> set[str]:
    """Return the sockets in state LISTEN (0A) on `port`, from proc_net_tcp."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{words[9]}]")
    return inodes


def _owner_of_socket(inodes: set[str]) -> int | None:
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _holds(process, inodes):
            return int(process.name)
    return None


def _holds(process: Path, inodes: set[str]) -> bool:
    try:
        return any(_link(fd) in inodes for fd in (process / "fd").iterdir())
    except OSError:
        return False


def _link(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except OSError:
        return ""


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections("tcp")
    except (psutil.Error, OSError):
        return False
    return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)


def _psutil_stat(pid: int) -> Stat | None:
    """Return the same from the process table of a system without /proc."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            zombie = process.status() == psutil.STATUS_ZOMBIE
            ticks = int(process.create_time() * 100)
            ppid = process.ppid()
        return Stat(
            pid=pid,
            state="Z" if zombie else "S",
            ppid=ppid,
            group=os.getpgid(pid),
            session=os.getsid(pid),
            flags=0,
            threads=1,
            ticks=ticks,
            exit_code=0,
        )
    except (psutil.Error, OSError):
        return None


def _bsd_boot_id() -> str:
    """Ask sysctl(3) for kern.bootsessionuuid; the time of boot where there is none."""
    size = ctypes.c_size_t(64)
    answer = ctypes.create_string_buffer(64)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.sysctlbyname(b"kern.bootsessionuuid", answer, ctypes.byref(size), None, 0) == 0:
        return answer.value.decode("ascii")
    return f"booted-{int(psutil.boot_time())}"
