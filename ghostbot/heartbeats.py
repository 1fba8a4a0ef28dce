"""The beats, on APScheduler's clock: what Ghost says of itself at regular times."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

FIRST_S = 2.0  # after the start: what starts at once has started by then
HOUR_S = 3600.0
LATE_S = 30  # a beat later than this tells of another time, and is left out

log = logging.getLogger("ghost.beats")


@dataclass(frozen=True, slots=True)
class Beat:
    """What is done every so often. It may wait, as long as it ends before the next one."""

    name: str
    every_s: float
    do: Callable[[], Awaitable[None] | None]
    first_s: float = FIRST_S


class Heartbeats:
    """Beats every so often while `run` runs."""

    def __init__(self, *beats: Beat) -> None:
        """Take the beats."""
        self._beats = beats
        self._missed: deque[float] = deque(maxlen=100)  # when, monotonic

    def misfires(self) -> int:
        """Return how many beats were missed, or failed, within the last hour."""
        since = time.monotonic() - HOUR_S
        return sum(at > since for at in self._missed)

    async def run(self) -> None:
        """Beat until cancelled; without beats there is nothing to run."""
        if not self._beats:
            return
        scheduler = AsyncIOScheduler(timezone=UTC, event_loop=asyncio.get_running_loop())
        scheduler.add_listener(
            self._note, EVENT_JOB_MISSED | EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES
        )
        for beat in self._beats:
            scheduler.add_job(
                _in_loop,
                IntervalTrigger(seconds=beat.every_s, timezone=UTC),
                args=(beat,),
                id=beat.name,
                name=beat.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=LATE_S,
                next_run_time=datetime.now(UTC) + timedelta(seconds=beat.first_s),
            )
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    def _note(self, event: JobEvent) -> None:
        self._missed.append(time.monotonic())
        if event.code == EVENT_JOB_ERROR:
            log.error("%s failed", event.job_id, exc_info=event.exception)
        else:
            log.warning("%s missed", event.job_id)


async def _in_loop(beat: Beat) -> None:
    # APScheduler runs a plain function on a thread; a coroutine runs where Ghost does.
    done = beat.do()
    if done is not None:
        await done
