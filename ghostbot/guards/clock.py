"""The clock: sees that the machine slept, or Ghost itself did, so that nobody is blamed for it.

Rule 1: every deadline is monotonic, and that clock stands still while the machine sleeps: nothing
        fires for it. A Ghost that was stopped (SIGSTOP) finds many things due at once.
Rule 2: what is starting gets its whole time again; the network and disks it needs wake up too.
Rule 3: it is said once, and for a while.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from ghostbot.core.daemon import Resumed
from ghostbot.guards.watchdog import Watchdog

LOOK_S = 1.0
JUMP_S = 10.0  # less is a clock that is set right
TOLD_FOR_S = 60.0
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400

log = logging.getLogger("ghost.clock")


def slept_s() -> float:
    """Return for how long the machine has slept since some moment; only differences count.

    Where no clock tells, the wall clock stands in, which people may set forward.
    """
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    if boottime is None:
        return time.time() - time.monotonic()
    return time.clock_gettime(boottime) - time.clock_gettime(time.CLOCK_MONOTONIC)


class Clock:
    """Looks for sleep, once a second."""

    def __init__(
        self,
        dogs: Mapping[str, Watchdog],
        tell: Callable[[str | None], None],
        *,
        slept: Callable[[], float] = slept_s,
        resumed: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the watchdogs by name, what tells people, and who else hears of it."""
        self._resumed = resumed
        self._dogs = dogs
        self._tell = tell
        self._slept = slept
        self._told: asyncio.TimerHandle | None = None
        self.jumped: tuple[float, float] | None = None  # how far it slept last, and when it woke

    async def run(self) -> None:
        """Look for ever."""
        loop, before = asyncio.get_running_loop(), self._slept()
        while True:
            began = loop.time()
            await asyncio.sleep(LOOK_S)
            now, stood_s = self._slept(), loop.time() - began - LOOK_S
            if now - before > JUMP_S:
                self.jumped = now - before, loop.time()
                self._resume(f"resumed after {in_words(now - before)} of sleep")
            elif stood_s > JUMP_S:
                self._resume(f"Ghost itself stood still for {in_words(stood_s)}")
            before = now

    def _resume(self, what: str) -> None:
        log.warning("%s", what)
        for dog in self._dogs.values():
            dog.post(Resumed())
        self._resumed()
        self._tell(f"{what}; no daemon is blamed for it")
        if self._told is not None:
            self._told.cancel()
        self._told = asyncio.get_running_loop().call_later(TOLD_FOR_S, self._tell, None)


def in_words(seconds: float) -> str:
    """Say a span as people do: `40 s`, `12 min`, `8 h`, `3 d`."""
    for size, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= size * (2 if unit == "d" else 1):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
