"""Tallies of what probes found, for a week."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ghostbot.core.trend import KEPT_S, SPANS, Tally, Trend, trend
from ghostbot.store.database import Database

Key = tuple[str, str]  # whom the probe looks at (a daemon's or a check's name), and its label

ADD = """
INSERT INTO findings (subject, label, at, looks, well, unknown, took_s, slowest_s)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (subject, label, at) DO UPDATE SET
  looks = looks + excluded.looks,
  well = well + excluded.well,
  unknown = unknown + excluded.unknown,
  took_s = took_s + excluded.took_s,
  slowest_s = max(slowest_s, excluded.slowest_s)
"""
SUMS = """
SELECT sum(looks), sum(well), sum(unknown), sum(took_s), max(slowest_s) FROM findings
WHERE subject = ? AND label = ? AND at > ?
"""
SLOWEST = """
SELECT subject, label, sum(took_s) / sum(looks) AS mean FROM findings
WHERE at > ? AND looks > 0 GROUP BY subject, label ORDER BY mean DESC LIMIT 1
"""


class Findings:
    """The table of tallies."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def add(self, tallies: Iterable[tuple[Key, Tally]], now: float) -> None:
        """Add these to what is kept, and forget what is older than a week at `now` (epoch)."""
        rows = [
            (*key, t.at, t.looks, t.well, t.unknown, t.took_s, t.slowest_s) for key, t in tallies
        ]

        def work(db: sqlite3.Connection) -> None:
            db.executemany(ADD, rows)
            db.execute("DELETE FROM findings WHERE at < ?", (now - KEPT_S,))

        await self._database.run(work)

    async def slowest(self, since: float) -> tuple[Key, float] | None:
        """Return the probe that took longest on average since then (epoch), and how long."""

        def work(db: sqlite3.Connection) -> tuple[Key, float] | None:
            row = db.execute(SLOWEST, (since,)).fetchone()
            return None if row is None else ((row[0], row[1]), row[2])

        return await self._database.run(work)

    async def trends(self, keys: Iterable[Key], now: float) -> dict[Key, dict[str, Trend]]:
        """Return how these probes did in the spans before `now` (epoch), by name of the span."""
        wanted = tuple(keys)

        def work(db: sqlite3.Connection) -> dict[Key, dict[str, Trend]]:
            return {
                key: {name: _over(db, key, now - span_s) for name, span_s in SPANS.items()}
                for key in wanted
            }

        return await self._database.run(work)


def _over(db: sqlite3.Connection, key: Key, since: float) -> Trend:
    sums = db.execute(SUMS, (*key, since)).fetchone()
    return trend(*(one or 0 for one in sums))
