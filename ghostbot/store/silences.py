"""What people silenced by name, kept over Ghost's restarts."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from ghostbot.core.incident import Hand, Person
from ghostbot.store.database import Database


class Silences:
    """The table of silences: one a name, `all` among them."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        """Take the database, and a clock of epoch seconds."""
        self._database = database
        self._now = now

    async def put(self, name: str, hand: Hand) -> None:
        """Remember who silenced what, and until when; what is over is forgotten."""
        row = (name, hand.by.id, hand.by.name, hand.at, hand.until)
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM silences WHERE until <= ?", (now,))
            db.execute("REPLACE INTO silences VALUES (?, ?, ?, ?, ?)", row)

        await self._database.run(work)

    async def drop(self, name: str) -> None:
        """Forget one."""
        await self._database.run(
            lambda db: db.execute("DELETE FROM silences WHERE name = ?", (name,))
        )

    async def all(self) -> dict[str, Hand]:
        """Return those that still hold."""
        now = self._now()

        def work(db: sqlite3.Connection) -> dict[str, Hand]:
            rows = db.execute(
                "SELECT name, by_id, by_name, at, until FROM silences WHERE until > ?", (now,)
            )
            return {name: Hand(Person(by_id, by), at, until) for name, by_id, by, at, until in rows}

        return await self._database.run(work)
