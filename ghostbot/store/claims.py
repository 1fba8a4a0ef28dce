"""Who became an admin by a code, kept over Ghost's restarts."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from ghostbot.store.database import Database


@dataclass(frozen=True, slots=True)
class Claimed:
    """Somebody who became an admin. `at` is UTC epoch seconds."""

    team: str
    user: str
    name: str
    at: float


class Claims:
    """The table of claims: one a person and workspace."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        """Take the database, and a clock of epoch seconds."""
        self._database = database
        self._now = now

    async def put(self, team: str, user: str, name: str) -> Claimed:
        """Remember somebody."""
        made = Claimed(team, user, name.encode("utf-8", "replace").decode(), self._now())
        row = (made.team, made.user, made.name, made.at)
        await self._database.run(
            lambda db: db.execute("REPLACE INTO claims VALUES (?, ?, ?, ?)", row)
        )
        return made

    async def drop(self, user: str) -> None:
        """Forget somebody, in whatever workspace."""
        await self._database.run(
            lambda db: db.execute("DELETE FROM claims WHERE user = ?", (user,))
        )

    async def all(self) -> list[Claimed]:
        """Return all, the first first."""

        def work(db: sqlite3.Connection) -> list[Claimed]:
            rows = db.execute("SELECT team, user, name, at FROM claims ORDER BY at")
            return [Claimed(*row) for row in rows]

        return await self._database.run(work)
