"""Trends: counts what probes find, and how they did over an hour, a day and a week.

Rule 1: a look costs a line in memory; the store gets the sums once a minute.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from ghostbot.core.trend import Tally, Trend, begin_of, counted
from ghostbot.guards.rounds import Round
from ghostbot.probes.finding import Finding

EVERY_S = 60.0

Key = tuple[str, str]  # whom the probe looks at, and its label


class Store(Protocol):
    """Where tallies are kept (store/findings.py)."""

    async def add(self, tallies: Iterable[tuple[Key, Tally]], now: float) -> None:
        """Add these."""

    async def trends(self, keys: Iterable[Key], now: float) -> dict[Key, dict[str, Trend]]:
        """Return how these probes did."""

    async def slowest(self, since: float) -> tuple[Key, float] | None:
        """Return the probe that took longest on average, and its seconds."""


class Trends:
    """What the probes of this Ghost found, and those before it."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        """Take the store, and a clock of epoch seconds."""
        self._store = store
        self._now = now
        self._tallies: dict[tuple[Key, int], Tally] = {}  # not yet in the store

    def note(self, one: Round, finding: Finding) -> None:
        """Count a look. Called by selfcheck after each."""
        begin = begin_of(self._now())
        place = ((one.subject, one.table.label), begin)
        tally = self._tallies.get(place) or Tally(begin)
        self._tallies[place] = counted(tally, finding.ok, finding.took_s)

    async def run(self) -> None:
        """Hand over what was counted, once a minute."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Hand over what was counted so far."""
        if not self._tallies:
            return
        held, self._tallies = self._tallies, {}
        await self._store.add([(key, tally) for (key, _), tally in held.items()], self._now())

    async def slowest(self, within_s: float) -> tuple[str, float] | None:
        """Return the probe that took longest on average of late, and its seconds."""
        await self.flush()
        found = await self._store.slowest(self._now() - within_s)
        return None if found is None else (" ".join(found[0]), found[1])

    async def of(self, keys: Iterable[Key]) -> dict[Key, dict[str, Trend]]:
        """Return how these probes did up to now, by name of the span (`1h`, `24h`, `7d`)."""
        await self.flush()
        return await self._store.trends(keys, self._now())
