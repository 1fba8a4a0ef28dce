"""status.json: the live status, over HTTP and as a file, in the same bytes."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from aiohttp import web

from ghostbot import shapes
from ghostbot.core.snapshot import House
from ghostbot.ghost import Ghost
from ghostbot.outlook import Outlook
from ghostbot.web import answers

FRESH_S = 0.1  # asked more often than this, the same bytes are given again
CLOCKS = frozenset({"updatedAt", "uptime", "system"})  # they move while nothing changes
DAEMON_CLOCKS = frozenset({"uptime_s", "cpu_percent", "rss_bytes", "log"})


def status_now(ghost: Ghost, outlook: Outlook | None) -> dict[str, Any]:
    """Return status.json as it is now: what the route gives and what the file holds."""
    if outlook is None:
        return shapes.status(ghost.house())
    return shapes.status(ghost.house(), outlook.machine, outlook.signs)


def bytes_of_status(ghost: Ghost, outlook: Outlook | None = None) -> bytes:
    """Return the same as bytes."""
    return _bytes(status_now(ghost, outlook))


def _bytes(status: dict[str, Any]) -> bytes:
    return answers.bytes_of(status, indent=2)


class Status:
    """`GET /ghost/status.json`."""

    def __init__(self, ghost: Ghost, outlook: Outlook | None = None) -> None:
        """Take whose status it is, and who looks around."""
        self._ghost = ghost
        self._outlook = outlook
        self._made_at = float("-inf")
        self._made = (b"", "")

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.get("/ghost/status.json", self.status)]

    def house(self) -> House:
        """Return what it is the status of."""
        return self._ghost.house()

    async def status(self, request: web.Request) -> web.Response:
        """Give the status, or 304 to whoever knows it already."""
        body, tag = self._now()
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        known = request.headers.get("If-None-Match", "")
        if known.strip() == "*" or tag in (one.strip() for one in known.split(",")):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", headers=headers)

    def _now(self) -> tuple[bytes, str]:
        now = asyncio.get_running_loop().time()
        if now - self._made_at > FRESH_S:
            status = status_now(self._ghost, self._outlook)
            self._made_at, self._made = now, (_bytes(status), _tag(status))
        return self._made


def _tag(status: dict[str, Any]) -> str:
    """Return a weak ETag (RFC 9110 §8.8.1): the same while nothing but clocks has moved."""
    still = {key: value for key, value in status.items() if key not in CLOCKS}
    still["daemons"] = {
        name: {key: value for key, value in daemon.items() if key not in DAEMON_CLOCKS}
        for name, daemon in status["daemons"].items()
    }
    return f'W/"{hashlib.blake2b(answers.bytes_of(still), digest_size=12).hexdigest()}"'
