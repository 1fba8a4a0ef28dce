"""Actions and checks over HTTP: what can be run, what is looked at, and running it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from ghostbot import errors, shapes
from ghostbot.config.model import ActionTable, CheckTable
from ghostbot.core.heal import Check
from ghostbot.core.task import State
from ghostbot.guards.checks import Checks
from ghostbot.tasks import Tasks
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR
from ghostbot.web.tasks import shape


class Actions:
    """`/api/actions…` and `/api/checks…`."""

    def __init__(
        self, tasks: Tasks, checks: Checks, tables: Callable[[], Mapping[str, CheckTable]]
    ) -> None:
        """Take whom to ask, and what ghost.toml says of checks."""
        self._tasks = tasks
        self._checks = checks
        self._tables = tables

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of these nouns."""
        return [
            web.get("/api/actions", self.every),
            web.post("/api/actions/{name}/run", self.run),
            web.get("/api/checks", self.checks),
            web.post("/api/checks/{name}/heal", self.heal),
        ]

    async def every(self, request: web.Request) -> web.Response:
        """Give all actions."""
        asked.query(request)
        return answers.answer({"actions": [_action(table) for table in self._tasks.actions()]})

    async def run(self, request: web.Request) -> web.Response:
        """Run an action; 409 where it failed or wants to be confirmed, 202 where it goes on."""
        wait = asked.truth(asked.query(request, "wait"), "wait")
        confirm = (await asked.body(request, "confirm")).get("confirm", False)
        if not isinstance(confirm, bool):
            takes = "it takes true or false"
            raise errors.BadRequest(
                f"cannot read the body: confirm is {asked.shown(confirm)}; {takes}"
            )
        name = request.match_info["name"]
        task = await self._tasks.run(name, request[ACTOR], confirmed=confirm, wait=wait)
        body = shape(task)
        if task.is_over and task.state is not State.DONE:
            said = f"{name} {task.state}: {task.said}"
            return answers.answer(body | shapes.error(errors.Failed.code, said), status=409)
        return answers.answer(body, status=200 if task.is_over else 202)

    async def checks(self, request: web.Request) -> web.Response:
        """Give all checks, as they are."""
        asked.query(request)
        offset = time.time() - time.monotonic()
        tables = self._tables()
        found = [_check(c, tables[c.name], offset) for c in self._checks.all()]
        return answers.answer({"checks": found})

    async def heal(self, request: web.Request) -> web.Response:
        """Have a check healed now; what comes of it is a task."""
        asked.query(request)
        await asked.body(request)
        name = request.match_info["name"]
        self._tasks.heal(name, request[ACTOR])
        return answers.answer({"name": name, "said": "a heal has begun"}, status=202)


def _action(table: ActionTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "kind": table.kind.value,
        "confirm": table.confirm,
        "role": table.role,
        "description": table.description,
    }


def _check(check: Check, table: CheckTable, offset: float) -> dict[str, Any]:
    return {
        "name": check.name,
        "kind": table.probe.kind.value,
        "state": check.stage.value if check.said else "unknown",
        "since": shapes.iso(check.since + offset) if check.since else None,
        "said": check.said or None,
        "healing": check.healing,
        "tried": check.tried,
        "attempts": check.ladder.most,
        "heal": list(check.ladder.rungs),
        "every_s": table.probe.every_s,
        "group": table.group,
        "description": table.description,
    }
