"""What happened, over HTTP: the newest events, and a stream of those that come."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from aiohttp import web

from ghostbot import errors
from ghostbot.core.words import did_you_mean, span_s
from ghostbot.record import Noted
from ghostbot.shapes import iso
from ghostbot.store.events import KINDS, READ_MAX, Events
from ghostbot.veil import hide_in
from ghostbot.web import answers, asked
from ghostbot.web.logs import ALIVE_S, LINES, SLOW_S, SSE

USUAL = 100
STREAMS_MAX = 50
DIGITS = 17  # ids are microseconds


class Happened:
    """`/api/events` and `/events`."""

    def __init__(self, events: Events) -> None:
        """Take whom to ask."""
        self._events = events
        self._streams = 0

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.get("/api/events", self.newest),
            web.get("/events", self.stream, allow_head=False),
        ]

    async def newest(self, request: web.Request) -> web.Response:
        """Give the newest events, oldest first."""
        given = asked.query(request, "since", "kind", "limit")
        limit = asked.number(given, "limit", USUAL, most=READ_MAX)
        after, since = _since(given.get("since"))
        found = await self._events.newest(limit, after=after, since=since, kinds=_kinds(given))
        return answers.answer({"events": [shape(one) for one in found]})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Give events as they come: those after Last-Event-ID or `since`, or new ones alone."""
        given = asked.query(request, "since", "kind", "limit", "lines")
        kinds = _kinds(given)
        begin = await self._begin(request, given)
        if self._streams >= STREAMS_MAX:
            said = f"cannot follow events: {STREAMS_MAX} streams are open"
            return answers.no(503, "too_many_streams", said)
        as_lines = asked.truth(given, "lines")
        response = web.StreamResponse(headers=answers.SAFE)
        response.content_type = LINES if as_lines else SSE
        write = _line if as_lines else _event
        self._streams += 1
        try:
            await response.prepare(request)
            async with aclosing(self._batches(begin)) as batches:
                async for batch in batches:
                    meant = [one for one in batch if not kinds or one.kind in kinds]
                    held = "".join(map(write, meant)) or ("\n" if as_lines else ": nothing new\n\n")
                    async with asyncio.timeout(SLOW_S):
                        await response.write(held.encode("utf-8", "replace"))
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()  # whoever reads this slowly is not reading
        finally:
            self._streams -= 1
        return response

    async def _begin(self, request: web.Request, given: dict[str, str]) -> int | None:
        """Return the id after which a stream begins; None: with what comes."""
        last = request.headers.get("Last-Event-ID", "")
        if last.isascii() and last.isdigit() and len(last) <= DIGITS:
            return int(last)
        limit = asked.number(given, "limit", 0, most=READ_MAX)
        if not limit and "since" not in given:
            return None
        after, since = _since(given.get("since"))
        first = await self._events.newest(
            limit or READ_MAX, after=after, since=since, kinds=_kinds(given)
        )
        return first[0].id - 1 if first else None

    async def _batches(self, begin: int | None) -> AsyncGenerator[Sequence[Noted]]:
        """Give batches for ever; an empty one where nothing came for a while, or Ghost ends."""
        yield ()
        async with aclosing(self._events.follow(begin, ALIVE_S)) as follower:
            async for batch in follower:
                yield batch


def shape(noted: Noted) -> dict[str, Any]:
    """Return an event as the API and `ghost events --json` give it."""
    return {
        "id": noted.id,
        "at": iso(noted.at),
        "kind": noted.kind,
        "who": noted.who or None,
        "what": noted.what,
        "more": dict(noted.more),
    }


def _line(noted: Noted) -> str:
    return json.dumps(hide_in(shape(noted)), ensure_ascii=False) + "\n"


def _event(noted: Noted) -> str:
    """Write an event as HTML's server-sent events have it; its id is where to go on."""
    return f"id: {noted.id}\nevent: {noted.kind}\ndata: {_line(noted)}\n"


def _kinds(given: dict[str, str]) -> tuple[str, ...]:
    """Read which kinds are wanted; none is all. Raises BadRequest."""
    kinds = tuple(filter(None, given.get("kind", "").split(",")))
    for kind in kinds:
        if kind not in KINDS:
            near = did_you_mean(asked.cut(kind), KINDS) or f"; it takes {', '.join(KINDS)}"
            raise errors.BadRequest(f"cannot read the query: no kind {asked.cut(kind)}{near}")
    return kinds


def _since(said: str | None) -> tuple[int, float]:
    """Read an id, after which, or a time, since when. Raises BadRequest."""
    if said is None:
        return 0, 0.0
    if said.isascii() and said.isdigit() and len(said) <= DIGITS:
        return int(said), 0.0
    since_s = span_s(said)
    if since_s is None:
        raise errors.BadRequest(
            f"cannot read the query: since is {asked.shown(said)}; it takes an id, or a time as 10m"
        )
    return 0, time.time() - since_s
