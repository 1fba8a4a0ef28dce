"""The doors: ghost.sock first, then the private TCP door, before one application.

Rule 1: ghost.sock is made 0600 before anyone can connect, and removed by whoever made it.
Rule 2: a port that is taken stops nothing: its owner is told, and the door is tried again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from ghostbot.ghost import Ghost
from ghostbot.guards.sanity import Meter
from ghostbot.keep import keep
from ghostbot.outlook import Outlook
from ghostbot.veil import also
from ghostbot.web import answers, asked
from ghostbot.web.admission import admission
from ghostbot.web.daemons import Daemons
from ghostbot.web.health import Health
from ghostbot.web.logs import Logs
from ghostbot.web.sockets import (
    BACKLOG,
    Key,
    key_of,
    remove_socket,
    tcp_socket,
    unix_socket,
    why_shut,
)
from ghostbot.web.status import Status
from ghostbot.web.token import token

SOCKET_S = 1.0  # how often is looked whether ghost.sock is still there
AGAIN_S = 10.0  # how often a door that stays shut is tried
LINGER_S = 1.0  # how long the rest of a body is read that nobody wants any more
# None is how aiohttp itself is told to write no access log. Nothing is unpacked: a body of a few
# kilobytes can hold gigabytes, and a signature is of the bytes that came.
HOW: dict[str, Any] = {
    "access_log": None,
    "auto_decompress": False,
    "lingering_time": LINGER_S,
}
GRACE_S = 2.0  # what is being answered when the doors close gets this long

log = logging.getLogger("ghost.web")

Tell = Callable[[str | None], None]


class Noun(Protocol):
    """Something that can be asked about over HTTP."""

    def routes(self) -> list[web.RouteDef]:
        """Return its routes."""


class Connection(web.RequestHandler):
    """aiohttp's connection, saying no in Ghost's shape to what is not even HTTP."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never reached a handler."""
        log.debug("no request status=%d from=%s", status, request.remote, exc_info=exc)
        said = " ".join((message or "no HTTP").split())[:200]
        code = "bad_request" if status < 500 else "internal"  # noqa: PLR2004 - HTTP's own
        response = answers.no(status, code, f"cannot read the request: {said}")
        response.force_close()
        return response


class Doors:
    """Opens the doors, and closes them when it is cancelled."""

    def __init__(
        self,
        ghost: Ghost,
        *,
        state_dir: Path,
        listen: tuple[str, int] | None,
        allowed_hosts: Iterable[str],
        down: Callable[[bool], None],
        tell: Tell,
        nouns: Iterable[Noun] = (),
        outlook: Outlook | None = None,
        meter: Meter | None = None,
    ) -> None:
        """Take the parts.

        `down` ends Ghost and is told whether to keep the daemons. `tell` takes a line for
        people about a door that stays shut, and None once it is open. `nouns` come beside those
        that a Ghost always has.
        """
        self.private: tuple[str, int] | None = None  # where the private door is open
        self._ghost = ghost
        self._state_dir = state_dir
        self._listen = listen
        self._allowed_hosts = tuple(allowed_hosts)
        self._down = down
        self._tell = tell
        self._nouns = tuple(nouns)
        self._outlook = outlook
        self._meter = meter or Meter()
        self._key: Key | None = None  # of ghost.sock
        self._token = ""  # read before the private door opens
        self._servers: list[asyncio.Server] = []

    async def run(self) -> None:
        """Keep the doors open until cancelled. Raises OSError where ghost.sock cannot be made."""
        logs = Logs(self._ghost)
        runner = web.AppRunner(self._app(logs), shutdown_timeout=GRACE_S)
        await runner.setup()
        try:
            await self._open_socket(runner)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._meter.run(), name="lag meter")
                tasks.create_task(self._keep_socket(runner), name="ghost.sock")
                door = keep("the private door", lambda: self._private(runner), self._tell)
                tasks.create_task(door, name="private door")
        finally:
            remove_socket(self._state_dir, self._key)
            self.private = None
            for server in self._servers:
                server.close()
            self._servers.clear()
            logs.end()
            await runner.cleanup()

    def _app(self, logs: Logs) -> web.Application:
        admit = admission(token=lambda: self._token, allowed_hosts=self._allowed_hosts)
        app = web.Application(
            middlewares=[answers.in_one_shape, admit], client_max_size=asked.BODY_MAX_BYTES
        )
        always: tuple[Noun, ...] = (
            Health(self._ghost, self._meter),
            Status(self._ghost, self._outlook),
            Daemons(self._ghost, self._down),
            logs,
        )
        for noun in (*self._nouns, *always):  # the first that a path fits has it
            app.add_routes(noun.routes())
        return app

    async def _serve(self, runner: web.AppRunner, door: socket.socket) -> None:
        loop, manager = asyncio.get_running_loop(), runner.server
        assert manager is not None, "the runner was set up before any door"

        def connection() -> Connection:
            return Connection(manager, loop=loop, **HOW)

        self._servers.append(await loop.create_server(connection, sock=door, backlog=BACKLOG))

    async def _open_socket(self, runner: web.AppRunner) -> None:
        door = unix_socket(self._state_dir)
        self._key = key_of(self._state_dir)
        await self._serve(runner, door)
        log.info("open door=ghost.sock")

    async def _keep_socket(self, runner: web.AppRunner) -> None:
        """Make ghost.sock anew where somebody took it away: nobody could ask Ghost anything."""
        while True:
            await asyncio.sleep(SOCKET_S)
            if key_of(self._state_dir) != self._key:
                with suppress(OSError):  # its folder is gone, too: that is told and mended first
                    await self._open_socket(runner)

    async def _private(self, runner: web.AppRunner) -> None:
        """Open the private door, now or as soon as its port is free."""
        if self._listen is None:
            return
        host, port = self._listen
        while True:
            try:
                self._token = token(self._state_dir)
                also([self._token])  # a daemon may read the file, and print it
                door = await tcp_socket(host, port)
            except OSError as error:
                self._tell(await why_shut("private", "listen", (host, port), error))
                await asyncio.sleep(AGAIN_S)
            else:
                await self._serve(runner, door)
                self.private = door.getsockname()[:2]
                self._tell(None)
                log.info("open door=private at=%s:%d", *self.private)
                return
