"""Daemons over HTTP: how they are, and orders to one or many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from ghostbot import errors, shapes
from ghostbot.core.words import did_you_mean
from ghostbot.ghost import Ghost
from ghostbot.orders import Doing, Outcome
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR


class Daemons:
    """`/api/daemons…`, `/api/orders`, `/api/down`, `/api/backoff` and `/api/registry`."""

    def __init__(self, ghost: Ghost, down: Callable[[bool], None]) -> None:
        """Take whom to ask, and what ends Ghost (told whether to keep the daemons)."""
        self._ghost = ghost
        self._down = down

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.get("/api/daemons", self.every),
            web.get("/api/daemons/{name}", self.one),
            web.get("/api/daemons/{name}/why", self.why),
            web.post("/api/daemons/{name}/{verb}", self.order_one),
            web.post("/api/orders", self.order),
            web.post("/api/down", self.down),
            web.get("/api/backoff", self.backoff),
            web.get("/api/registry", self.registry),
        ]

    async def every(self, request: web.Request) -> web.Response:
        """Give all daemons."""
        asked.query(request)
        return answers.answer(shapes.daemons(self._ghost.house()))

    async def one(self, request: web.Request) -> web.Response:
        """Give one daemon."""
        asked.query(request)
        return answers.answer(shapes.daemon(self._ghost.daemon(request.match_info["name"])))

    async def why(self, request: web.Request) -> web.Response:
        """Explain one daemon."""
        asked.query(request)
        return answers.answer(shapes.why(await self._ghost.why(request.match_info["name"])))

    async def backoff(self, request: web.Request) -> web.Response:
        """Give how near each daemon is to being blocked, and when it is tried next."""
        asked.query(request)
        return answers.answer(shapes.backoff(*self._ghost.records()))

    async def registry(self, request: web.Request) -> web.Response:
        """Give every record, by name."""
        asked.query(request)
        records, _, offset = self._ghost.records()
        return answers.answer(shapes.registry(records, offset))

    async def order_one(self, request: web.Request) -> web.Response:
        """Give one daemon an order."""
        verb, name = request.match_info["verb"], request.match_info["name"]
        if verb not in set(Doing):
            near = did_you_mean(verb, Doing)
            return answers.no(404, "no_such_verb", f"cannot {verb} {name}: no such verb{near}")
        wait = asked.truth(asked.query(request, "wait"), "wait")
        doing = Doing(verb)
        for_s = asked.hold_for(await asked.body(request, "for"), doing)
        if self._ghost.names([name], doing) != (name,):
            raise errors.NoSuch(f"cannot {verb} {name}: no such daemon; see POST /api/orders")
        (outcome,) = await self._ghost.order(doing, [name], request[ACTOR], wait=wait, for_s=for_s)
        if not outcome.ok:
            return answers.no(409, errors.Failed.code, _reason(outcome))
        return answers.answer(shapes.daemon(outcome.view), status=200 if wait else 202)

    async def order(self, request: web.Request) -> web.Response:
        """Give an order to many, in the order in which they depend on each other."""
        wait = asked.truth(asked.query(request, "wait"), "wait")
        orders = await asked.orders(request)
        outcomes = await self._ghost.order(
            orders.doing, orders.asked, request[ACTOR], wait=wait, for_s=orders.for_s
        )
        answer = _outcomes(outcomes)
        if failed := [outcome for outcome in outcomes if not outcome.ok]:
            reason = "; ".join(_reason(outcome) for outcome in failed)
            answer |= shapes.error(errors.Failed.code, reason)
            return answers.answer(answer, status=409)
        return answers.answer(answer, status=200 if wait else 202)

    async def down(self, request: web.Request) -> web.Response:
        """End Ghost; what becomes of the daemons is theirs who hear the order."""
        asked.query(request)
        keep = asked.keep(await asked.body(request, "keep"))
        self._ghost.permit(request[ACTOR], "down")
        self._down(keep)
        return answers.answer({"status": "going down", "keep": keep}, status=202)


def _reason(outcome: Outcome) -> str:
    return f"{outcome.name} {outcome.said}"


def _outcomes(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "outcomes": [
            {"name": o.name, "ok": o.ok, "said": o.said, "daemon": shapes.daemon(o.view)}
            for o in outcomes
        ]
    }
