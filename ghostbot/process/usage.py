"""What daemons use: CPU and memory of each whole tree, from one look at all processes.

Rule 1: one look serves all daemons, in a thread, every `EVERY_S`: a look for each daemon is what
        made other supervisors eat cores.
Rule 2: what cannot be measured is absent, never 0. Only Linux tells so cheaply.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ghostbot.core.snapshot import Measure

EVERY_S = 15.0
FIRST_S = 1.0  # a new Ghost shows numbers soon


@dataclass(frozen=True, slots=True)
class Use:
    """What one process has used: CPU in clock ticks since its start, memory in bytes."""

    pid: int
    ppid: int
    session: int
    ticks: int
    rss_bytes: int


class Usage:
    """Measures the trees that daemons lead. `leaders` gives pid by daemon."""

    def __init__(self, leaders: Callable[[], Mapping[str, int]]) -> None:
        """Begin with nothing measured."""
        self._leaders = leaders
        self._last: dict[int, int] = {}  # CPU ticks by pid, at the last look
        self._at: float | None = None
        self._measures: dict[str, Measure] = {}
        self.taken: Callable[[], None] = lambda: None  # called after each look

    def measures(self) -> Mapping[str, Measure]:
        """Return what was last measured, by daemon."""
        return self._measures

    async def run(self) -> None:
        """Look, for ever."""
        pause_s = FIRST_S
        while True:
            leaders = dict(self._leaders())
            uses = await asyncio.to_thread(lambda: {use.pid: use for use in look()})
            self.take(leaders, uses, time.monotonic())
            self.taken()
            await asyncio.sleep(pause_s)
            pause_s = EVERY_S

    def take(self, leaders: Mapping[str, int], uses: Mapping[int, Use], now: float) -> None:
        """Turn a look at `now` into measures. CPU is what was used since the look before."""
        elapsed_s = now - self._at if self._at is not None else None
        tick_s = 1 / os.sysconf("SC_CLK_TCK")
        children: dict[int, list[int]] = {}
        for use in uses.values():
            children.setdefault(use.ppid, []).append(use.pid)
        self._measures = {}
        for name, pid in leaders.items():
            tree = [uses[member] for member in _tree(pid, uses, children)]
            if not tree:
                continue
            used = sum(use.ticks - self._last.get(use.pid, use.ticks) for use in tree)
            percent = 100 * used * tick_s / elapsed_s if elapsed_s else 0.0
            rss = sum(use.rss_bytes for use in tree)
            self._measures[name] = Measure(cpu_percent=round(percent, 1), rss_bytes=rss)
        self._last = {use.pid: use.ticks for use in uses.values()}
        self._at = now


def _tree(pid: int, uses: Mapping[int, Use], children: Mapping[int, list[int]]) -> set[int]:
    """Return the pids of the session that `pid` leads, and of all their descendants."""
    found: set[int] = set()
    todo = [use.pid for use in uses.values() if pid in (use.session, use.pid)]
    while todo:
        member = todo.pop()
        if member not in found:
            found.add(member)
            todo.extend(children.get(member, ()))
    return found


def look() -> Iterable[Use]:
    """Return what every process has used; nothing where there is no proc(5)."""
    page = os.sysconf("SC_PAGE_SIZE")
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):  # it has gone meanwhile
            line = path.read_bytes()
            rest = line[line.rfind(b")") + 2 :].split()  # proc(5): field 3 and on
            ticks = int(rest[11]) + int(rest[12])  # fields 14 and 15: user and system
            pid, ppid, session = int(path.parent.name), int(rest[1]), int(rest[3])
            yield Use(pid, ppid, session, ticks, int(rest[21]) * page)
