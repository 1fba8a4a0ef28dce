"""Upgrades over HTTP: Ghost becomes its next version in place."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiohttp import web

from ghostbot.upgrade import Upgrades
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR

log = logging.getLogger("ghost.orders")


class Upgrade:
    """`/api/upgrade`."""

    def __init__(self, upgrades: Upgrades, begin: Callable[[], None]) -> None:
        """Take what knows of upgrades, and what begins one."""
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
        await self._upgrades.check()
        log.info("order verb=upgrade by=%s", request[ACTOR].id)
        self._begin()
        return answers.answer(self._upgrades.shape(), status=202)
