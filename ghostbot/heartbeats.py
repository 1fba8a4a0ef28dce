"""The beats, on APScheduler's clock: what Ghost says of itself at regular times."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

FIRST_S = 2.0  # after the start: what starts at once has started by then
HOUR_S = 3600.0
LATE_S = 30  # a beat later than this tells of another time, and is left out

log = logging.getLogger("ghost.beats")


class Heartbeats:
    """Beats every so often while `run` runs."""

    def __init__(
        self, *, every_s: float | None, beat: Callable[[], None], first_s: float = FIRST_S
    ) -> None:
        """Take how often (None: never), and what a beat does; it must not wait."""
        self._every_s = every_s
        self._beat = beat
        self._first_s = first_s
        self._missed: deque[float] = deque(maxlen=100)  # when, monotonic

    def misfires(self) -> int:
        """Return how many beats were missed, or failed, within the last hour."""
        since = time.monotonic() - HOUR_S
        return sum(at > since for at in self._missed)

    async def run(self) -> None:
        """Beat until cancelled; without beats there is nothing to run."""
        if self._every_s is None:
            return
        scheduler = AsyncIOScheduler(timezone=UTC, event_loop=asyncio.get_running_loop())
        scheduler.add_listener(self._note, EVENT_JOB_MISSED | EVENT_JOB_ERROR)
        scheduler.add_job(
            self._in_loop,
            IntervalTrigger(seconds=self._every_s, timezone=UTC),
            name="beat",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=LATE_S,
            next_run_time=datetime.now(UTC) + timedelta(seconds=self._first_s),
        )
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    def _note(self, event: JobExecutionEvent) -> None:
        self._missed.append(time.monotonic())
        if event.code == EVENT_JOB_ERROR:
            log.error("beat failed", exc_info=event.exception)
        else:
            due = event.scheduled_run_time.isoformat(timespec="seconds")
            log.warning("beat missed due=%s", due)

    async def _in_loop(self) -> None:
        # APScheduler runs a plain function on a thread; a coroutine runs where Ghost does.
        self._beat()
