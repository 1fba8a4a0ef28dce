"""What Ghost has not said in Slack yet, so that the next Ghost says it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from ghostbot.store.database import Database

KEPT = 1_000  # the newest; as many as wait in memory


@dataclass(frozen=True, slots=True)
class Row:
    """One message. Rows are said in the order of `number`; instants are UTC epoch seconds."""

    key: str
    number: int
    channel: str
    under: str | None
    broadcast: bool
    body: str
    tried_at: float | None  # since then it may have been said, and nobody knows


class Unsaid:
    """The table of messages that wait."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def write(self, rows: Iterable[Row], gone: Iterable[str]) -> None:
        """Keep these, and forget those keys."""
        kept = [astuple(row) for row in rows]
        forgotten = [(key,) for key in gone]

        def work(db: sqlite3.Connection) -> None:
            db.executemany("REPLACE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)", kept)
            db.executemany("DELETE FROM outbox WHERE key = ?", forgotten)

        await self._database.run(work)

    async def load(self) -> list[Row]:
        """Return the newest that are kept, in their order; the others are forgotten."""

        def work(db: sqlite3.Connection) -> list[Row]:
            db.execute(
                "DELETE FROM outbox WHERE key IN"
                " (SELECT key FROM outbox ORDER BY number DESC LIMIT -1 OFFSET ?)",
                (KEPT,),
            )
            return [
                Row(key, number, channel, under, bool(broadcast), body, tried_at)
                for key, number, channel, under, broadcast, body, tried_at in db.execute(
                    "SELECT key, number, channel, under, broadcast, body, tried_at FROM outbox"
                    " ORDER BY number"
                )
            ]

        return await self._database.run(work)
