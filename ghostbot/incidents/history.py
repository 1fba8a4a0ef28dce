"""History: counts, hour by hour, how long each daemon was up of the time that it was wanted.

Rule 1: it listens, and holds nobody up; the store gets the sums once a minute.
Rule 2: time in which no Ghost looked is counted for nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from ghostbot.bus import Bus, Turned
from ghostbot.core import history
from ghostbot.core.daemon import Daemon, Drilled, State, Wanted
from ghostbot.core.history import Digest, Hour
from ghostbot.core.incident import is_death
from ghostbot.core.restart import Kind

EVERY_S = 60.0
DAY_S = 86_400.0


class Store(Protocol):
    """Where hours are kept (store/history.py)."""

    async def add(self, hours: Iterable[tuple[str, Hour]], now: float) -> None:
        """Add these."""

    async def between(self, since: float, until: float) -> dict[str, list[Hour]]:
        """Return the hours that begin within."""


class History:
    """Keeps the hours of all daemons."""

    def __init__(
        self,
        bus: Bus,
        daemons: Callable[[], Mapping[str, Daemon]],
        store: Store,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take what tells of turns, what is so now, the store, and a clock of epoch seconds."""
        self._bus = bus
        self._daemons = daemons
        self._store = store
        self._now = now
        self._hours: dict[tuple[str, int], Hour] = {}  # not yet in the store
        self._since: dict[str, tuple[float, bool, bool]] = {}  # when, wanted, up

    async def run(self) -> None:
        """Count for ever."""
        with self._bus.listen(name="history") as feed:
            self._since.clear()
            self._look()
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):
                        while True:
                            self._take(await feed.get())
                feed.lagged = False
                self._look()
                await self.flush()

    async def flush(self) -> None:
        """Hand over what was counted so far."""
        if self._hours:
            held, self._hours = self._hours, {}
            await self._store.add(((name, hour) for (name, _), hour in held.items()), self._now())

    async def digest(self, until: float, slowest: tuple[str, float] | None = None) -> Digest:
        """Return the day before `until` (epoch)."""
        self._look()
        await self.flush()
        found = await self._store.between(until - DAY_S - history.HOUR_S, until)
        return history.digest(self._daemons(), found, until, slowest)

    def _look(self) -> None:
        """Count the time that has passed for all."""
        daemons = self._daemons()
        for name in self._since.keys() - daemons.keys():
            del self._since[name]
        for d in daemons.values():
            self._pass(d)

    def _take(self, fact: Turned) -> None:
        self._pass(fact.after)
        drill = isinstance(fact.event, Drilled)
        death = is_death(fact.before, fact.after) and not fact.after.drilled
        restarted = max(0, fact.after.restarts - fact.before.restarts)
        if drill or death or restarted:
            key = (fact.after.name, history.begin_of(self._now()))
            hour = self._hours.get(key) or Hour(key[1])
            self._hours[key] = replace(
                hour,
                deaths=hour.deaths + death,
                restarts=hour.restarts + restarted,
                drills=hour.drills + drill,
            )

    def _pass(self, d: Daemon) -> None:
        """Count the time since a daemon was last looked at, as it was then; note how it is now."""
        now = self._now()
        since, wanted, up = self._since.get(d.name, (now, False, False))
        service = d.policy.kind is not Kind.ONESHOT
        self._since[d.name] = now, service and d.wanted is Wanted.UP, d.state is State.UP
        while since < now:
            begin = history.begin_of(since)
            end = min(now, begin + history.HOUR_S)
            key = (d.name, begin)
            hour = self._hours.get(key) or Hour(begin)
            self._hours[key] = history.passed(hour, end - since, wanted=wanted, up=up)
            since = end
