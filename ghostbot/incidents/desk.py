"""The desk: turns facts about daemons and all else into incidents, keeps them, and has them told.

Rule 1: what an incident becomes is decided in `core.incident`, `core.together` and
        `core.attention`. The desk only listens, looks up what these need, saves, and hands on.
Rule 2: an incident is changed in the desk's turns alone, one after the other: facts, the time and
        people all wait for theirs.
Rule 3: none of this is on the supervising path.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from ghostbot.bus import Bus, Feed, Turned
from ghostbot.core import attention, together
from ghostbot.core import incident as incidents
from ghostbot.core.daemon import Daemon
from ghostbot.core.incident import About, Hand, Incident, Subject, Told
from ghostbot.errors import Failed, GhostError
from ghostbot.incidents.lately import Lately
from ghostbot.voice import Voice

T = TypeVar("T")
Key = tuple[About, str, str]
Turn = tuple[Callable[[], Awaitable[Any]], "asyncio.Future[Any]"]

TEST = Subject(About.GHOST, "Ghost")
TEST_CAUSE = "test"
SETTLE_S = 30.0  # after its start Ghost has told what ails itself
LOOK_S = 30.0  # at the clock, which may be set
MINUTE_S = 60.0  # a time of quiet ends with one, and without telling
LEAST_S = 0.1  # between two looks at the clock
MISSED_MAX = 200  # troubles of a time of quiet that are told; more are counted
ALL = "all"


class Incidents(Protocol):
    """Where incidents are kept (store/incidents.py)."""

    async def save(self, incident: Incident) -> Incident:
        """Keep it, and return it with its id."""

    async def open(self) -> list[Incident]:
        """Return those that are not over, or were not long ago."""

    async def untold(self) -> list[Incident]:
        """Return those of the last day that are over and were told to nobody, oldest first."""


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
        after: Callable[[], Mapping[str, Collection[str]]] = dict,
        is_quiet: Callable[[float], bool] = lambda _: False,
        within: Callable[[str], Collection[str]] = lambda _: (),
        patched: Callable[[str], Awaitable[str]] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the parts.

        `last_lines` reads the end of a daemon's log; `kept` holds what happened before the desk
        was there; `subjects` are the checks and tunnels that there are; `after` says who comes
        after whom; `is_quiet` tells whether people want quiet at an instant of `now`'s; `within`
        names the family and the group of a daemon, as a silence may; `patched` returns the id of
        a patch that was lately applied where something's program stands, or nothing.
        """
        self._kept, self._bus, self._voice, self._store = kept, bus, voice, store
        self._last_lines = last_lines
        self._daemons = daemons
        self._subjects = subjects
        self._after = after
        self._is_quiet = is_quiet
        self._within = within
        self._patched = patched
        self._now = now
        self._current: dict[Key, Incident] = {}
        self._kept_one = asyncio.Event()  # set for a moment after each, and a reload
        self._heard: set[Key] = set()  # what was told in this life of Ghost
        self._turns: asyncio.Queue[Turn] = asyncio.Queue()  # each waits for its own: few at a time
        self._lately = Lately()
        self._missed: dict[int, Incident] = {}  # over, kept back by quiet alone
        self.silences: dict[str, Hand] = {}  # by name, or `all`; `incidents.care` keeps them

    def current(self, daemon: str) -> Incident | None:
        """Return the newest incident of a daemon, over or not."""
        return self._current.get((About.DAEMON, daemon, ""))

    def by_id(self, number: int) -> Incident | None:
        """Return an incident that is the newest of its kind."""
        return next((i for i in self._current.values() if i.id == number), None)

    def all(self) -> list[Incident]:
        """Return the newest incident of each kind, the newest of all first."""
        found = {incident.id: incident for incident in self._current.values()}
        return sorted(found.values(), key=lambda incident: -incident.id)

    def words_of(self, incident: Incident) -> set[str]:
        """Return the names under which it may be silenced: its own, families, groups, `all`."""
        return {ALL, *(w for one in incident.names for w in (one, *self._within(one)))}

    def reloaded(self) -> None:
        """Remember that ghost.toml was read again: it may be why something dies, or quiet ends."""
        self._lately.reloaded(self._now())
        self._wake()

    async def told(self, daemon: str, since: float) -> float | None:
        """Wait until people were told of a daemon's trouble at or after `since` (epoch).

        Return when; None at once where there is nobody to tell, or people want quiet. Who asks
        sets the limit.
        """
        key = (About.DAEMON, daemon, "")
        found = await self._changed(key, since)
        while not found.told and found.hold_until is not None:  # a crowd, which is told of soon
            await self._kept_one.wait()
            found = self._current.get(key, found)
        return await self._voice.said(found, since) if found.told else None

    async def test(self) -> float | None:
        """Tell people of a trouble that is none, and that it is over; return as `told`."""
        since = time.time()
        told = Told(subject=TEST, cause=TEST_CAUSE, line="a test alert: all is well", at=since)
        self._bus.tell(told)
        found = await self._changed((TEST.about, TEST.name, TEST_CAUSE), since)
        at = await self._voice.said(found, since)
        over = "the test alert was said" if at is not None else "nobody was there to be told"
        self._bus.tell(replace(told, line=None, note=over, at=time.time()))
        return at

    async def _changed(self, key: Key, since: float) -> Incident:
        """Wait until there is an incident of a key that changed at or after `since`."""
        while (found := self._current.get(key)) is None or found.changed_at < since:
            await self._kept_one.wait()
        return found

    async def turn(self, work: Callable[[], Awaitable[T]]) -> T:
        """Have something done in a turn of the desk's, and return what came of it."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._turns.put_nowait((work, done))
        return await done

    async def run(self) -> None:
        """Follow for ever, beginning with what was open when Ghost last ended."""
        with self._bus.listen(self._kept) as feed:
            for incident in await self._store.open():
                for key in () if incident.into else keys_of(incident):
                    self._current.setdefault(key, incident)
            for over in await self._store.untold():
                self._miss(over)
            await self._catch_up_daemons()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._take_turns(), name="turns of incidents")
                tasks.create_task(self._follow(feed), name="incidents of daemons")
                tasks.create_task(self._hear(), name="incidents of all else")
                tasks.create_task(self._settle(), name="incidents of an earlier Ghost")
                tasks.create_task(self._watch_time(), name="incidents and time")

    async def _take_turns(self) -> None:
        while True:
            work, done = await self._turns.get()
            if done.cancelled():  # whoever asked went away before it began
                continue
            try:
                came = await work()
                if not done.done():  # whoever asked may have gone away
                    done.set_result(came)
            except GhostError as error:
                if not done.done():
                    done.set_exception(error)
            finally:
                if not done.done():
                    words = "cannot change incidents: their desk failed; see ghost.log"
                    done.set_exception(Failed(words))

    async def _follow(self, feed: Feed) -> None:
        while True:
            if feed.lagged:
                feed.lagged = False
                await self.turn(self._catch_up_daemons)
            fact = await feed.get()
            await self.turn(lambda fact=fact: self._take(fact))  # type: ignore[misc]

    async def _hear(self) -> None:
        while True:
            for told in await self._bus.told():
                await self.turn(lambda told=told: self._note(told))  # type: ignore[misc]

    async def _note(self, told: Told) -> None:
        key = (told.subject.about, told.subject.name, told.cause)
        self._heard.add(key)
        before = self._current.get(key)
        after = incidents.hear(before, told)
        if after is not None and after is not before:
            await self.keep(after, before)

    async def _settle(self) -> None:
        """End what an earlier Ghost told of itself and this one has not, and what is no more."""
        left = [key for key, i in self._current.items() if not i.is_over]
        known = {(s.about, s.name) for s in self._subjects()}
        for key in left:
            if key[0] not in (About.DAEMON, About.GHOST) and key[:2] not in known:
                await self.turn(lambda key=key: self._end(key, "no longer in ghost.toml"))  # type: ignore[misc]
        await asyncio.sleep(SETTLE_S)
        for key in left:
            if key[0] is About.GHOST and key not in self._heard:
                await self.turn(lambda key=key: self._end(key, "Ghost was started anew"))  # type: ignore[misc]

    async def _end(self, key: Key, why: str) -> None:
        incident = self._current[key]
        if not incident.is_over:
            await self.keep(incidents.gone(incident, self._now(), why), incident)

    async def _watch_time(self) -> None:
        """Let time end what has an end, and remind people."""
        while True:
            wait_s = self._wait_s(self._now())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._kept_one.wait()
            if wait_s is not None:
                await self.turn(self._attend)

    def _wait_s(self, now: float) -> float | None:
        left = [i for i in self._current.values() if not i.is_over or attention.waits(i)]
        if not left and not self._missed:
            return None
        quiet = self._is_quiet(now)
        if self._missed and not quiet:
            return LEAST_S
        due = [at for i in left if (at := attention.next_at(i, quiet=quiet)) is not None]
        due += [now - now % MINUTE_S + MINUTE_S] if quiet else []
        return min(LOOK_S, max(LEAST_S, min(due, default=now + LOOK_S) - now))

    async def _attend(self) -> None:
        now = self._now()
        quiet = self._is_quiet(now)
        if self._missed and not quiet:
            await self._tell_missed()
        for before in self.all():
            after = attention.lapsed(before, now, quiet=quiet)
            waits = attention.waits(after)
            if after.hold_until is not None and after.hold_until <= now:
                after = replace(after, hold_until=None)
            tells = waits and not attention.is_muted(after, now, quiet=quiet)
            if after is not before or tells:
                await self.keep(after, before)

    async def _tell_missed(self) -> None:
        """Say once what came and went while people wanted quiet."""
        missed, self._missed = list(self._missed.values()), {}
        self._voice.missed(missed[-MISSED_MAX:], more=max(0, len(missed) - MISSED_MAX))
        for one in missed:
            saved = await self._store.save(replace(one, told=True))
            for key in keys_of(saved):
                if self._current.get(key) == one:
                    self._current[key] = saved

    def _miss(self, incident: Incident) -> None:
        """Remember what is over and nobody was told of, unless somebody wanted it silent."""
        self._missed.pop(incident.id, None)
        kept_back = incident.is_over and not (incident.told or incident.into)
        if kept_back and incident.silenced is None and not attention.waits(incident):
            self._missed[incident.id] = incident

    async def _catch_up_daemons(self) -> None:
        """Bring the incidents of daemons to what is so now, after facts were lost."""
        daemons = self._daemons()
        for before in self.all():
            if before.about is About.DAEMON:
                after = incidents.caught_up(before, daemons, self._now())
                if after is not before:
                    await self.keep(after, before)

    async def _take(self, fact: Turned) -> None:
        name = fact.after.name
        before = self.current(name)
        after = incidents.follow(before, fact.before, fact.after, fact.at)
        if after is not None and after is not before:
            if incidents.is_death(fact.before, fact.after):
                after = await self._died(after, name, fact.at)
            await self.keep(after, before if before and before.id == after.id else None)
        self._lately.note(fact)

    async def _died(self, incident: Incident, name: str, at: float) -> Incident:
        """Return the incident with what is looked up at a death, and with whom it belongs to."""
        after = self._after()
        if incident.daemon == name:
            incident = replace(incident, lines=await self._last_lines(name))
            said = self._lately.said(name, after.get(name, ()), at)
            incident = replace(incident, changed=said or incident.changed)
        if incident.id:
            return incident
        joined = together.join(incident, self.all(), after, at)
        for gone in joined.gone:
            await self.keep(gone, None)
        return joined.incident

    async def keep(self, after: Incident, before: Incident | None) -> Incident:
        """Save an incident as it is now, and have it told, if it is to be told. In a turn alone."""
        now = self._now()
        if after.id == 0:
            hands = [self.silences[w] for w in self.words_of(after) if w in self.silences]
            last = max(hands, key=lambda hand: hand.until, default=None)
            after = replace(after, silenced=last if last and last.until > now else None)
        if self._patched is not None and after.deaths > (before.deaths if before else 0):
            after = replace(after, patch=await self._patched(after.daemon) or after.patch)
        after = attention.stirred(before, after, after.changed_at)
        is_test = after.about is About.GHOST and after.key == TEST_CAUSE
        if is_test or not attention.is_muted(after, now, quiet=self._is_quiet(now)):
            after = replace(after, told=True)
        saved = await self._store.save(after)
        for key in keys_of(saved):
            known = self._current.get(key)
            if known is None or known.id <= saved.id or known.into == saved.id:
                self._current[key] = saved
        if saved.told:
            self._voice.alert(saved)
        self._miss(saved)
        self._wake()
        return saved

    def _wake(self) -> None:
        self._kept_one.set()
        self._kept_one.clear()


def keys_of(incident: Incident) -> tuple[Key, ...]:
    """Return what there is one incident of at a time."""
    return tuple((incident.about, name, incident.key) for name in incident.names)
