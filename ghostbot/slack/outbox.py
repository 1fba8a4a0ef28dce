"""Everything Ghost says by itself: living messages and their threads, at the pace Slack allows.

Rule 1: a message has a key. What is put under the same key is an edit, and the newest one wins.
Rule 2: what waits is kept on disk: the next Ghost says it. Replies of one thread go as one.
Rule 3: what passes (a network, a limit, Slack's own trouble) is tried again, ever more slowly.
Rule 4: what only a person can mend is told once, with the way out; the messages wait meanwhile.
Rule 5: a post whose answer was lost is looked for before it is posted again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.slack.blocks.message import Message
from ghostbot.slack.keeping import Keeping, Unsaid
from ghostbot.slack.pace import CHANNEL_S, EDIT, HISTORY, LOOKS, POST, REPLIES, Pace
from ghostbot.slack.pending import Item, Pending
from ghostbot.slack.refusals import (
    BOT,
    CHANNEL_REFUSALS,
    GONE,
    LIMITS,
    NETWORK,
    NOT_RETRIED_S,
    PASSING,
    TOKEN_REFUSALS,
    channel_way_out,
    code_of,
    retry_after_s,
    token_way_out,
)
from ghostbot.slack.search import metadata, said_since
from ghostbot.slack.whereabouts import Posts, Whereabouts

PENDING_MAX = 1_000  # messages waiting; edits of one message are one
SAID_KEPT = 200  # of which is known when they were said
FIRST_S, LAST_S = 0.5, 60.0  # between tries of what passes
SETTLE_S = 3.0  # what was not answered in time may still be done so much later
CHANNEL_AGAIN_S = 300.0  # a channel that refuses is tried again this often
LOOKS_MAX = 5  # refused looks for a lost post; then it may be said twice rather than never
TRIES = 8  # every so many that fail, another message has a try
THREADS_TURN = 4  # every fourth is a reply, however much else there is to say

log = logging.getLogger("ghost.slack.outbox")


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
        unsaid: Unsaid | None = None,
        pace_s: float = CHANNEL_S,
    ) -> None:
        """Take the parts: a client that repeats nothing by itself, what waits until Slack has let
        us in, what finds a channel's id, and who hears of what only a person can mend."""
        self._client = client
        self._where = Whereabouts(posts)
        self._ready = ready
        self._find = find
        self._tell = tell
        self._pace = Pace(pace_s)
        self._pending = Pending()
        self._kept = Keeping(self._pending, unsaid)
        self._changed = asyncio.Event()
        self._turns = 0
        self._failures = 0  # in a row, of what passes
        self._failing: str | None = None  # the key of the last of them
        self._aside: dict[str, float] = {}  # by key: what fails alone, and until when it waits
        self._looks = 0  # in a row, that were refused
        self._refused: dict[str, str] = {}  # by channel: what a person was told
        self._said_at: OrderedDict[str, float] = OrderedDict()  # by key, epoch seconds
        self._was_said = asyncio.Event()  # set for a moment after each message

    async def said(self, key: str, since: float) -> float:
        """Wait until the message of a key was taken at or after `since` (epoch); return when."""
        while (at := self._said_at.get(key, 0.0)) < since:
            await self._was_said.wait()
        return at

    async def place(self, key: str) -> tuple[str, str] | None:
        """Return where the message of a key stands: channel id and ts."""
        return await self._where.of(key)

    async def note(self, key: str, place: tuple[str, str]) -> None:
        """Take up a message that somebody else posted: replies can be said under it."""
        if await self._where.of(key) != place:
            await self._where.stands(key, place)

    def put(self, key: str, channel: str, message: Message) -> None:
        """Say it, or edit what was said under this key. Never waits."""
        self._add(Item(key, channel, message))

    def reply(
        self, key: str, under: str, channel: str, message: Message, *, broadcast: bool = False
    ) -> None:
        """Say it once in the thread of the message `under`. Never waits.

        `broadcast` shows it in the channel as well, where it pings whom it mentions.
        """
        if not self._where.is_known(key):
            self._add(Item(key, channel, message, under, broadcast))

    def _add(self, item: Item) -> None:
        lost = self._pending.lost
        self._pending.put(item, PENDING_MAX)
        if self._pending.lost != lost and lost % 100 == 0:
            log.warning("outbox full, lost=%s", self._pending.lost)
        self._changed.set()
        self._kept.changed()

    def has(self, key: str) -> bool:
        """Tell whether the message of a key was said, or waits to be."""
        return key in self._pending or self._where.is_known(key)

    def refused(self) -> str | None:
        """Say what Slack refuses and only a person can mend; None: nothing."""
        return next(iter(self._refused.values()), None)

    @property
    def waiting(self) -> int:
        """How many messages are still to be said."""
        return len(self._pending)

    async def run(self) -> None:
        """Say what is to be said, until cancelled."""
        try:
            await self._kept.load()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._kept.run(), name="outbox store")
                tasks.create_task(self._work(), name="outbox worker")
        finally:
            await self._kept.end()

    async def _work(self) -> None:
        await self._ready()
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            found = await self._next(loop.time())
            if isinstance(found, tuple):
                await self._deliver(*found, loop.time())
            else:
                await self._wait(None if found is None else found - loop.time())

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return  # the next one is due

    async def _next(self, now: float) -> tuple[Item, str] | float | None:
        """Return what is to be said now and by which method, or when something may be."""
        if self._pending and self._pace.all_from > now:
            return self._pace.all_from
        soonest: float | None = None
        passed: tuple[Item, str] | None = None
        threads_first = self._turns % THREADS_TURN == THREADS_TURN - 1
        for item in self._pending.in_order(threads_first=threads_first):
            rests = self._pace.channel_from(item.channel)
            if rests > now and item.tried_at is None:
                soonest = rests if soonest is None else min(soonest, rests)
                continue
            method = await self._method(item)
            if method is None:
                continue
            due = max(self._pace.due(method, item.channel), self._aside.get(item.key, 0.0))
            if due > now:
                soonest = due if soonest is None else min(soonest, due)
            elif item.key == self._failing and self._failures % TRIES == TRIES - 1:
                passed = item, method  # if it fails for ever, it must hold up no others
            else:
                self._turns += 1
                return item, method
        return passed or soonest

    async def _method(self, item: Item) -> str | None:
        """Return what is to be called for an item; None: nothing, or nothing yet."""
        place = await self._where.of(item.key)
        if item.under is None:
            if place is not None:
                return EDIT
            return POST if item.tried_at is None else HISTORY
        if place is not None:
            self._pending.drop(item)  # said already
            return None
        if await self._where.of(item.under) is None:
            if item.under not in self._pending:
                self._has_no_thread(item)
            return None
        return POST if item.tried_at is None else REPLIES

    async def _deliver(self, item: Item, method: str, now: float) -> None:
        self._pace.used(method, item.channel, now)
        items = self._pending.batch(item) if method == POST else [item]
        try:
            if method in LOOKS:
                await self._look(item)
            elif method == EDIT:
                await self._edit(item)
            else:
                await self._post(items)
        except SlackApiError as error:  # its times count from the answer, not from the question
            await self._not_done(items, method, error, asyncio.get_running_loop().time())
        except NETWORK as error:
            self._cut_off(items, error, asyncio.get_running_loop().time())
        else:
            if method not in LOOKS:
                self._worked(item, now)

    def _worked(self, item: Item, now: float) -> None:
        if self._failing not in (None, item.key):
            # Slack is well, and does not take that one.
            self._aside = {k: until for k, until in self._aside.items() if until > now}
            self._aside[self._failing or ""] = now + CHANNEL_AGAIN_S
        self._failures, self._failing = 0, None

    async def _edit(self, item: Item) -> None:
        place = await self._where.of(item.key)
        assert place is not None, "what was never posted is posted, not edited"
        await self._client.chat_update(
            channel=place[0], ts=place[1], metadata=metadata([item.key]), **item.message.payload()
        )
        self._said([item])

    async def _post(self, items: list[Item]) -> None:
        first, keys = items[0], [item.key for item in items]
        args: dict[str, Any] = self._pending.joined(items).payload()
        if first.under is None:
            channel = await self._find(first.channel) or first.channel
        else:
            parent = await self._where.of(first.under)
            assert parent is not None, "a reply waits until there is a message to say it under"
            channel, args["thread_ts"] = parent
            args["reply_broadcast"] = first.broadcast
        self._pending.tried(keys, time.time())
        await self._kept.write()  # if Ghost dies now, the next one looks for it before it posts
        answer = await self._client.chat_postMessage(
            channel=channel,
            unfurl_links=False,
            unfurl_media=False,
            metadata=metadata(keys),
            **args,
        )
        for key in keys:
            await self._stands(key, (answer["channel"], answer["ts"]))
        self._said(items)

    async def _stands(self, key: str, place: tuple[str, str]) -> None:
        await self._where.stands(key, place)
        self._pending.tried([key], None)

    def _said(self, items: list[Item]) -> None:
        self._pending.were_said(items)
        for item in items:
            self._said_at[item.key] = time.time()
        while len(self._said_at) > SAID_KEPT:
            self._said_at.popitem(last=False)
        self._kept.changed()
        self._was_said.set()
        self._was_said.clear()
        if self._refused.pop(items[0].channel, None):
            self._tell(None if not self._refused else next(iter(self._refused.values())))

    async def _look(self, item: Item) -> None:
        """Find out which of those that may have been said were."""
        doubted = self._pending.doubted(item)
        since = min(i.tried_at or 0.0 for i in doubted)
        thread_ts = None
        channel = item.channel
        if item.under is None:
            channel = await self._find(item.channel) or item.channel
        elif place := await self._where.of(item.under):
            channel, thread_ts = place
        found = await said_since(self._client, channel, thread_ts, since)
        for one in doubted:
            if one.key in found:
                log.info("found what was said key=%s", one.key)
                await self._stands(one.key, (channel, found[one.key]))
        self._sure(doubted)

    def _sure(self, items: Iterable[Item]) -> None:
        """Note that these can be posted: they were not said, or nobody can tell."""
        self._looks = 0
        self._pending.tried([item.key for item in items], None)
        self._kept.changed()

    async def _not_done(
        self, items: list[Item], method: str, error: SlackApiError, now: float
    ) -> None:
        code = code_of(error)
        if method in LOOKS:
            self._looked_in_vain(items[0], code)
        elif code not in PASSING:
            self._pending.tried([item.key for item in items], None)  # it was surely not said
        if code in LIMITS:
            self._pace.rest(method, now + (retry_after_s(error, 0.0) or self._pause_s()))
        elif code in PASSING:
            self._failing = items[0].key
            self._pace.rest_all(now + (retry_after_s(error, 0.0) or self._pause_s()))
        elif method not in LOOKS:
            await self._refuses(items, method, error, now)

    def _looked_in_vain(self, item: Item, code: str) -> None:
        self._looks += 1
        if self._looks >= LOOKS_MAX or code not in PASSING | LIMITS:
            log.warning("cannot find out what was said key=%s why=%s", item.key, code)
            self._sure(self._pending.doubted(item))

    async def _refuses(
        self, items: list[Item], method: str, error: SlackApiError, now: float
    ) -> None:
        item, code = items[0], code_of(error)
        if code in GONE and item.under is not None:
            await self._thread_is_gone(items, item.under)
        elif code in GONE and method == EDIT:
            await self._where.is_gone(item.key)  # it is posted anew
        elif code in TOKEN_REFUSALS:
            self._pace.rest_all(now + NOT_RETRIED_S)
            self._refuse(item.channel, token_way_out(BOT, code))
        elif code in CHANNEL_REFUSALS:
            self._pace.rest_channel(item.channel, now + CHANNEL_AGAIN_S)
            self._refuse(item.channel, channel_way_out(item.channel, code))
        else:
            self._bad_words(items, code, error)

    async def _thread_is_gone(self, items: list[Item], under: str) -> None:
        """Wait with replies for the message that is posted anew, if it is."""
        await self._where.is_gone(under)
        for one in items if under not in self._pending else ():
            self._has_no_thread(one)

    def _has_no_thread(self, item: Item) -> None:
        """Let go of a reply to what is not there; what is to be noticed is said in the channel."""
        self._pending.drop(item)
        if item.broadcast:
            self._add(replace(item, under=None, broadcast=False))

    def _bad_words(self, items: list[Item], code: str, error: SlackApiError) -> None:
        log.error("slack refuses a message key=%s code=%s", items[0].key, code, exc_info=error)
        for item in items:
            if item.message.blocks or item.message.details:
                self._pending.change(item, Message(item.message.text))
            else:
                self._pending.drop(item)

    def _refuse(self, channel: str, why: str) -> None:
        if self._refused.get(channel) != why:
            self._refused[channel] = why
            log.warning("outbox %s", why)
            self._tell(why)

    def _cut_off(self, items: list[Item], error: BaseException, now: float) -> None:
        log.warning("cannot say key=%s why=%r", items[0].key, error)
        self._failing = None  # nobody knows what ails, and order counts
        if isinstance(error, aiohttp.ClientConnectorError) and items[0].tried_at is None:
            self._pending.tried([item.key for item in items], None)  # nothing was ever sent
        pause_s = self._pause_s()
        late = isinstance(error, TimeoutError)
        self._pace.rest_all(now + (max(pause_s, SETTLE_S) if late else pause_s))

    def _pause_s(self) -> float:
        """Return how long to wait for what passes: longer each time."""
        pause_s = min(LAST_S, FIRST_S * 2.0 ** min(self._failures, 20))
        self._failures += 1
        return pause_s
