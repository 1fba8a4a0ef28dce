"""Keeps what waits to be said on disk, a moment after it changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from ghostbot.slack.pending import Item, Pending, from_body, to_body
from ghostbot.store.outbox import Row

KEEP_S = 0.2  # changes are written this long after the first of them: most are changed again

log = logging.getLogger("ghost.slack.outbox")


class Unsaid(Protocol):
    """Where it is kept (store/outbox.py)."""

    async def write(self, rows: Iterable[Row], gone: Iterable[str]) -> None:
        """Keep these, and forget those keys."""

    async def load(self) -> list[Row]:
        """Return what is kept."""


class Keeping:
    """Writes behind."""

    def __init__(self, pending: Pending, unsaid: Unsaid | None) -> None:
        """Take what waits, and where to keep it; None: nowhere."""
        self._pending = pending
        self._unsaid = unsaid
        self._loaded = False
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Have it written soon."""
        self._changed.set()

    async def run(self) -> None:
        """Write what changes, until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(KEEP_S)
            self._changed.clear()
            await self.write()

    async def write(self) -> None:
        """Write what changed since the last time."""
        keys = self._pending.unkept()
        if self._unsaid is None or not keys:
            return
        items = {key: self._pending.get(key) for key in keys}
        try:
            await self._unsaid.write(
                [_row(item) for item in items.values() if item is not None],
                [key for key, item in items.items() if item is None],
            )
        except BaseException:
            self._pending.keep_later(keys)
            raise

    async def load(self) -> None:
        """Take what an earlier Ghost left, once."""
        if self._unsaid is not None and not self._loaded:
            read = [_item(row) for row in await self._unsaid.load()]
            self._pending.restore([item for item in read if item is not None])
        self._loaded = True

    async def end(self) -> None:
        """Write what is left to be said, after what is kept was taken into account."""
        await self.load()
        await self.write()


def _row(item: Item) -> Row:
    return Row(
        *(item.key, item.number, item.channel, item.under),
        *(item.broadcast, to_body(item.message), item.tried_at),
    )


def _item(row: Row) -> Item | None:
    try:
        message = from_body(row.body)
    except ValueError as error:  # what another version kept
        log.warning("outbox row dropped key=%s why=%s", row.key, error)
        return None
    return Item(
        *(row.key, row.channel, message, row.under),
        *(row.broadcast, row.number, row.tried_at),
    )
