"""Lifecycle's timetable: what `schedule` and `drill` say, at the times of crontab(5).

Rule 1: the wall clock is followed: it is read again at least every half minute, so that neither a
        clock that is set nor one that sleeps makes anything come early, late, or twice.
Rule 2: what was missed, as Ghost or the machine was not there, is left out and said.
Rule 3: a scheduled start is no person's: it opens no breaker, and touches nothing that a person
        stopped or holds, or that still runs from the last time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from importlib import import_module

from ghostbot.core.daemon import Daemon, Renew, Start, State, Wanted
from ghostbot.core.restart import Kind
from ghostbot.guards.watchdog import Watchdog

LOOK_S = 30.0  # at most, between two looks at the clock
LATE = timedelta(seconds=60)  # what comes later than this is of another time
# A clock that is set back by more was wrong before, as cron(8) has it: what it had made due then
# would leave all out until it has caught up.
SET_BACK = timedelta(hours=3)

Due = Callable[[str, datetime], datetime]  # of a line of crontab(5), after an instant

log = logging.getLogger("ghost.timetable")


def now_utc() -> datetime:
    """Return the wall clock's time."""
    return datetime.now(UTC)


class Timetable:
    """Starts, restarts and drills daemons when it is time."""

    def __init__(
        self,
        dogs: Mapping[str, Watchdog],
        drill: Callable[[str], None],
        *,
        now: Callable[[], datetime] = now_utc,
        due: Due | None = None,
        zone: tzinfo | None = None,
    ) -> None:
        """Take the watchdogs by name, what begins a drill of one of them, and whose clock."""
        self._dogs = dogs
        self._drill = drill
        self._now = now
        self._due = due
        self._zone = zone
        self._next: dict[tuple[str, str, str], datetime] = {}  # daemon, key, line: when
        self._looked_at: datetime | None = None
        self._changed = asyncio.Event()

    def rewire(self) -> None:
        """Go by the tables as they are now."""
        self._changed.set()

    async def run(self) -> None:
        """Wait for the next that is due, for ever."""
        while True:
            self._changed.clear()
            lines = self._lines()
            if lines and self._due is None:  # the scheduler takes a while to import
                module = await asyncio.to_thread(import_module, "ghostbot.cron")
                self._due = partial(module.next_fire, zone=self._zone)
            wait_s = self._look(lines) if lines else None
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _lines(self) -> list[tuple[str, str, str]]:
        said = [
            (name, key, getattr(dog.table, key))
            for name, dog in self._dogs.items()
            for key in ("schedule", "drill")
        ]
        return [(name, key, line) for name, key, line in said if line is not None]

    def _look(self, lines: list[tuple[str, str, str]]) -> float:
        """Do what is due; return the seconds until the next look."""
        assert self._due is not None, "it was imported"
        now = self._now()
        if self._looked_at is not None and now < self._looked_at - SET_BACK:
            log.warning("the clock was set back from=%s to=%s", self._looked_at, now)
            self._next.clear()
        self._looked_at = now
        for place in lines:
            at = self._next.get(place)
            if at is not None and at <= now:
                self._come(place, late=now - at)
                at = None
            self._next[place] = at or self._due(place[2], now)
        self._next = {place: self._next[place] for place in lines}
        left = min(self._next.values()) - now
        return min(LOOK_S, max(0.001, left.total_seconds()))

    def _come(self, place: tuple[str, str, str], late: timedelta) -> None:
        name, key, line = place
        if late > LATE:
            log.warning("missed %s=%r daemon=%s late_s=%.0f", key, line, name, late.total_seconds())
        elif key == "drill":
            self._drill(name)
        else:
            self._begin(self._dogs[name], line)

    def _begin(self, dog: Watchdog, line: str) -> None:
        d = dog.daemon
        if why := _not_now(d):
            log.warning("left out schedule=%r daemon=%s: %s", line, d.name, why)
        elif d.policy.kind is Kind.ONESHOT:
            log.info("schedule=%r starts daemon=%s", line, d.name)
            dog.post(Start())
        else:
            dog.post(Renew(f"its schedule, {line}"))


def _not_now(d: Daemon) -> str | None:
    """Say why a daemon is left alone at its time; None: it is not."""
    if d.stopped:
        return "a person stopped it"
    if d.wanted is Wanted.HELD:
        return "a person holds it"
    if d.state in (State.BLOCKED, State.BACKOFF, State.WAITING):
        return f"it is in {d.state.value}, and is started in its own time"
    if d.policy.kind is Kind.ONESHOT:
        return "it still runs" if d.is_alive else None
    return None if d.is_alive else "it does not run"
