"""Who belongs to a run of a daemon, and how they are signalled.

Rule 1: a member is the leader, whoever is in its group or session, whoever carries the run's
        marker in its environment, and every descendant of these.
Rule 2: nobody who is older than the leader is a member; nor are Ghost and its ancestors.
Rule 3: a signal goes through a pidfd whose identity was compared after it was opened, so that
        it reaches this process or none. When unsure, nothing is sent.
Rule 4: each process gets a signal once: a second TERM means "now" to many programs.
"""

from __future__ import annotations

import ctypes
import os
import signal as signals
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from signal import Signals

import psutil

from ghostbot.config.model import Kill
from ghostbot.core.daemon import Proc
from ghostbot.process.identity import LINUX, Stat, boot_id, stat_of
from ghostbot.process.reserve import RESERVE
from ghostbot.process.spawn import MARKER

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
PIDFD_SIGNAL_PROCESS_GROUP = 4  # linux/pidfd.h, Linux 6.9
ENVIRON_LIMIT = 256 * 1024  # an environment of more than this is searched no further
LOOKS_MAX = 20  # a machine that forks faster than this is not seen whole
INIT = 1
KTHREADD = 2  # the parent of all kernel threads, which have no environment and heed no signal


def become_subreaper() -> bool:
    """Have orphans of our daemons come to us instead of to init; says whether they will."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        return bool(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


class Snapshot:
    """All processes at one moment. Environments are read when first asked for, and once."""

    def __init__(
        self, stats: Mapping[int, Stat], read_marker: Callable[[int], str | None] | None = None
    ) -> None:
        """Take what was seen; `take` sees for itself."""
        self.stats = stats
        self._read_marker = read_marker or marker_of
        self._markers: dict[int, str | None] = {}
        self._children: dict[int, list[int]] | None = None

    @classmethod
    def take(cls) -> Snapshot:
        """Look at every process: about 10 µs for each.

        Looks again for whoever was forked meanwhile, until there is nobody: a process that
        starts its successor and goes would else slip through.
        """
        return cls({stat.pid: stat for stat in _all_stats()})

    def marker(self, pid: int) -> str | None:
        """Return the value of GHOST_UNIT in the environment of `pid`; None where unreadable."""
        if pid not in self._markers:
            self._markers[pid] = self._read_marker(pid)
        return self._markers[pid]

    def children(self, pid: int) -> list[int]:
        """Return the pids of the children of `pid`."""
        if self._children is None:
            self._children = {}
            for stat in self.stats.values():
                self._children.setdefault(stat.ppid, []).append(stat.pid)
        return self._children.get(pid, [])

    def untouchable(self) -> set[int]:
        """Return the pids that no signal may reach: Ghost, its ancestors, init, kthreadd."""
        found, pid = {0, INIT, KTHREADD if LINUX else INIT}, os.getpid()
        while pid not in found:
            found.add(pid)
            stat = self.stats.get(pid) or stat_of(pid)
            pid = stat.ppid if stat else INIT
        return found

    def marked(self, prefix: str, *, since: int = 0) -> list[Stat]:
        """Return the living whose marker begins with `prefix`, started at tick `since` or later."""
        untouchable = self.untouchable()
        return [
            stat
            for stat in self.stats.values()
            if stat.ticks >= since
            and stat.pid not in untouchable
            and not (stat.is_gone or (LINUX and stat.ppid == KTHREADD))
            and (self.marker(stat.pid) or "").startswith(prefix)
        ]


def members(
    snapshot: Snapshot,
    proc: Proc,
    marker: str,
    *,
    kill: Kill = Kill.TREE,
    sure: bool = True,
    grouped: AbstractSet[int] = frozenset(),
) -> list[Proc]:
    """Return the living members of the run that `proc` leads, oldest first.

    `marker` is the beginning of their GHOST_UNIT. `sure` says that the ids of the leader's
    group and session are still theirs: the leader was watched until now. Otherwise they count
    only while the leader can be seen. `grouped` are the pids of the daemon's cgroup.
    """
    leader = snapshot.stats.get(proc.pid)
    at_hand = leader is not None and leader.ticks == proc.ticks and proc.boot == boot_id()
    if leader is not None and not at_hand:
        sure = False  # the leader's pid is another's by now, and so is the id of its group
    sure = (sure or at_hand) and proc.boot == boot_id()
    if kill is Kill.TREE:
        found = _tree(snapshot, proc, marker, sure=sure) | (grouped & snapshot.stats.keys())
    elif kill is Kill.GROUP and sure:
        found = {s.pid for s in snapshot.stats.values() if s.group == proc.pid}
    else:
        found = {proc.pid} if at_hand else set()
    since = proc.ticks if proc.boot == boot_id() else 0
    untouchable = snapshot.untouchable()
    stats = (snapshot.stats[pid] for pid in found - untouchable)
    living = [s for s in stats if s.ticks >= since and not s.is_gone]
    return [Proc(s.pid, s.ticks, boot_id()) for s in sorted(living, key=lambda s: s.ticks)]


def _tree(snapshot: Snapshot, proc: Proc, marker: str, *, sure: bool) -> set[int]:
    roots = set()
    if sure:
        for stat in snapshot.stats.values():
            if proc.pid in (stat.pid, stat.group, stat.session):
                roots.add(stat.pid)
    since = proc.ticks if proc.boot == boot_id() else 0
    found = _descendants(snapshot, roots)
    unseen = (stat.pid for stat in snapshot.marked(marker, since=since))
    return found | _descendants(snapshot, {pid for pid in unseen if pid not in found})


def _descendants(snapshot: Snapshot, roots: set[int]) -> set[int]:
    """Return `roots` and all who descend from them; Ghost's own children are not followed."""
    found, todo, me = set(), list(roots), os.getpid()
    while todo:
        pid = todo.pop()
        if pid not in found and pid not in (0, INIT, me):
            found.add(pid)
            todo.extend(snapshot.children(pid))
    return found


def _all_stats() -> Iterator[Stat]:
    if not LINUX:
        yield from (stat for pid in psutil.pids() if (stat := stat_of(pid)))
        return
    seen: set[str] = set()
    for _ in range(LOOKS_MAX):
        # iterdir would take twice as long on the hot path
        names = RESERVE.use(lambda: os.listdir("/proc"))  # noqa: PTH208
        fresh = [name for name in names if name[0] in "123456789" and name not in seen]
        if not fresh:
            return  # whoever lives now was there to be read before
        seen.update(fresh)
        yield from (stat for name in fresh if (stat := stat_of(int(name))))


def marker_of(pid: int) -> str | None:
    """Read GHOST_UNIT from the environment of a process; None where there is none or we may not."""
    return variable_of(pid, MARKER)


def variable_of(pid: int, name: str) -> str | None:
    """Read a variable that `pid` was started with; None where there is none or we may not look."""
    if not LINUX:
        return _psutil_variable(pid, name)
    try:
        environ = RESERVE.use(lambda: _environ(pid))
    except OSError:  # EACCES: another user's; ESRCH: it ended
        return None
    wanted = f"{name}=".encode()
    for pair in environ.split(b"\0"):
        if pair.startswith(wanted):
            return pair[len(wanted) :].decode("utf-8", "replace")
    return None


def _environ(pid: int) -> bytes:
    fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY | os.O_CLOEXEC)
    try:
        environ = b""
        while len(environ) < ENVIRON_LIMIT and (block := os.read(fd, 65536)):
            environ += block
        return environ
    finally:
        os.close(fd)


def _psutil_variable(pid: int, name: str) -> str | None:
    try:
        return psutil.Process(pid).environ().get(name)
    except (psutil.Error, OSError):
        return None


def send(procs: Iterable[Proc], signal: Signals) -> list[Proc]:
    """Signal each process, if it is still the same and may be; return those it was sent to."""
    untouchable = Snapshot({}).untouchable()
    return [p for p in procs if p.pid not in untouchable and _send_one(p, signal)]


def _send_one(proc: Proc, signal: Signals, flags: int = 0) -> bool:
    """Send through a pidfd. `flags` say whom else it reaches, as pidfd_send_signal(2) has them."""
    fd = _open(proc)
    if fd is None:
        return _send_by_pid(proc, signal) if flags == 0 else False
    try:
        if not _is_still(proc):
            return False
        signals.pidfd_send_signal(fd, signal, None, flags)
    except OSError:  # ESRCH: it has just ended; EPERM: another user's; EINVAL: unknown flag
        return False
    else:
        return True
    finally:
        os.close(fd)


def _open(proc: Proc) -> int | None:
    try:
        return RESERVE.use(lambda: os.pidfd_open(proc.pid))
    except (OSError, AttributeError):
        return None


def _is_still(proc: Proc) -> bool:
    stat = stat_of(proc.pid)
    return stat is not None and stat.ticks == proc.ticks and proc.boot == boot_id()


def _send_by_pid(proc: Proc, signal: Signals) -> bool:
    """Signal by number, where there is no pidfd to be had.

    Without descriptors a child of ours is still safe, as nobody but us can reap it. On systems
    without pidfd a moment between look and signal remains (docs/platforms.md).
    """
    stat = stat_of(proc.pid)
    if stat is None or stat.ticks != proc.ticks or proc.boot != boot_id():
        return False
    if stat.ppid != os.getpid() and hasattr(os, "pidfd_open"):
        return False
    with suppress(OSError):
        os.kill(proc.pid, signal)
        return True
    return False


def send_to_group(leader: Proc, signal: Signals, snapshot: Snapshot) -> bool:
    """Signal the leader's whole group at once; False where that cannot be done safely."""
    stats = (snapshot.stats.get(pid) for pid in snapshot.untouchable())
    if any(stat is not None and stat.group == leader.pid for stat in stats):
        return False  # Ghost was started from within
    if not _is_still(leader):
        return False
    if hasattr(signals, "pidfd_send_signal") and _send_one(
        leader, signal, PIDFD_SIGNAL_PROCESS_GROUP
    ):
        return True
    stat = stat_of(leader.pid)
    if stat is None or stat.ppid != os.getpid():
        return False
    with suppress(OSError):  # only we can reap the leader, so the group's id is still its own
        os.killpg(leader.pid, signal)
        return True
    return False


def resume(procs: Iterable[Proc], snapshot: Snapshot) -> None:
    """Wake those that are stopped: a stopped process hears no request to exit."""
    stopped = (p for p in procs if (s := snapshot.stats.get(p.pid)) and s.state == "T")
    send(stopped, Signals.SIGCONT)


def signal_members(
    snapshot: Snapshot, proc: Proc, found: list[Proc], signal: Signals, kill: Kill
) -> None:
    """Send `signal` once to each of the members `found` of the run that `proc` leads."""
    if kill is Kill.LEADER:
        send(found, signal)
    else:
        grouped = send_to_group(proc, signal, snapshot)
        rest = (p for p in found if not (grouped and snapshot.stats[p.pid].group == proc.pid))
        send(rest, signal)
    if signal is not Signals.SIGKILL:
        resume(found, snapshot)
