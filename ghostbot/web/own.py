"""How Ghost itself is, part by part: `GET /api/health`, for whoever may ask more than `/health`."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from ghostbot.guards.rollcall import Rollcall
from ghostbot.guards.sanity import Sanity
from ghostbot.web import answers, asked
from ghostbot.web.orchestrator import GUARDS

WORDS = {True: "ok", False: "trouble", None: "unknown"}


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
        now = asyncio.get_running_loop().time()
        parts = [
            _part(name, WORDS[own.ok], own.said, own.at or None, now)
            for name, own in self._sanity.found.items()
        ]
        for name in GUARDS:
            seen = self._rollcall.evidence(name, now)
            parts.append(_part(name, seen.status, seen.error or "answers", seen.at, now))
        troubled = any(part["state"] in ("trouble", "error") for part in parts)
        return answers.answer({"status": "trouble" if troubled else "ok", "parts": parts})


def _part(name: str, state: str, said: str, at: float | None, now: float) -> dict[str, Any]:
    age_s = None if at is None else round(max(0.0, now - at), 3)
    return {"name": name, "state": state, "said": said, "age_s": age_s}
