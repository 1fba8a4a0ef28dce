"""What Slack has delivered, by its own ids, so that no delivery is acted on twice.

Rule 1: an ack does not wait for the disk; what is done after it does, for a moment.
Rule 2: Slack delivers again within minutes: what is older than that is forgotten.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from ghostbot.store.database import Database

SEEN_S = 600.0  # Slack delivers an event again after 1 and 5 minutes
SEEN_MAX = 20_000
KEPT_S = 2.0  # a store that does not write is no reason to let people wait


class Deliveries:
    """The deliveries of the last ten minutes, in memory and on disk."""

    def __init__(
        self, database: Database | None = None, now: Callable[[], float] = time.time
    ) -> None:
        """Begin with none; without a database, remember them in this life alone."""
        self._database = database
        self._now = now
        self._at: OrderedDict[str, float] = OrderedDict()
        self._unkept: dict[str, float] = {}
        self._some = asyncio.Event()
        self._kept = asyncio.Event()
        self._kept.set()

    async def begin(self) -> None:
        """Take up what an earlier Ghost has seen."""
        if self._database is None:
            return
        since = self._now() - SEEN_S
        query = "SELECT key, at FROM deliveries WHERE at > ? ORDER BY at"
        rows = await self._database.run(lambda db: db.execute(query, (since,)).fetchall())
        self._at = OrderedDict({**dict(rows), **self._at})

    def again(self, key: str | None) -> bool:
        """Tell whether this one was seen before, and remember it. Never waits."""
        now = self._now()
        while self._at and (
            now - next(iter(self._at.values())) > SEEN_S or len(self._at) > SEEN_MAX
        ):
            self._at.popitem(last=False)
        if key is None or key in self._at:
            return key is not None
        self._at[key] = now
        if self._database is not None:
            self._unkept[key] = now
            self._kept.clear()
            self._some.set()
        return False

    async def kept(self) -> None:
        """Wait until all that was seen is on disk, though not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(KEPT_S):
                await self._kept.wait()

    async def run(self) -> None:
        """Keep what is seen, until cancelled."""
        if self._database is None:
            await asyncio.Event().wait()
            return
        while True:
            await self._some.wait()
            self._some.clear()
            rows, over = dict(self._unkept), self._now() - SEEN_S

            def work(
                db: sqlite3.Connection, rows: dict[str, float] = rows, over: float = over
            ) -> None:
                db.executemany("REPLACE INTO deliveries VALUES (?, ?)", rows.items())
                db.execute("DELETE FROM deliveries WHERE at <= ?", (over,))

            await self._database.run(work)
            for key in rows:
                self._unkept.pop(key, None)
            if not self._unkept:
                self._kept.set()
