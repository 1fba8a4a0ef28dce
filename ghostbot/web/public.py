"""The public door: what a tunnel may show the world. Off unless ghost.toml opens it.

Rule 1: it is an application of its own: what does not stand in `_app` does not exist here.
Rule 2: whoever comes is a stranger: a head that does not end, a body that does not come and a
        crowd all meet a limit, and none of them reaches the other doors.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from ghostbot import shapes
from ghostbot.config.model import PublicStatus, WebTable
from ghostbot.core.snapshot import House
from ghostbot.web import answers
from ghostbot.web.doors import AGAIN_S, GRACE_S, HOW, Connection, Noun, Tell
from ghostbot.web.health import Health
from ghostbot.web.sockets import BACKLOG, tcp_socket, why_shut
from ghostbot.web.status import Status

CROWD = 200  # connections at a time: a tunnel needs a handful
IDLE_S = 15.0  # from connecting to the end of the head, and between two requests
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nServer: ghost\r\nRetry-After: 15\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)

log = logging.getLogger("ghost.web")


class TurnedAway(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so, and hang up."""
        assert isinstance(transport, asyncio.Transport), "a TCP door's"
        transport.write(FULL)
        transport.close()


class PublicDoor:
    """Opens the door, and closes it when it is cancelled."""

    def __init__(
        self, table: WebTable, health: Health, status: Status, nouns: Iterable[Noun], tell: Tell
    ) -> None:
        """Take what may be seen here: how Ghost is, as far as `table` says, and `nouns`.

        `tell` takes a line for people about a door that stays shut, and None once it is open.
        """
        self.at: tuple[str, int] | None = None  # where it is open
        self._table = table
        self._health = health
        self._status = status
        self._nouns = tuple(nouns)
        self._tell = tell

    async def run(self) -> None:
        """Keep the door open until cancelled; without one, return at once."""
        if self._table.public is None:
            return
        runner = web.AppRunner(self._app(), shutdown_timeout=GRACE_S)
        await runner.setup()
        server = None
        try:
            door = await self._socket(self._table.public)
            server = await self._serve(runner, door)
            self.at = door.getsockname()[:2]
            self._tell(None)
            log.info("open door=public at=%s:%d", *self.at)
            await asyncio.Event().wait()
        finally:
            self.at = None
            if server is not None:
                server.close()
            await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[answers.in_one_shape, self._cross_origin])
        app.router.add_get("/health", self._alive)
        if self._table.public_status is not PublicStatus.OFF:
            app.router.add_get("/ghost/status.json", self._how)
        for noun in self._nouns:
            app.add_routes(noun.routes())
        return app

    async def _socket(self, at: tuple[str, int]) -> Any:
        """Return a socket, now or as soon as its port is free."""
        while True:
            try:
                return await tcp_socket(*at)
            except OSError as error:
                self._tell(await why_shut("public", "public", at, error))
                await asyncio.sleep(AGAIN_S)

    async def _serve(self, runner: web.AppRunner, door: Any) -> asyncio.Server:
        loop, manager = asyncio.get_running_loop(), runner.server
        assert manager is not None, "the runner was set up before the door"

        def connection() -> asyncio.Protocol:
            if len(manager.connections) >= CROWD:
                return TurnedAway()
            return Connection(manager, loop=loop, keepalive_timeout=IDLE_S, **HOW)

        return await loop.create_server(connection, sock=door, backlog=BACKLOG)

    async def _alive(self, request: web.Request) -> web.StreamResponse:
        """Say that Ghost lives; more only where the status is public in full."""
        response = await self._health.health(request)
        if self._table.public_status is PublicStatus.FULL:
            return response
        word = "ok" if response.status == 200 else "late"  # noqa: PLR2004 - HTTP's OK
        return answers.answer({"status": word, "service": "ghost"}, status=response.status)

    async def _how(self, request: web.Request) -> web.StreamResponse:
        if self._table.public_status is PublicStatus.FULL:
            return await self._status.status(request)
        return answers.answer(summary(self._status.house()))

    @web.middleware
    async def _cross_origin(
        self, request: web.Request, handler: answers.Handler
    ) -> web.StreamResponse:
        """Let the pages of the origins in ghost.toml read what anybody may read here."""
        response = await handler(request)
        origin = request.headers.get("Origin", "").lower()
        if origin in self._table.cors and request.method == "GET" and _is_open(request.path):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if self._table.cors:
            response.headers["Vary"] = "Origin"
        return response


def _is_open(path: str) -> bool:
    return path in {"/health", "/ghost/status.json"}


def summary(house: House) -> dict[str, Any]:
    """Return how many daemons are how, without saying which."""
    words = Counter(view.state.value for view in house.daemons)
    return {
        "updatedAt": shapes.iso(house.updated_at),
        "total": len(house.daemons),
        "states": dict(sorted(words.items())),
    }
