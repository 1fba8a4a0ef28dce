"""Long work over HTTP: what is queued, runs and ran, and the end of it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ghostbot import errors
from ghostbot.core.task import State, Task
from ghostbot.shapes import iso
from ghostbot.tasks import Tasks as Verbs
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR

DIGITS_MAX = 15


class Tasks:
    """`/api/tasks…`, and drills, which are tasks."""

    def __init__(self, tasks: Verbs) -> None:
        """Take whom to ask."""
        self._tasks = tasks

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.get("/api/tasks", self.every),
            web.get("/api/tasks/{id}", self.one),
            web.post("/api/tasks/{id}/cancel", self.cancel),
            web.post("/api/daemons/{name}/drill", self.drill),
        ]

    async def every(self, request: web.Request) -> web.Response:
        """Give all tasks, newest first."""
        asked.query(request)
        return answers.answer({"tasks": [shape(task) for task in self._tasks.all()]})

    async def one(self, request: web.Request) -> web.Response:
        """Give one task."""
        asked.query(request)
        return answers.answer(shape(self._tasks.one(_number(request))))

    async def cancel(self, request: web.Request) -> web.Response:
        """End a task; 409 where it is over."""
        asked.query(request)
        await asked.body(request)
        task = self._tasks.cancel(_number(request), request[ACTOR])
        return answers.answer(shape(task), status=202)

    async def drill(self, request: web.Request) -> web.Response:
        """Kill a daemon on purpose; 409 where it is refused or failed, 202 where it goes on."""
        wait = asked.truth(asked.query(request, "wait"), "wait")
        await asked.body(request)
        name = request.match_info["name"]
        task = await self._tasks.drill(name, request[ACTOR], wait=wait)
        if task.is_over and task.state is not State.DONE:
            return answers.no(409, errors.Failed.code, f"drill of {name}: {task.said}")
        return answers.answer(shape(task), status=200 if task.is_over else 202)


def shape(task: Task) -> dict[str, Any]:
    """Return a task as the API and `ghost tasks --json` give it."""
    return {
        "id": task.id,
        "kind": task.kind,
        "title": task.title,
        "by": task.by,
        "state": task.state.value,
        "said": task.said,
        "output": task.output,
        "created_at": iso(task.created_at),
        "started_at": iso(task.started_at),
        "ended_at": iso(task.ended_at),
        "timeout_s": task.timeout_s,
    }


def _number(request: web.Request) -> int:
    word = request.match_info["id"]
    if not (word.isascii() and word.isdigit() and len(word) <= DIGITS_MAX):
        raise errors.NoSuch(f"cannot find task {asked.cut(word)}: no such task", "task")
    return int(word)
