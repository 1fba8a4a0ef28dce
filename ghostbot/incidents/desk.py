"""The desk: turns facts about daemons into incidents, keeps them, and has them told.

What an incident becomes is decided in `core.incident`. The desk only listens, looks up the
last lines of the log, saves, and hands on. None of this is on the supervising path.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol

from ghostbot.bus import Bus, Feed, Turned
from ghostbot.core import incident as incidents
from ghostbot.core.daemon import Daemon
from ghostbot.core.incident import Incident
from ghostbot.voice import Voice


class Incidents(Protocol):
    """Where incidents are kept (store/incidents.py)."""

    async def save(self, incident: Incident) -> Incident:
        """Keep it, and return it with its id."""

    async def open(self) -> list[Incident]:
        """Return those that are not over, or were not long ago."""


class Desk:
    """Follows every trouble from its first death to its end."""

    def __init__(
        self,
        bus: Bus,
        voice: Voice,
        store: Incidents,
        *,
        last_lines: Callable[[str], Awaitable[tuple[str, ...]]],
        daemons: Callable[[], Mapping[str, Daemon]],
        kept: Feed | None = None,
    ) -> None:
        """Take the parts.

        `last_lines` reads the end of a daemon's log; `kept` holds what happened before the desk
        was there.
        """
        self._kept = kept
        self._bus = bus
        self._voice = voice
        self._store = store
        self._last_lines = last_lines
        self._daemons = daemons
        self._current: dict[str, Incident] = {}

    def current(self, daemon: str) -> Incident | None:
        """Return the newest incident of a daemon, over or not."""
        return self._current.get(daemon)

    def by_id(self, number: int) -> Incident | None:
        """Return an incident that is the newest of its daemon."""
        return next((i for i in self._current.values() if i.id == number), None)

    async def run(self) -> None:
        """Follow for ever, beginning with what was open when Ghost last ended."""
        with self._bus.listen(self._kept) as feed:
            for incident in await self._store.open():
                self._current.setdefault(incident.daemon, incident)
            await self._catch_up()
            while True:
                if feed.lagged:
                    feed.lagged = False
                    await self._catch_up()
                await self._take(await feed.get())

    async def _catch_up(self) -> None:
        """Bring open incidents to what is so now, after facts were lost."""
        for name, d in self._daemons().items():
            if incident := self._current.get(name):
                phase = incidents.phase_of(d)
                if phase and phase is not incident.phase and not incident.is_over:
                    at = time.time()
                    await self._keep(replace(incident, phase=phase, changed_at=at))

    async def _take(self, fact: Turned) -> None:
        before = self._current.get(fact.after.name)
        after = incidents.follow(before, fact.before, fact.after, fact.at)
        if after is None or after is before:
            return
        if incidents.is_death(fact.before, fact.after):
            after = replace(after, lines=await self._last_lines(after.daemon))
        await self._keep(after)

    async def _keep(self, incident: Incident) -> None:
        saved = await self._store.save(incident)
        self._current[saved.daemon] = saved
        self._voice.alert(saved)
