"""The playground's clock: it can run faster than the world, and tests can make it jump.

1. What Slack counts in minutes (retries, response_urls, rates) runs `scale` times faster.
2. The 3 seconds that Slack gives a program are real ones at any scale: a program does not get
   faster because its test is in a hurry.
3. `advance` skips time for both, and wakes whoever was waiting for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any


class Clock:
    """Slack's time of day."""

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._born_at = time.time()
        self._started = time.monotonic()
        self._skipped_s = 0.0
        self._jump: asyncio.Future[None] | None = None

    def elapsed(self) -> float:
        """Real seconds since the clock was made, and what was skipped."""
        return time.monotonic() - self._started + self._skipped_s

    def now(self) -> float:
        """Slack's Unix time; never runs backwards."""
        return self._born_at + (time.monotonic() - self._started) * self._scale + self._skipped_s

    def advance(self, seconds: float) -> None:
        """Skip time; whatever falls due by it happens now."""
        self._skipped_s += seconds
        if self._jump is not None and not self._jump.done():
            self._jump.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Wait on Slack's time."""
        end = self.now() + seconds
        await self._wait(lambda: (end - self.now()) / self._scale)

    async def pause(self, seconds: float, *, until: asyncio.Future[Any] | None = None) -> bool:
        """Wait real seconds, but no longer than `until`; true when that came first."""
        end = self.elapsed() + seconds
        await self._wait(lambda: end - self.elapsed(), until)
        return until is not None and until.done()

    async def _wait(
        self, left: Callable[[], float], until: asyncio.Future[Any] | None = None
    ) -> None:
        while (seconds := left()) > 0 and not (until is not None and until.done()):
            if self._jump is None or self._jump.done():
                self._jump = asyncio.get_running_loop().create_future()
            futures = {self._jump} if until is None else {self._jump, until}
            await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
