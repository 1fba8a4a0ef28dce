"""The desk: turns facts about daemons and all else into incidents, keeps them, and has them told.

What an incident becomes is decided in `core.incident`. The desk only listens, looks up the
last lines of the log, saves, and hands on. None of this is on the supervising path.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from ghostbot.bus import Bus, Feed, Turned
from ghostbot.core import incident as incidents
from ghostbot.core.daemon import Daemon
from ghostbot.core.incident import About, Incident, Subject, Told
from ghostbot.voice import Voice

Key = tuple[About, str, str]

TEST = Subject(About.GHOST, "Ghost")
SETTLE_S = 30.0  # after its start Ghost has told what ails itself


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
        subjects: Callable[[], Iterable[Subject]] = tuple,
    ) -> None:
        """Take the parts.

        `last_lines` reads the end of a daemon's log; `kept` holds what happened before the desk
        was there; `subjects` are the checks and tunnels that there are.
        """
        self._kept = kept
        self._bus = bus
        self._voice = voice
        self._store = store
        self._last_lines = last_lines
        self._daemons = daemons
        self._subjects = subjects
        self._current: dict[Key, Incident] = {}
        self._kept_one = asyncio.Event()  # set for a moment after each
        self._heard: set[Key] = set()  # what was told in this life of Ghost

    def current(self, daemon: str) -> Incident | None:
        """Return the newest incident of a daemon, over or not."""
        return self._current.get((About.DAEMON, daemon, ""))

    def by_id(self, number: int) -> Incident | None:
        """Return an incident that is the newest of its kind."""
        return next((i for i in self._current.values() if i.id == number), None)

    async def told(self, daemon: str, since: float) -> float | None:
        """Wait until people were told of a daemon's trouble at or after `since` (epoch).

        Return when; None at once where there is nobody to tell. Who asks sets the limit.
        """
        key = (About.DAEMON, daemon, "")
        return await self._voice.said(await self._changed(key, since), since)

    async def test(self) -> float | None:
        """Tell people of a trouble that is none, and that it is over; return as `told`."""
        since = time.time()
        told = Told(subject=TEST, cause="test", line="a test alert: all is well", at=since)
        self._bus.tell(told)
        at = await self._voice.said(await self._changed((*_whom(TEST), "test"), since), since)
        over = "the test alert was said" if at is not None else "nobody was there to be told"
        self._bus.tell(replace(told, line=None, note=over, at=time.time()))
        return at

    async def _changed(self, key: Key, since: float) -> Incident:
        """Wait until there is an incident of a key that changed at or after `since`."""
        while (found := self._current.get(key)) is None or found.changed_at < since:
            await self._kept_one.wait()
        return found

    async def run(self) -> None:
        """Follow for ever, beginning with what was open when Ghost last ended."""
        with self._bus.listen(self._kept) as feed:
            for incident in await self._store.open():
                self._current.setdefault(key_of(incident), incident)
            await self._catch_up_daemons()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(feed), name="incidents of daemons")
                tasks.create_task(self._hear(), name="incidents of all else")
                tasks.create_task(self._settle(), name="incidents of an earlier Ghost")

    async def _follow(self, feed: Feed) -> None:
        while True:
            if feed.lagged:
                feed.lagged = False
                await self._catch_up_daemons()
            await self._take(await feed.get())

    async def _hear(self) -> None:
        while True:
            for told in await self._bus.told():
                subject = told.subject
                key = (subject.about, subject.name, told.cause)
                self._heard.add(key)
                before = self._current.get(key)
                after = incidents.hear(before, told)
                if after is not None and after is not before:
                    await self._keep(after)

    async def _settle(self) -> None:
        """End what an earlier Ghost told of itself and this one has not, and what is no more."""
        left = [i for i in self._current.values() if not i.is_over]
        known = {(s.about, s.name) for s in self._subjects()}
        for incident in left:
            named = incident.about in (About.DAEMON, About.GHOST)
            if not named and (incident.about, incident.daemon) not in known:
                await self._keep(incidents.gone(incident, time.time(), "no longer in ghost.toml"))
        await asyncio.sleep(SETTLE_S)
        for incident in left:
            if incident.about is About.GHOST and key_of(incident) not in self._heard:
                await self._keep(incidents.gone(incident, time.time(), "Ghost was started anew"))

    async def _catch_up_daemons(self) -> None:
        """Bring the incidents of daemons to what is so now, after facts were lost."""
        for name, d in self._daemons().items():
            if incident := self.current(name):
                phase = incidents.phase_of(d)
                if phase and phase is not incident.phase and not incident.is_over:
                    at = time.time()
                    await self._keep(replace(incident, phase=phase, changed_at=at))

    async def _take(self, fact: Turned) -> None:
        before = self.current(fact.after.name)
        after = incidents.follow(before, fact.before, fact.after, fact.at)
        if after is None or after is before:
            return
        if incidents.is_death(fact.before, fact.after):
            after = replace(after, lines=await self._last_lines(after.daemon))
        await self._keep(after)

    async def _keep(self, incident: Incident) -> None:
        saved = await self._store.save(incident)
        self._current[key_of(saved)] = saved
        self._voice.alert(saved)
        self._kept_one.set()
        self._kept_one.clear()


def _whom(subject: Subject) -> tuple[About, str]:
    return subject.about, subject.name


def key_of(incident: Incident) -> Key:
    """Return what there is one incident of at a time."""
    return incident.about, incident.daemon, incident.key
