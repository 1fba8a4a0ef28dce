"""Sentinel's slow look: who runs with other settings than ghost.toml has now, and who runs twice.

Rule 1: nothing is ended for it. It is told, with the way out, for as long as it is so.
Rule 2: one look serves all, once a minute, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from ghostbot.config.model import DaemonTable
from ghostbot.core.daemon import Proc, State
from ghostbot.guards.watchdog import Watchdog
from ghostbot.process import drift

EVERY_S = 60.0
FIRST_S = 5.0

Settled = Callable[[DaemonTable], DaemonTable]


class Drift:
    """Looks at what runs, and beside it."""

    def __init__(
        self,
        dogs: Mapping[str, Watchdog],
        prefix: str,
        teller: Callable[[str], Callable[[str | None], None]],
        settled: Settled = lambda table: table,
    ) -> None:
        """Take the watchdogs by name, how our markers begin, who tells a trouble of a name, and
        what makes of a table what would be started now."""
        self._dogs = dogs
        self._prefix = prefix
        self._teller = teller
        self._settled = settled
        self._told: set[str] = set()
        self.found: dict[str, tuple[str, ...]] = {}  # by daemon, in words

    async def run(self) -> None:
        """Look for ever."""
        await asyncio.sleep(FIRST_S)
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once, and tell what is new and what is over."""
        running = {
            name: (self._settled(dog.table), dog.daemon.proc)
            for name, dog in self._dogs.items()
            if dog.daemon.proc is not None and dog.daemon.state is State.UP
        }
        tables = [dog.table for dog in self._dogs.values()]
        known = [proc.pid for _, proc in running.values() if proc is not None]
        self.found = await asyncio.to_thread(_look, running, tables, self._prefix, known)
        for name in self._told - self.found.keys():
            self._teller(f"drift {name}")(None)
        for name, said in self.found.items():
            self._teller(f"drift {name}")("; ".join(said))
        self._told = set(self.found)


def _look(
    running: Mapping[str, tuple[DaemonTable, Proc | None]],
    tables: list[DaemonTable],
    prefix: str,
    known: list[int],
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, (table, proc) in running.items():
        if proc is not None and (said := drift.drift(table, proc)):
            way_out = f"restart {name} to have it so"
            found[name] = (f"{name} is not as ghost.toml has it: {', '.join(said)}; {way_out}",)
        if proc is not None and drift.is_stopped(proc):
            stopped = (
                f"{name} was stopped by a signal and does nothing: `kill -CONT {proc.pid}` wakes "
                f"it, `ghost restart {name}` starts it anew"
            )
            found[name] = (*found.get(name, ()), stopped)
    for copy in drift.copies(tables, prefix, known):
        said_so = (
            f"a second {copy.daemon} runs that Ghost did not start: pid {copy.proc.pid}, "
            f"{copy.command}; end it, or take it out of whatever starts it"
        )
        found[copy.daemon] = (*found.get(copy.daemon, ()), said_so)
    return found
