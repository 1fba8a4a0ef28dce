"""Where each message is in Slack, so that the next Ghost goes on editing the same ones."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from ghostbot.store.database import Database

KEPT = 20_000  # the oldest go first; each is a hundred bytes


class Posts:
    """The table of posts, by key."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        """Take the database, and a clock of epoch seconds."""
        self._database = database
        self._now = now
        self._puts = 0

    async def get(self, key: str) -> tuple[str, str] | None:
        """Return (channel id, ts), or None where it was never posted."""

        def work(db: sqlite3.Connection) -> tuple[str, str] | None:
            row = db.execute("SELECT channel, ts FROM posts WHERE key = ?", (key,)).fetchone()
            return None if row is None else (row[0], row[1])

        return await self._database.run(work)

    async def put(self, key: str, channel: str, ts: str) -> None:
        """Remember where it is."""
        at = self._now()
        self._puts += 1
        prune = self._puts % 100 == 1

        def work(db: sqlite3.Connection) -> None:
            db.execute("REPLACE INTO posts VALUES (?, ?, ?, ?)", (key, channel, ts, at))
            if prune:
                db.execute(
                    "DELETE FROM posts WHERE key IN"
                    " (SELECT key FROM posts ORDER BY at DESC LIMIT -1 OFFSET ?)",
                    (KEPT,),
                )

        await self._database.run(work)

    async def forget(self, key: str) -> None:
        """Forget it: it is no longer there."""
        await self._database.run(lambda db: db.execute("DELETE FROM posts WHERE key = ?", (key,)))
