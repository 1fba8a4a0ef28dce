"""Tasks and heals, kept over Ghost's restarts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ghostbot.core.heal import Kept, Stage
from ghostbot.core.task import State, Task
from ghostbot.store.database import Database

KEPT = 500  # of those that are over


class Tasks:
    """The table of tasks."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def save(self, tasks: Iterable[Task]) -> None:
        """Keep these, and of those that are over the newest."""
        rows = [(t.id, t.is_over, _body(t)) for t in tasks]

        def work(db: sqlite3.Connection) -> None:
            db.executemany("REPLACE INTO tasks (id, is_over, body) VALUES (?, ?, ?)", rows)
            db.execute(
                "DELETE FROM tasks WHERE is_over AND id NOT IN"
                " (SELECT id FROM tasks WHERE is_over ORDER BY id DESC LIMIT ?)",
                (KEPT,),
            )

        await self._database.run(work)

    async def load(self) -> list[Task]:
        """Return all that are kept, oldest first."""

        def work(db: sqlite3.Connection) -> list[Task]:
            rows = db.execute("SELECT id, body FROM tasks ORDER BY id")
            return [_task(number, json.loads(body)) for number, body in rows]

        return await self._database.run(work)


class Heals:
    """The table of what was tried for checks that are in trouble."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def save(self, kept: Kept) -> None:
        """Keep one check's heals; those of a check that is well are forgotten."""

        def work(db: sqlite3.Connection) -> None:
            if kept.tried or kept.stage != Stage.WELL:
                db.execute(
                    "REPLACE INTO heals (name, body) VALUES (?, ?)",
                    (kept.name, json.dumps(asdict(kept))),
                )
            else:
                db.execute("DELETE FROM heals WHERE name = ?", (kept.name,))

        await self._database.run(work)

    async def load(self) -> list[Kept]:
        """Return what is kept."""

        def work(db: sqlite3.Connection) -> list[Kept]:
            return [Kept(**json.loads(body)) for (body,) in db.execute("SELECT body FROM heals")]

        return await self._database.run(work)


def _body(task: Task) -> str:
    fields = asdict(task)
    del fields["id"]
    return json.dumps(fields)


def _task(number: int, fields: dict[str, Any]) -> Task:
    return Task(id=number, state=State(fields.pop("state")), **fields)
