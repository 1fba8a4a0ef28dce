"""What became of each daemon, hour by hour, for two months."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ghostbot.core.history import KEPT_S, Hour
from ghostbot.store.database import Database

ADD = """
INSERT INTO history (daemon, at, wanted_s, up_s, deaths, restarts, drills)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (daemon, at) DO UPDATE SET
  wanted_s = wanted_s + excluded.wanted_s,
  up_s = up_s + excluded.up_s,
  deaths = deaths + excluded.deaths,
  restarts = restarts + excluded.restarts,
  drills = drills + excluded.drills
"""
READ = """
SELECT daemon, at, wanted_s, up_s, deaths, restarts, drills FROM history
WHERE at >= ? AND at < ? ORDER BY at
"""


class History:
    """The table of hours."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def add(self, hours: Iterable[tuple[str, Hour]], now: float) -> None:
        """Add these to what is kept, and forget what is too old at `now` (epoch)."""
        rows = [
            (name, h.at, h.wanted_s, h.up_s, h.deaths, h.restarts, h.drills) for name, h in hours
        ]

        def work(db: sqlite3.Connection) -> None:
            db.executemany(ADD, rows)
            db.execute("DELETE FROM history WHERE at < ?", (now - KEPT_S,))

        await self._database.run(work)

    async def between(self, since: float, until: float) -> dict[str, list[Hour]]:
        """Return the hours that begin within, by daemon, the oldest first."""

        def work(db: sqlite3.Connection) -> dict[str, list[Hour]]:
            found: dict[str, list[Hour]] = {}
            for name, *fields in db.execute(READ, (since, until)):
                found.setdefault(name, []).append(Hour(*fields))
            return found

        return await self._database.run(work)
