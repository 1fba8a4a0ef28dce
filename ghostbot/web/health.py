"""Whether Ghost answers in time: `GET /health`, and the meter behind it."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from ghostbot import shapes
from ghostbot.ghost import Ghost
from ghostbot.web import answers

BEAT_S = 0.5  # seldom enough to cost nothing, often enough to see a second's standstill
LAGGED_S = 1.0  # a loop this late has kept somebody waiting
REMEMBERED_S = 60.0


class Meter:
    """Measures how late the event loop runs."""

    def __init__(self) -> None:
        """Begin without a lag."""
        self._due: float | None = None
        self._lagged_at: float | None = None
        self._lag_s = 0.0

    async def run(self) -> None:
        """Beat for ever, and note each beat that came too late."""
        loop = asyncio.get_running_loop()
        while True:
            self._due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.look(loop.time())

    def look(self, now: float) -> None:
        """Note whether the beat that is due is late at `now` (monotonic)."""
        if self._due is not None and now - self._due > LAGGED_S:
            self._lagged_at, self._lag_s = now, now - self._due

    def trouble(self, now: float) -> str | None:
        """Say what is wrong with the loop at `now`, if anything was of late."""
        self.look(now)
        if self._lagged_at is None or now - self._lagged_at > REMEMBERED_S:
            return None
        ago = now - self._lagged_at
        return f"the event loop stood still for {self._lag_s:.1f} s, {ago:.0f} s ago"


class Health:
    """The one route that needs no token."""

    def __init__(self, ghost: Ghost, meter: Meter) -> None:
        """Take whose health it is, and what measures it."""
        self._ghost = ghost
        self._meter = meter

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.get("/health", self.health)]

    async def health(self, _request: web.Request) -> web.Response:
        """Say that Ghost lives, since when, and how its link to Slack is."""
        house = self._ghost.house()
        trouble = self._meter.trouble(asyncio.get_running_loop().time())
        body: dict[str, object] = {
            "status": "late" if trouble else "ok",
            "service": "ghost",
            "timestamp": shapes.iso(time.time()),
            "uptime": house.uptime_s,
            "slack": house.slack,
        }
        if trouble:
            body["why"] = trouble
        return answers.answer(body, status=503 if trouble else 200)
