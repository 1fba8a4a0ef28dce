"""What people do about troubles: each verb once, for Slack, HTTP and the command line.

Rule 1: what is done already is not done again: who asks for it reads who was first.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from ghostbot.core import attention
from ghostbot.core.incident import Hand, Incident, Person, noted
from ghostbot.core.why import span
from ghostbot.core.words import did_you_mean
from ghostbot.errors import Failed, NoSuch
from ghostbot.incidents.desk import ALL, Desk
from ghostbot.orders import Actor
from ghostbot.permit import Permit

LISTED = 50


class Silences(Protocol):
    """Where silences are kept (store/silences.py)."""

    async def put(self, name: str, hand: Hand) -> None:
        """Remember one."""

    async def drop(self, name: str) -> None:
        """Forget one."""

    async def all(self) -> dict[str, Hand]:
        """Return those that still hold."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it: `said` is a sentence for whoever asked; `did` whether it changed a thing.

    `incident` is the one that was meant; None where a name was.
    """

    did: bool
    said: str
    incident: Incident | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """The troubles, open ones first, and what is silenced by name."""

    incidents: tuple[Incident, ...]
    silences: dict[str, Hand]


class Care:
    """Acknowledges, silences and lists."""

    def __init__(
        self,
        desk: Desk,
        store: Silences,
        *,
        newest: Callable[[int], Awaitable[list[Incident]]],
        known: Callable[[], Collection[str]],
        permit: Permit | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the desk, where silences are kept, where incidents are, and what has a name.

        `known` holds families (`web` for web-1) and groups (`group:G`) as well.
        """
        self._desk = desk
        self._store = store
        self._newest = newest
        self._known = known
        self._now = now
        self._permit = permit or Permit()

    async def begin(self) -> None:
        """Take up the silences of an earlier Ghost."""
        self._desk.silences.update(await self._store.all())

    def names(self) -> tuple[str, ...]:
        """Return what troubles can be silenced by, but `all`."""
        return tuple(self._known())

    async def listed(self) -> Listed:
        """Return the troubles and the silences."""
        now = self._now()
        silences = {n: hand for n, hand in self._desk.silences.items() if hand.until > now}
        return Listed(tuple(await self._newest(LISTED)), silences)

    async def ack(self, number: int, by: Actor) -> Done:
        """Note that somebody has a trouble in hand. Raises NoSuch, and Failed where it is over."""

        async def work() -> Done:
            before = self._open(number, "acknowledge")
            self._permit(by, "ack", before.names)
            after = attention.acknowledge(before, person(by), self._now())
            if after is before:
                assert before.acked is not None, "it is not over"
                who = before.acked.by.name
                return Done(
                    did=False,
                    said=f"incident {number} was acknowledged already, by {who}",
                    incident=before,
                )
            kept = await self._desk.keep(after, before)
            return Done(did=True, said=f"incident {number} is acknowledged", incident=kept)

        return await self._desk.turn(work)

    async def silence_one(self, number: int, for_s: float, by: Actor) -> Done:
        """Silence one trouble for a while. Raises as `ack`."""

        async def work() -> Done:
            before, now = self._open(number, "silence"), self._now()
            self._permit(by, "silence", before.names)
            after = attention.silence(before, person(by), now, now + for_s)
            if after is before:
                assert before.silenced is not None, "it is not over"
                left, who = span(before.silenced.until - now), before.silenced.by.name
                said = f"incident {number} is silent already, for another {left}, by {who}"
                return Done(did=False, said=said, incident=before)
            kept = await self._desk.keep(after, before)
            return Done(
                did=True, said=f"incident {number} is silent for {span(for_s)}", incident=kept
            )

        return await self._desk.turn(work)

    async def silence(self, name: str, for_s: float | None, by: Actor) -> Done:
        """Silence all troubles of a name, or `all`, for a while; None: no longer. Raises NoSuch."""
        known = self._known()
        if name != ALL and name not in known:
            near = did_you_mean(name, known)
            raise NoSuch(f"cannot silence {name}: no such daemon, group or check{near}")
        self._permit(by, "silence", (name,))
        return await self._desk.turn(lambda: self._silence(name, for_s, by))

    async def _silence(self, name: str, for_s: float | None, by: Actor) -> Done:
        now, silences = self._now(), self._desk.silences
        meant = [i for i in self._desk.all() if not i.is_over and name in self._desk.words_of(i)]
        if for_s is None:
            did = silences.pop(name, None) is not None
            await self._store.drop(name)
            for before in meant:
                after = attention.unsilence(before, person(by), now)
                if after is not before:
                    await self._desk.keep(after, before)
                    did = True
            return Done(
                did=did, said=f"{name} is no longer silent" if did else f"{name} was not silent"
            )
        known = silences.get(name)
        if known is not None and attention.covers(known, now, now + for_s):
            left, who = span(known.until - now), known.by.name
            return Done(did=False, said=f"{name} is silent already, for another {left}, by {who}")
        silences[name] = Hand(person(by), now, now + for_s)
        await self._store.put(name, silences[name])
        for before in meant:
            after = attention.silence(before, person(by), now, now + for_s)
            if after is not before:
                await self._desk.keep(after, before)
        return Done(did=True, said=f"{name} is silent for {span(for_s)}; a page comes through")

    async def pressed(self, number: int, what: str, by: Actor) -> None:
        """Write into a trouble what somebody did about it; one that is over stays as it is."""

        async def work() -> None:
            before = self._desk.by_id(number)
            if before is not None and not before.is_over:
                await self._desk.keep(noted(before, what, self._now(), by=person(by)), before)

        await self._desk.turn(work)

    def _open(self, number: int, verb: str) -> Incident:
        found = self._desk.by_id(number)
        if found is None:
            raise NoSuch(f"cannot {verb} incident {number}: no such incident is open", "incident")
        if found.is_over:
            raise Failed(f"cannot {verb} incident {number}: it is over")
        return found


def person(actor: Actor) -> Person:
    """Return somebody as an incident remembers them."""
    return Person(actor.id, actor.name)
