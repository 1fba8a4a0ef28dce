"""Probes over HTTP: what each found last, how it did over time, and a look right now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from ghostbot import errors, itself, shapes
from ghostbot.core.trend import Trend
from ghostbot.guards.rounds import Round
from ghostbot.guards.selfcheck import Selfcheck
from ghostbot.guards.trends import Trends
from ghostbot.permit import Permit
from ghostbot.probes.finding import Finding
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR

VERDICTS = {True: "ok", False: "sick", None: "unknown"}


class Probes:
    """`/api/probes` and `/api/test`."""

    def __init__(
        self,
        selfcheck: Selfcheck,
        trends: Trends,
        alert: Callable[[], Awaitable[float | None]],
        permit: Permit | None = None,
    ) -> None:
        """Take who looks, who counts, what tells people a test alert, and who permits that."""
        self._permit = permit or Permit()
        self._alert = alert
        self._selfcheck = selfcheck
        self._trends = trends

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.get("/api/probes", self.every),
            web.post("/api/test", self.test),
            web.post("/api/test/alert", self.alert),
        ]

    async def every(self, request: web.Request) -> web.Response:
        """Give every probe that is asked now, with the age of what it found."""
        asked.query(request)
        rounds, now = self._selfcheck.all(), asyncio.get_running_loop().time()
        trends = await self._trends.of((one.subject, one.table.label) for one in rounds)
        found = [_shape(one, now, trends[one.subject, one.table.label]) for one in rounds]
        return answers.answer({"probes": found})

    async def test(self, request: web.Request) -> web.Response:
        """Look now; it counts for nothing. 404 where a name means nothing."""
        asked.query(request)
        names = (await asked.body(request, "names")).get("names", [])
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise errors.BadRequest(
                f"cannot read the body: names is {asked.shown(names)}; it takes a list of names"
            )
        tested = await itself.test(self._selfcheck, names)
        body = {
            "results": [_result(one, finding) for one, finding in tested.found],
            "without": list(tested.without),
        }
        return answers.answer(body)

    async def alert(self, request: web.Request) -> web.Response:
        """Tell people of a trouble that is none; say how long that took."""
        asked.query(request)
        await asked.body(request)
        self._permit(request[ACTOR], "test alert")
        told_s = await itself.alert_within(self._alert)
        told_ms = None if told_s is None else round(told_s * 1000)
        return answers.answer({"told_ms": told_ms})


def _shape(one: Round, now: float, trends: Mapping[str, Trend]) -> dict[str, Any]:
    health, finding = one.health, one.finding
    return {
        "subject": one.subject,
        "label": one.table.label,
        "role": one.table.role.value,
        "every_s": one.table.every_s,
        "health": VERDICTS[health.ok],
        "said": health.said,
        "age_s": None if one.at is None else round(now - one.at, 3),
        "failures": health.failures,
        "took_ms": None if finding is None else _ms(finding.took_s),
        "evidence_at": None if finding is None else shapes.iso(finding.at),
        "url": None if finding is None else finding.url,
        "errors": [] if finding is None else list(finding.errors),
        "trend": {name: _trend(trend) for name, trend in trends.items()},
    }


def _trend(trend: Trend) -> dict[str, Any]:
    return {
        "looks": trend.looks,
        "unknown": trend.unknown,
        "success_percent": None if trend.rate is None else round(100 * trend.rate, 2),
        "mean_ms": _ms(trend.mean_s),
        "slowest_ms": _ms(trend.slowest_s),
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def _result(one: Round, finding: Finding) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "label": one.table.label,
        "ok": finding.ok,
        "said": finding.said,
        "took_ms": _ms(finding.took_s),
    }
