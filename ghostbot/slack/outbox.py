"""Everything Ghost says by itself: living messages and their threads, at the pace Slack allows.

Rule 1: a message has a key. What is put under the same key is an edit, and the newest one wins.
Rule 2: one message a second and channel, the first at once.
Rule 3: what passes (a network, a limit, Slack's own trouble) is tried again, ever more slowly.
Rule 4: what only a person can mend is told once, with the way out; the messages wait meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.slack.blocks.message import Message
from ghostbot.slack.refusals import (
    BOT,
    CHANNEL_REFUSALS,
    GONE,
    NETWORK,
    NOT_RETRIED_S,
    PASSING,
    TOKEN_REFUSALS,
    channel_way_out,
    code_of,
    retry_after_s,
    token_way_out,
)

PENDING_MAX = 1_000  # messages waiting; edits of one message are one
SAID_KEPT = 200  # of which is known when they were said
PACE_S = 1.0  # Slack's advice: one message a second and channel
FIRST_S, LAST_S = 0.5, 60.0  # between tries of what passes
CHANNEL_AGAIN_S = 300.0  # a channel that refuses is tried again this often

log = logging.getLogger("ghost.slack.outbox")


class Posts(Protocol):
    """Where each message is, kept over Ghost's restarts."""

    async def get(self, key: str) -> tuple[str, str] | None:
        """Return (channel id, ts), or None where it was never posted."""

    async def put(self, key: str, channel: str, ts: str) -> None:
        """Remember where it is."""

    async def forget(self, key: str) -> None:
        """Forget it: it is no longer there."""


@dataclass(frozen=True, slots=True)
class Item:
    """A message that is to be said. `under` is the key of the message whose thread it is in."""

    key: str
    channel: str
    message: Message
    under: str | None = None
    tries: int = 0


class Outbox:
    """The queue and its one worker."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        posts: Posts,
        ready: Callable[[], Awaitable[None]],
        find: Callable[[str], Awaitable[str | None]],
        tell: Callable[[str | None], None],
        pace_s: float = PACE_S,
    ) -> None:
        """Take the parts: a client that repeats nothing by itself, what waits until Slack has let
        us in, what finds a channel's id, and who hears of what only a person can mend."""
        self._client = client
        self._posts = posts
        self._ready = ready
        self._find = find
        self._tell = tell
        self._pace_s = pace_s
        self._pending: OrderedDict[str, Item] = OrderedDict()
        self._changed = asyncio.Event()
        self._not_before: dict[str, float] = {}  # by channel, in the loop's seconds
        self._all_not_before = 0.0
        self._refused: dict[str, str] = {}  # by channel: what a person was told
        self._lost = 0
        self._said_at: OrderedDict[str, float] = OrderedDict()  # by key, epoch seconds
        self._was_said = asyncio.Event()  # set for a moment after each message

    async def said(self, key: str, since: float) -> float:
        """Wait until the message of a key was taken at or after `since` (epoch); return when."""
        while (at := self._said_at.get(key, 0.0)) < since:
            await self._was_said.wait()
        return at

    def put(self, key: str, channel: str, message: Message) -> None:
        """Say it, or edit what was said under this key. Never waits."""
        self._add(Item(key, channel, message))

    def reply(self, key: str, under: str, channel: str, message: Message) -> None:
        """Say it once in the thread of the message `under`. Never waits."""
        self._add(Item(key, channel, message, under))

    def _add(self, item: Item) -> None:
        if item.key not in self._pending and len(self._pending) >= PENDING_MAX:
            oldest = next((k for k, i in self._pending.items() if i.under), None)
            self._pending.pop(oldest or next(iter(self._pending)))
            self._lost += 1
            log.warning("outbox full, lost=%s", self._lost)
        self._pending[item.key] = item
        self._changed.set()

    @property
    def waiting(self) -> int:
        """How many messages are still to be said."""
        return len(self._pending)

    async def run(self) -> None:
        """Say what is to be said, until cancelled."""
        await self._ready()
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            item, due = self._next(loop.time())
            if item is None:
                await self._wait(None if due is None else due - loop.time())
            else:
                await self._deliver(item, loop.time())

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return  # the next one is due

    def _next(self, now: float) -> tuple[Item | None, float | None]:
        """Return the message to be said now, or when one may be; living ones before threads."""
        soonest: float | None = None
        for item in sorted(self._pending.values(), key=lambda i: i.under is not None):
            at = max(self._all_not_before, self._not_before.get(item.channel, 0.0))
            if at <= now:
                return item, None
            soonest = at if soonest is None else min(soonest, at)
        return None, soonest

    async def _deliver(self, item: Item, now: float) -> None:
        self._not_before[item.channel] = now + self._pace_s
        try:
            await self._say(item)
        except SlackApiError as error:
            await self._not_said(item, error, now)
        except NETWORK as error:
            log.warning("cannot say key=%s why=%r", item.key, error)
            self._later(item, now, None)
        else:
            self._said(item)

    def _said(self, item: Item) -> None:
        self._drop(item)
        self._said_at[item.key] = time.time()
        if len(self._said_at) > SAID_KEPT:
            self._said_at.popitem(last=False)
        self._was_said.set()
        self._was_said.clear()
        if self._refused.pop(item.channel, None):
            self._tell(None if not self._refused else next(iter(self._refused.values())))

    def _drop(self, item: Item) -> None:
        """Take it off the list, unless a newer form of it came meanwhile."""
        if self._pending.get(item.key) is item:
            del self._pending[item.key]

    async def _say(self, item: Item) -> None:
        was = await self._posts.get(item.key)
        args = _args(item)
        if item.under is not None:
            parent = await self._posts.get(item.under)
            if was is not None or parent is None:
                return  # said already, or there is no message to say it under
            await self._post(item, parent[0], {**args, "thread_ts": parent[1]})
        elif was is None:
            await self._post(item, await self._find(item.channel) or item.channel, args)
        else:
            await self._client.chat_update(channel=was[0], ts=was[1], **args)

    async def _post(self, item: Item, channel: str, args: dict[str, Any]) -> None:
        said = await self._client.chat_postMessage(
            channel=channel, unfurl_links=False, unfurl_media=False, **args
        )
        await self._posts.put(item.key, said["channel"], said["ts"])

    async def _not_said(self, item: Item, error: SlackApiError, now: float) -> None:
        code = code_of(error)
        if code in GONE and item.under is not None:
            self._drop(item)  # the thread it belongs to is no longer there
        elif code in GONE and await self._posts.get(item.key) is not None:
            await self._posts.forget(item.key)  # it is posted anew
        elif code in PASSING:
            self._later(item, now, retry_after_s(error, 0.0))
        elif code in TOKEN_REFUSALS:
            self._all_not_before = now + NOT_RETRIED_S
            self._refuse(item.channel, token_way_out(BOT, code))
        elif code in CHANNEL_REFUSALS:
            self._not_before[item.channel] = now + CHANNEL_AGAIN_S
            self._refuse(item.channel, channel_way_out(item.channel, code))
        elif item.message.blocks:
            log.error("slack refuses blocks key=%s code=%s", item.key, code, exc_info=error)
            self._replace(item, replace(item, message=Message(item.message.text)))
        else:
            log.error("slack refuses a message key=%s code=%s", item.key, code, exc_info=error)
            self._drop(item)

    def _refuse(self, channel: str, why: str) -> None:
        if self._refused.get(channel) != why:
            self._refused[channel] = why
            log.warning("outbox %s", why)
            self._tell(why)

    def _later(self, item: Item, now: float, wait_s: float | None) -> None:
        pause_s = wait_s or min(LAST_S, FIRST_S * 2.0**item.tries)
        self._all_not_before = now + pause_s
        self._replace(item, replace(item, tries=min(item.tries + 1, 20)))

    def _replace(self, old: Item, new: Item) -> None:
        if self._pending.get(old.key) is old:
            self._pending[old.key] = new


def _args(item: Item) -> dict[str, Any]:
    # The key in the metadata is how a post whose answer was lost can be found again.
    key = {"event_type": "ghost_message", "event_payload": {"key": item.key}}
    return {**item.message.payload(), "metadata": key}
