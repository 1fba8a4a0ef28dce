"""Children of ours that we did not start: orphans of daemons, which come to a subreaper.

Rule 1: what other parts of Ghost started is theirs to wait for. It shares Ghost's session, or
        leads one of its own; such a zombie is left alone until it has lain for a while.
Rule 2: one look at our children serves all exits of one turn of the loop.
"""

from __future__ import annotations

import asyncio
import os

from ghostbot.process.exits import reap
from ghostbot.process.identity import Stat, stat_of
from ghostbot.process.reserve import RESERVE
from ghostbot.process.tree import marker_of

SWEEP_MIN_S = 0.5
SWEEP_MAX_S = 10.0
MANY = 64  # zombies found at once that make the next sweep come sooner
LOOKS_MAX = 20  # at children that fork and go; then all of /proc is looked at
MARKERS_MAX = 1000  # remembered; then they are read again
PF_FORKNOEXEC = 0x40  # linux/sched.h: forked, and never called execve(2)
LAIN_S = 5.0  # whoever started it would have waited for it by now


class Orphans:
    """Finds and reaps them. `watched` holds the pids that someone watches already.

    Pids are compared as proc(5) spells them: of hundreds of children few are worth reading.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, watched: set[bytes]) -> None:
        """Sweep on `loop` from now on."""
        self._loop = loop
        self._watched = watched
        self._seen: set[int] | None = None
        self._fresh = False
        self._markers: dict[tuple[int, int], str | None] = {}
        self._lain: dict[tuple[int, int], float] = {}  # pid, ticks: since when
        self._every_s = SWEEP_MAX_S
        self._closed = False
        self._due = False
        self._timer = loop.call_later(self._every_s, self._beat)

    def living(self) -> set[int] | None:
        """Return the pids of our living children that nobody watches; None where unknown.

        Whoever of a daemon's tree outlives its leader is one of these or descends from one,
        as the kernel gives orphans to a subreaper before it tells of the leader's end.
        """
        if not self._fresh:
            self._seen = self._look()
            self._fresh = True
            self._loop.call_soon(self.forget)  # true for all exits of this turn
        return self._seen

    def forget(self) -> None:
        """Look anew when next asked."""
        self._fresh = False

    def _look(self) -> set[int] | None:
        """List our children until nobody in the list has ended since: it may have forked."""
        dead: set[bytes] = set()
        for _ in range(LOOKS_MAX):
            children = _children()
            if children is None:
                return None
            living = children - self._watched - dead
            ended = {pid for pid in living if (s := stat_of(int(pid))) is None or s.is_gone}
            if not ended:
                if dead:
                    self.sweep_soon()
                return set(map(int, living))
            dead |= ended
        return None

    def sweep_soon(self) -> None:
        """Sweep once this turn of the loop is over."""
        if not self._due:
            self._due = True
            self._loop.call_soon(self.sweep)

    def sweep(self) -> int:
        """Reap the orphans that have ended; return how many."""
        self._due = False
        if self._closed:
            return 0
        lain, count = {}, 0
        for pid in map(int, (_children() or set()) - self._watched):
            stat = stat_of(pid)
            if stat is None or not stat.is_gone:
                continue
            key = (pid, stat.ticks)
            since = self._lain.get(key, self._loop.time())
            if self._is_orphan(stat) or self._loop.time() - since >= LAIN_S:
                reap(pid)
                count += 1
            else:
                lain[key] = since
        self._lain = lain
        return count

    def marker(self, stat: Stat) -> str | None:
        """Return what `stat`'s environment names as its run; read once for each process."""
        key = (stat.pid, stat.ticks)
        if key not in self._markers:
            if len(self._markers) >= MARKERS_MAX:
                self._markers.clear()
            self._markers[key] = marker_of(stat.pid)
        return self._markers[key]

    def close(self) -> None:
        """Stop sweeping."""
        self._closed = True
        self._timer.cancel()

    def _is_orphan(self, stat: Stat) -> bool:
        """Tell whether nobody else in Ghost can have started it: Popen's children exec."""
        if stat.session == os.getsid(0):
            return False
        return stat.session != stat.pid or bool(stat.flags & PF_FORKNOEXEC)

    def _beat(self) -> None:
        many = self.sweep() >= MANY
        self._every_s = max(SWEEP_MIN_S, min(self._every_s * (0.5 if many else 2), SWEEP_MAX_S))
        self._timer = self._loop.call_later(self._every_s, self._beat)


def _children() -> set[bytes] | None:
    """Return our children. Orphans come to the first thread of a subreaper, the main one.

    proc_pid_children may skip someone while children vanish; only the loop reaps ours.
    """
    pid = os.getpid()
    try:
        return set(RESERVE.use(lambda: _read(f"/proc/{pid}/task/{pid}/children")).split())
    except OSError:
        return None


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = b""
        while block := os.read(fd, 65536):
            text += block
        return text
    finally:
        os.close(fd)
