"""Whether Ghost answers in time: `GET /health`."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from ghostbot import shapes
from ghostbot.ghost import Ghost
from ghostbot.guards.sanity import Meter
from ghostbot.web import answers


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
