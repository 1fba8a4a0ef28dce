"""How Ghost itself is, part by part: `GET /api/health`, for whoever may ask more than `/health`."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from ghostbot import itself
from ghostbot.core.snapshot import Part
from ghostbot.guards.rollcall import Rollcall
from ghostbot.guards.sanity import Sanity
from ghostbot.web import answers, asked


class Own:
    """`/api/health`."""

    def __init__(self, sanity: Sanity, rollcall: Rollcall) -> None:
        """Take who looks at Ghost, and who calls the guards."""
        self._sanity = sanity
        self._rollcall = rollcall

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.get("/api/health", self.health)]

    async def health(self, request: web.Request) -> web.Response:
        """Give each part and each guard, with the age of what is known of it."""
        asked.query(request)
        found = itself.parts(self._sanity, self._rollcall, asyncio.get_running_loop().time())
        status = "trouble" if any(part.is_bad for part in found) else "ok"
        return answers.answer({"status": status, "parts": [_part(part) for part in found]})


def _part(part: Part) -> dict[str, Any]:
    age_s = None if part.age_s is None else round(part.age_s, 3)
    return {"name": part.name, "state": part.state, "said": part.said, "age_s": age_s}
