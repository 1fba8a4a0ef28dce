"""Codes that make somebody an admin in Slack, over HTTP: for the local admin alone."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ghostbot import errors
from ghostbot.claims import Claims as Codes
from ghostbot.permit import Permit
from ghostbot.shapes import iso
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR


class Claims:
    """`/api/claim…`."""

    def __init__(self, codes: Codes, permit: Permit, command: str) -> None:
        """Take who makes codes, who permits, and the slash command that takes them."""
        self._codes = codes
        self._permit = permit
        self._command = command

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.get("/api/claim", self.last),
            web.post("/api/claim", self.new),
            web.post("/api/claim/revoke", self.revoke),
        ]

    async def last(self, request: web.Request) -> web.Response:
        """Give the code that is good now, and who came by one."""
        asked.query(request)
        self._permit.check(request[ACTOR], "new claim")
        return answers.answer(self._shape())

    async def new(self, request: web.Request) -> web.Response:
        """Make a new code; the last one ends. 409 where ghost.toml names the admins."""
        asked.query(request)
        await asked.body(request)
        self._permit(request[ACTOR], "new claim")
        self._codes.new()
        return answers.answer(self._shape())

    async def revoke(self, request: web.Request) -> web.Response:
        """Take it back from somebody; 404 where they never had it."""
        asked.query(request)
        user = (await asked.body(request, "user")).get("user")
        if not isinstance(user, str):
            raise errors.BadRequest("cannot read the body: give the user, by id or name")
        self._permit.check(request[ACTOR], "new claim")
        await self._codes.revoke(asked.cut(user), request[ACTOR])
        return answers.answer(self._shape())

    def _shape(self) -> dict[str, Any]:
        code, left_s = self._codes.code or (None, 0.0)
        return {
            "code": code,
            "left_s": round(left_s),
            "command": self._command,
            "admins": [
                {"team": one.team, "user": one.user, "name": one.name, "at": iso(one.at)}
                for one in self._codes.all()
            ],
        }
