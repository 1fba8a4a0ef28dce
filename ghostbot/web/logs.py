"""What daemons wrote, over HTTP: the last lines, and a stream of those that come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from ghostbot import errors
from ghostbot.core.words import LOG_LINES, span_s
from ghostbot.ghost import Ghost
from ghostbot.process.output import Follower, Line
from ghostbot.veil import hide
from ghostbot.web import answers, asked

LINES_MAX = 10_000
OFFSET_MAX = 2**62
WORD_MAX = 1000
STREAMS_MAX = 50  # each costs a descriptor and a look at its log a few times a second
LOOK_S = 0.2  # a log is a plain file: whoever writes to it tells nobody
CHUNK_BYTES = 256 * 1024  # a slow reader holds no more than this of a log in memory
ALIVE_S = 15.0  # a stream that is silent this long says so, and notices that nobody listens
SLOW_S = 60.0  # a reader that takes nothing for this long is let go
SSE, LINES = "text/event-stream", "application/x-ndjson"


class Logs:
    """`/api/daemons/{name}/logs` and its stream."""

    def __init__(self, ghost: Ghost) -> None:
        """Take whose daemons write."""
        self._ghost = ghost
        self._ending = asyncio.Event()
        self._streams = 0

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.get("/api/daemons/{name}/logs", self.last),
            web.get("/api/daemons/{name}/logs/stream", self.stream, allow_head=False),
        ]

    def end(self) -> None:
        """End all streams, as Ghost ends."""
        self._ending.set()

    async def last(self, request: web.Request) -> web.Response:
        """Give the last lines."""
        name = request.match_info["name"]
        given = asked.query(request, "lines", "grep", "since")
        since_s = _since(given)
        usual = LOG_LINES if since_s is None else LINES_MAX
        lines = asked.number(given, "lines", usual, most=LINES_MAX)
        grep = given.get("grep", "")[:WORD_MAX] or None
        tail = await self._ghost.logs(name, lines=lines, grep=grep, since_s=since_s)
        shown = await asyncio.to_thread(_hidden, tail.lines)  # thousands of lines take a while
        if grep is not None:  # whoever looks for a secret does not learn that it is there
            shown = [line for line in shown if grep in line.text]
        body: dict[str, Any] = {"daemon": name, "lines": [shape(name, ln) for ln in shown]}
        if not tail.searched_all:
            body["searched_all"] = False  # older lines may hold the word too
        return await asyncio.to_thread(answers.answer, body)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Give the last lines, or those from an offset on, and then each new one."""
        name = request.match_info["name"]
        given = asked.query(request, "lines", "from", "since")
        since_s = _since(given)
        usual = LOG_LINES if since_s is None else LINES_MAX
        lines = asked.number(given, "lines", usual, most=LINES_MAX)
        begin = asked.number(given, "from", -1, most=OFFSET_MAX)
        seen = _last_event(request)
        follow = partial(self._ghost.follower, name)
        follow(0)  # nobody waits for a daemon that there is not
        if self._streams >= STREAMS_MAX:
            said = f"cannot follow {name}: {STREAMS_MAX} streams are open"
            return answers.no(503, "too_many_streams", said)
        if seen is not None:
            source = self._after(follow(seen), seen)
        elif begin >= 0:
            source = self._from(follow(begin))
        else:
            source = self._last_and_new(name, lines, since_s)
        return await self._send(request, name, source)

    async def _last_and_new(
        self, name: str, lines: int, since_s: float | None
    ) -> AsyncIterator[Sequence[Line]]:
        tail = await self._ghost.logs(name, lines=lines, since_s=since_s)
        # The last line may be half written: the follower reads it again, once it is whole.
        yield await asyncio.to_thread(_hidden, tail.lines[:-1])
        begin = tail.lines[-1].offset if tail.lines else tail.size
        async for found in self._from(self._ghost.follower(name, begin)):
            yield found

    async def _after(self, follower: Follower, seen: int) -> AsyncIterator[Sequence[Line]]:
        async for found in self._from(follower):
            yield [line for line in found if line.offset != seen]

    async def _from(self, follower: Follower) -> AsyncIterator[Sequence[Line]]:
        while not self._ending.is_set():
            found = await asyncio.to_thread(lambda: _hidden(follower.poll(CHUNK_BYTES)))
            yield found
            if not found:
                await _either(self._ending, LOOK_S)

    async def _send(
        self, request: web.Request, name: str, source: AsyncIterator[Sequence[Line]]
    ) -> web.StreamResponse:
        as_events = SSE in request.headers.get("Accept", "")
        response = web.StreamResponse(headers=answers.SAFE)
        response.content_type = SSE if as_events else LINES
        write = _event if as_events else _line
        loop = asyncio.get_running_loop()
        self._streams += 1
        try:
            await response.prepare(request)
            told_at = loop.time()
            async for found in source:
                if _is_gone(request):
                    break
                if not found and loop.time() - told_at < ALIVE_S:
                    continue
                held = "".join(write(name, line) for line in found) or (
                    ": nothing new\n\n" if as_events else "\n"
                )
                async with asyncio.timeout(SLOW_S):
                    await response.write(held.encode("utf-8", "replace"))
                told_at = loop.time()
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()  # whoever reads this slowly is not reading
        finally:
            self._streams -= 1
        return response


def _hidden(lines: Sequence[Line]) -> list[Line]:
    """Return lines without secrets. Takes 10 ms for a thousand: not for the loop."""
    return [replace(line, text=hide(line.text)) for line in lines]


def shape(name: str, line: Line) -> dict[str, Any]:
    """Return a line as design §13.2 has it."""
    shaped: dict[str, Any] = {"daemon": name, "offset": line.offset, "line": line.text}
    return {**shaped, "cut": True} if line.cut else shaped


def _line(name: str, line: Line) -> str:
    return json.dumps(shape(name, line), ensure_ascii=False) + "\n"


def _event(name: str, line: Line) -> str:
    """Write a line as HTML's server-sent events have it; its id is where to go on."""
    return f"id: {line.offset}\ndata: {_line(name, line)}\n"


def _since(given: Mapping[str, str]) -> float | None:
    """Read how far back; None: as far as it goes. Raises BadRequest."""
    if "since" not in given:
        return None
    since_s = span_s(given["since"])
    if since_s is None:
        shown = asked.shown(given["since"])
        raise errors.BadRequest(f"cannot read the query: since is {shown}; it takes a time as 10m")
    return since_s


def _last_event(request: web.Request) -> int | None:
    word = request.headers.get("Last-Event-ID", "")
    plain = word.isascii() and word.isdigit() and len(word) < len(str(OFFSET_MAX))
    return int(word) if plain else None


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _either(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
