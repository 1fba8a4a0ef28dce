"""What happened and who did it, kept over Ghost's restarts, to be read and followed.

Rule 1: what people did, and were refused, has room of its own: a daemon that dies a thousand times
        an hour pushes none of it out.
Rule 2: followers hear of an event when it is noted, whether or not the disk takes it.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Any

from ghostbot.record import DEEDS, WAITING_MAX, Noted, Record
from ghostbot.store.database import Database

KINDS = (*sorted(DEEDS), "death", "restart", "incident", "ghost")
KEPT = 20_000  # of people's deeds, and as many of all else
RECENT = 1_000  # in memory, for those who follow
READ_MAX = 1_000  # at once
BEHIND_S = 0.2  # what comes within this is written together; a deed of people's at once
JOURNAL_BYTES = 256 * 1024  # more of what is in the store already is cut away
TRIM_EVERY = 500  # rows written between two looks at how many there are

_COLUMNS = "id, kind, who, what, at, more"


class Events:
    """The table of events, and those who follow it."""

    def __init__(self, record: Record, database: Database) -> None:
        """Take where notes come from, and where they are kept."""
        self._record = record
        self._database = database
        self._recent: deque[Noted] = deque(maxlen=RECENT)
        self._unwritten: deque[Noted] = deque(maxlen=WAITING_MAX)
        self._news = asyncio.Event()  # another one after each batch
        self._written = 0
        self._ended = False
        self._lost_sight = record.began  # what is older is on disk alone

    async def run(self) -> None:
        """Keep what is noted, until cancelled; then what is left."""
        self._ended = False
        try:
            await self._take_up()
            while True:
                await self._record.some()
                self._take()
                if not any(one.kind in DEEDS for one in self._unwritten):
                    await asyncio.sleep(BEHIND_S)
                    self._take()
                await self._write()
                self._cut(JOURNAL_BYTES)
        finally:
            self._ended = True
            self._take()
            self._news.set()
            await self._write()
            self._cut(0)
            if self._record.journal is not None:
                self._record.journal.close()

    async def _take_up(self) -> None:
        """Keep what an earlier Ghost was killed before it could; what is there already stays."""
        if self._record.journal is not None:
            self._unwritten.extend(await asyncio.to_thread(self._record.journal.read))
            await self._write()
            self._cut(0)

    def _cut(self, most: int) -> None:
        """Empty the journal, where it is long and all of it is in the store."""
        journal = self._record.journal
        self._take()
        if journal is not None and not self._unwritten and journal.size >= most:
            journal.clear()

    async def newest(
        self, limit: int, *, after: int = 0, since: float = 0.0, kinds: Collection[str] = ()
    ) -> list[Noted]:
        """Return the newest events with a greater id, since an instant, oldest first."""
        self._take()
        await self._write()
        where, values = "id > ? AND at >= ?", [after, since]
        if kinds:
            where += f" AND kind IN ({', '.join('?' * len(kinds))})"
        query = f"SELECT {_COLUMNS} FROM events WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - our own words
        args = (*values, *kinds, limit)
        rows = await self._database.run(lambda db: db.execute(query, args).fetchall())
        return [_noted(row) for row in reversed(rows)]

    async def follow(
        self, after: int | None = None, idle_s: float | None = None
    ) -> AsyncGenerator[Sequence[Noted]]:
        """Give the events after one, or those that come, in batches, until Ghost ends.

        With `idle_s`, give an empty batch where nothing came for so long.
        """
        if after is None:
            after = self._record.last
        while not self._ended:
            news = self._news
            if found := await self._after(after):
                after = found[-1].id
                yield found
                continue
            try:
                async with asyncio.timeout(idle_s):
                    await news.wait()
            except TimeoutError:
                yield ()

    async def _after(self, after: int) -> list[Noted]:
        if after < self._lost_sight:
            return await self._oldest(after)
        return [noted for noted in self._recent if noted.id > after]

    async def _oldest(self, after: int) -> list[Noted]:
        query = f"SELECT {_COLUMNS} FROM events WHERE id > ? ORDER BY id LIMIT {READ_MAX}"  # noqa: S608 - our own words
        await self._write()
        rows = await self._database.run(lambda db: db.execute(query, (after,)).fetchall())
        return [_noted(row) for row in rows]

    def _take(self) -> None:
        """Take what was noted, and wake those who follow."""
        if taken := self._record.take():
            self._recent.extend(taken)
            if len(self._recent) == RECENT:
                self._lost_sight = self._recent[0].id
            self._unwritten.extend(taken)
            news, self._news = self._news, asyncio.Event()
            news.set()

    async def _write(self) -> None:
        rows = list(self._unwritten)
        if not rows:
            return
        self._written += len(rows)
        trim = self._written >= TRIM_EVERY
        if trim:
            self._written = 0

        def work(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", map(_row, rows)
            )
            for is_deed in (0, 1) if trim else ():
                db.execute(
                    "DELETE FROM events WHERE is_deed = ? AND id <= (SELECT id FROM events"
                    " WHERE is_deed = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                    (is_deed, is_deed, KEPT),
                )

        await self._database.run(work)
        while self._unwritten and self._unwritten[0].id <= rows[-1].id:
            self._unwritten.popleft()


def _row(noted: Noted) -> tuple[object, ...]:
    more = json.dumps(noted.more, ensure_ascii=False, default=str)
    is_deed = int(noted.kind in DEEDS)
    texts = (text.encode("utf-8", "replace").decode() for text in (noted.who, noted.what))
    who, what = texts
    return (
        noted.id,
        noted.kind,
        is_deed,
        who,
        what,
        noted.at,
        more.encode("utf-8", "replace").decode(),
    )


def _noted(row: tuple[Any, ...]) -> Noted:
    number, kind, who, what, at, more = row
    return Noted(number, kind, who, what, at, json.loads(more))
