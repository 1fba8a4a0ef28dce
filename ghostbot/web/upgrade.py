"""Upgrades over HTTP: Ghost becomes its next version in place."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from ghostbot.permit import Permit
from ghostbot.upgrade import Upgrades
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR


class Upgrade:
    """`/api/upgrade`."""

    def __init__(
        self, upgrades: Upgrades, begin: Callable[[], None], permit: Permit | None = None
    ) -> None:
        """Take what knows of upgrades, what begins one, and who permits that."""
        self._permit = permit or Permit()
        self._upgrades = upgrades
        self._begin = begin

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.get("/api/upgrade", self.last),
            web.post("/api/upgrade", self.upgrade),
        ]

    async def last(self, request: web.Request) -> web.Response:
        """Give what is known of the last one; `turn` counts them."""
        asked.query(request)
        return answers.answer(self._upgrades.shape())

    async def upgrade(self, request: web.Request) -> web.Response:
        """Check the next version and ghost.toml, then begin; what was before it answers."""
        asked.query(request)
        await asked.body(request)
        self._permit(request[ACTOR], "upgrade")
        await self._upgrades.check()
        self._begin()
        return answers.answer(self._upgrades.shape(), status=202)
