"""Where each message stands in Slack, as the store has it, and from memory where that is known."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

KNOWN_MAX = 4_000

Where = tuple[str, str]  # channel id, ts


class Posts(Protocol):
    """The places, kept over Ghost's restarts (store/posts.py)."""

    async def get(self, key: str) -> Where | None:
        """Return (channel id, ts), or None where it was never posted."""

    async def put(self, key: str, channel: str, ts: str) -> None:
        """Remember where it is."""

    async def forget(self, key: str) -> None:
        """Forget it: it is no longer there."""


class Whereabouts:
    """What the store says, remembered."""

    def __init__(self, posts: Posts) -> None:
        """Take the store."""
        self._posts = posts
        self._known: OrderedDict[str, Where | None] = OrderedDict()

    def is_known(self, key: str) -> bool:
        """Tell whether it stands somewhere, without asking the store."""
        return self._known.get(key) is not None

    async def of(self, key: str) -> Where | None:
        """Return where it is."""
        if key not in self._known:
            self._know(key, await self._posts.get(key))
        return self._known[key]

    async def stands(self, key: str, place: Where) -> None:
        """Remember where it is."""
        await self._posts.put(key, *place)
        self._know(key, place)

    async def is_gone(self, key: str) -> None:
        """Remember that it is no longer there."""
        await self._posts.forget(key)
        self._know(key, None)

    def _know(self, key: str, place: Where | None) -> None:
        self._known[key] = place
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
