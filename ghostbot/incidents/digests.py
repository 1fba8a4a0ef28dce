"""The day before, told at digest time.

Rule 1: the time is a line of crontab(5) on the wall clock, read again at least every half minute.
Rule 2: a new Ghost tells the last digest again, so that the message it stands in keeps it.
Rule 3: what was missed by more than a day is of no interest any more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from importlib import import_module

from ghostbot.core.history import Digest

LOOK_S = 30.0
DAY = timedelta(days=1)
FIRST = timedelta(seconds=90)  # what is due each minute is due within

Due = Callable[[str, datetime], datetime]  # of a line of crontab(5), after an instant


class Digests:
    """Tells of the day before, once a day."""

    def __init__(
        self,
        line: str | None,
        digest: Callable[[float], Awaitable[Digest]],
        say: Callable[[Digest], None],
        *,
        now: Callable[[], float] = time.time,
        due: Due | None = None,
        zone: tzinfo | None = None,
    ) -> None:
        """Take the line of crontab(5) (None: never), who counts, who speaks, and whose clock."""
        self._line = line
        self._digest = digest
        self._say = say
        self._now = now
        self._due = due
        self._zone = zone
        self._told: float | None = None  # the last digest's instant
        self._known = (0.0, 0.0)  # within this span of the clock nothing new is due

    async def run(self) -> None:
        """Tell, for ever."""
        while True:
            if self._line is not None:
                await self._look(self._line)
            await asyncio.sleep(LOOK_S)

    async def _look(self, line: str) -> None:
        if self._due is None:  # the scheduler takes a while to import
            module = await asyncio.to_thread(import_module, "ghostbot.cron")
            self._due = partial(module.next_fire, zone=self._zone)
        now = self._now()
        if self._known[0] <= now < self._known[1]:
            return
        at, later = self._last(line, self._due, now)
        if at is not None and at != self._told:
            told = await self._digest(at)
            if told.up is not None:  # a Ghost that was not there yet has nothing to tell
                self._say(told)
            self._told = at
        self._known = (now if at is None else at, later)

    @staticmethod
    def _last(line: str, due: Due, at_s: float) -> tuple[float | None, float]:
        """Return the last instant of the day before at which the line was due, and the next.

        Looked for ever further back, as a line may be due each minute of the day.
        """
        now, span = datetime.fromtimestamp(at_s, UTC), FIRST
        while (at := due(line, now - span)) > now:
            if span == DAY:
                return None, at.timestamp()
            span = min(span * 2, DAY)
        while (later := due(line, at)) <= now:
            at = later
        return at.timestamp(), later.timestamp()
