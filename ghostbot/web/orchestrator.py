"""The five guards over HTTP, in the shapes of the system that Ghost replaces, true at last.

Rule 1: what is said of a guard comes from the guard, with the age of its evidence (`age_s`).
Rule 2: a guard that has nothing to do is active, and one that does not answer is unknown.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from ghostbot import shapes
from ghostbot.core import order
from ghostbot.ghost import Ghost
from ghostbot.guards.executor import Executor
from ghostbot.guards.rollcall import GUARDS, Evidence, Rollcall
from ghostbot.guards.selfcheck import Selfcheck
from ghostbot.web import answers, asked

MOSTLY = 0.7  # of the guards active, and none failing, is a warning; less is critical

Facts = Callable[[], Mapping[str, Any]]  # what a guard adds about its own work


class Orchestrator:
    """`/api/orchestrator/*`."""

    def __init__(self, ghost: Ghost, rollcall: Rollcall, facts: Mapping[str, Facts]) -> None:
        """Take whose guards they are, and what each has to tell of its work, by name."""
        self._ghost = ghost
        self._rollcall = rollcall
        self._facts = facts

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        base = "/api/orchestrator"
        return [
            web.get(f"{base}/status", self.status),
            web.get(f"{base}/health", self.health),
            web.get(f"{base}/component/{{name}}", self.component),
        ]

    async def status(self, request: web.Request) -> web.Response:
        """Give all guards, and how they are together."""
        asked.query(request)
        found, at = self._all(), shapes.iso(time.time())
        active, failing = _counts(found)
        data = {
            "orchestration": {**found, "lastUpdate": at},
            "overallHealth": _overall(active, failing),
            "activeComponents": active,
            "errorComponents": failing,
            "totalComponents": len(GUARDS),
            "timestamp": at,
        }
        return answers.answer({"status": "success", "data": data})

    async def health(self, request: web.Request) -> web.Response:
        """Give how many of the guards are active."""
        asked.query(request)
        active, failing = _counts(self._all())
        data = {
            "healthPercentage": round(100 * active / len(GUARDS), 1),
            "activeComponents": active,
            "errorComponents": failing,
            "totalComponents": len(GUARDS),
            "lastUpdate": shapes.iso(time.time()),
        }
        return answers.answer({"status": "success", "data": data})

    async def component(self, request: web.Request) -> web.Response:
        """Give one guard; 404 in the old shape where there is none of that name."""
        asked.query(request)
        name, at = request.match_info["name"], shapes.iso(time.time())
        if name not in GUARDS:
            words = f"Unknown component: {name}"
            return answers.answer({"status": "error", "error": words, "timestamp": at}, status=404)
        return answers.answer({"status": "success", "data": self._one(name), "timestamp": at})

    def _all(self) -> dict[str, dict[str, Any]]:
        return {name: self._one(name) for name in GUARDS}

    def _one(self, name: str) -> dict[str, Any]:
        """Return a guard as the old API had it; what cannot be known is absent."""
        now = asyncio.get_running_loop().time()
        seen = self._rollcall.evidence(name, now)
        facts = self._facts.get(name)
        own: Mapping[str, Any] = facts() if facts and seen.status == "active" else {}
        return {"status": seen.status, **own, **_evidence(seen, now)}


def _evidence(seen: Evidence, now: float) -> dict[str, Any]:
    age_s = None if seen.at is None else max(0.0, now - seen.at)
    return {
        "lastCheck": None if age_s is None else shapes.iso(time.time() - age_s),
        "error": seen.error,
        "age_s": None if age_s is None else round(age_s, 3),
    }


def _counts(found: Mapping[str, Mapping[str, Any]]) -> tuple[int, int]:
    statuses = [one["status"] for one in found.values()]
    return statuses.count("active"), statuses.count("error")


def _overall(active: int, failing: int) -> str:
    if active == len(GUARDS):
        return "healthy"
    return "warning" if active >= MOSTLY * len(GUARDS) and not failing else "critical"


def facts_of(
    ghost: Ghost, rollcall: Rollcall, selfcheck: Selfcheck, executor: Executor | None = None
) -> dict[str, Facts]:
    """Return what each guard tells of its work."""

    def sentinel() -> dict[str, Any]:
        seen = [f"{shapes.iso(one.at)} {one.said}" for one in rollcall.deaths]
        return {"monitoring": True, "recentErrors": seen}

    def watchdog() -> dict[str, Any]:
        views = ghost.house().daemons
        return {
            "restartCount": sum(view.restarts for view in views),
            "failedCount": sum(view.breaker != "closed" for view in views),
            "lastRestart": shapes.iso(rollcall.restarted_at),
        }

    return {
        "sentinel": sentinel,
        "watchdog": watchdog,
        "executor": lambda: _executing(executor),
        "selfcheck": lambda: _checking(selfcheck),
        "lifecycle": lambda: _ordering(ghost),
    }


def _executing(executor: Executor | None) -> dict[str, Any]:
    over = [task.is_over for task in executor.tasks()] if executor else []
    return {"activeTasks": len(over) - sum(over), "completedTasks": sum(over)}


def _checking(selfcheck: Selfcheck) -> dict[str, Any]:
    rounds, now = selfcheck.all(), asyncio.get_running_loop().time()
    last = max((one.at for one in rounds if one.at is not None), default=None)
    return {
        "healthChecks": len(rounds),
        "failingChecks": sum(one.health.ok is False for one in rounds),
        "lastHealthCheck": None if last is None else shapes.iso(time.time() - now + last),
    }


def _ordering(ghost: Ghost) -> dict[str, Any]:
    views = ghost.house().daemons
    levels = order.levels({view.name: tuple(view.after) for view in views})
    return {
        "managedDaemons": len(views),
        "startupOrder": [name for level in levels for name in level],
    }
