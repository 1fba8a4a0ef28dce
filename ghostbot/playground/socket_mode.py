"""Socket Mode: the connections of the app, and what is delivered over them.

1. A ticket opens one connection; the eleventh is told too_many_websockets and closed.
2. Each envelope goes to exactly one connection, in turn.
3. An envelope that nobody acks within 3 s failed: `operation_timeout`; without any connection it
   failed at once: `dispatch_failed`.
4. Every connection gets a PING every few seconds, an empty text frame now and then, and the
   disconnects `warning` and `refresh_requested` when its life is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from ghostbot.playground.clock import Clock
from ghostbot.playground.directory import APP_ID
from ghostbot.playground.errands import Errands
from ghostbot.playground.faults import Faults
from ghostbot.playground.normal import Json
from ghostbot.playground.vouchers import Vouchers

ACK_S = 3.0
MOST_CONNECTIONS = 10
PING_S = 5.0  # Slack's are 10 s apart at most; the Node client gives up after 30 s without one
EMPTY_FRAME_EVERY = 6  # pings
LIFETIME_S = 18_060.0
DEBUG_LIFETIME_S = 360.0  # with debug_reconnects=true in the URL
WARNING_S = 10.0
CLOSE_S = 1.0


class Unanswered(Exception):
    """Nobody took an envelope; `error` is the word that the user reads."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(eq=False, slots=True)
class Connection:
    """One open connection of the app."""

    socket: web.WebSocketResponse
    transport: asyncio.BaseTransport | None
    number: int
    lifetime_s: float

    @property
    def host(self) -> str:
        """The name that Slack's machine has in the frames."""
        return f"applink-{self.number}"

    async def send(self, frame: Json) -> None:
        """Send a frame; a line that was cut meanwhile is found out by the missing ack."""
        with contextlib.suppress(ConnectionError):
            await self.socket.send_str(json.dumps(frame))


class Sockets:
    """All connections of the app."""

    def __init__(self, clock: Clock, faults: Faults, vouchers: Vouchers, errands: Errands) -> None:
        self._clock = clock
        self._faults = faults
        self._vouchers = vouchers
        self._errands = errands
        self._connections: list[Connection] = []
        self._acks: dict[str, asyncio.Future[Json | None]] = {}
        self.opened = 0  # connections so far
        self._turn = 0
        self.lifetime_s = LIFETIME_S
        self.on_change: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._connections)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A client comes with its ticket."""
        if not self._vouchers.use_ticket(request.query.get("ticket", "")):
            return web.Response(status=403, text="invalid_ticket")
        socket = web.WebSocketResponse(autoping=False, timeout=CLOSE_S, compress=False)
        await socket.prepare(request)
        self.opened += 1
        debug = request.query.get("debug_reconnects") == "true"
        lifetime_s = DEBUG_LIFETIME_S if debug else self.lifetime_s
        connection = Connection(socket, request.transport, self.opened, lifetime_s)
        if len(self._connections) >= MOST_CONNECTIONS:
            await connection.send(self._goodbye(connection, "too_many_websockets"))
            await socket.close()
            return socket
        self._connections.append(connection)
        self.on_change()
        try:
            await connection.send(self._hello(connection))
            self._errands.start(self._keep_alive(connection), f"pings {connection.host}")
            await self._listen(connection)
        finally:
            self._connections.remove(connection)
            self.on_change()
        return socket

    async def deliver(
        self, kind: str, payload: Json, *, accepts: bool, extra: Json | None = None
    ) -> Json | None:
        """Hand an envelope to one connection; its ack's payload, or `Unanswered`."""
        connection = self._next()
        if connection is None:
            raise Unanswered("dispatch_failed")
        envelope_id = str(uuid.uuid4())
        ack: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._acks[envelope_id] = ack
        envelope: Json = {"envelope_id": envelope_id, "type": kind, "payload": payload}
        envelope |= {"accepts_response_payload": accepts, **(extra or {})}
        try:
            await self._clock.pause(self._faults.lag_s)
            await connection.send(envelope)
            if self._faults.take_double():
                await connection.send(envelope)
            if not await self._clock.pause(ACK_S, until=ack):
                raise Unanswered("operation_timeout")
            return ack.result() if accepts else None
        finally:
            del self._acks[envelope_id]

    async def disconnect(self, reason: str) -> None:
        """Tell every connection to go, for this reason, and close what is still there then."""
        for connection in tuple(self._connections):
            await connection.send(self._goodbye(connection, reason))

    def cut(self) -> None:
        """Cut every line without a word, as a broken network does."""
        for connection in tuple(self._connections):
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()

    async def close(self) -> None:
        """Close every connection."""
        closing = [connection.socket.close() for connection in self._connections]
        await asyncio.gather(*closing, return_exceptions=True)

    def _next(self) -> Connection | None:
        if not self._connections:
            return None
        self._turn += 1
        return self._connections[self._turn % len(self._connections)]

    async def _listen(self, connection: Connection) -> None:
        async for frame in connection.socket:
            if frame.type is WSMsgType.TEXT:
                self._acked(frame.data)
            elif frame.type is WSMsgType.PING and not self._faults.mute_pongs:
                with contextlib.suppress(ConnectionError):
                    await connection.socket.pong(frame.data)

    def _acked(self, text: str) -> None:
        with contextlib.suppress(ValueError):
            frame: Any = json.loads(text)
            ack = self._acks.get(frame.get("envelope_id", "")) if isinstance(frame, dict) else None
            if ack is None or ack.done() or self._faults.take_ack():
                return
            ack.set_result(frame.get("payload"))

    async def _keep_alive(self, connection: Connection) -> None:
        end = self._clock.now() + connection.lifetime_s
        warned = False
        pings = 0
        with contextlib.suppress(ConnectionError):
            while not connection.socket.closed and (left := end - self._clock.now()) > 0:
                if left <= WARNING_S and not warned:
                    warned = True
                    await connection.send(self._goodbye(connection, "warning"))
                if not self._faults.mute_pongs:
                    await connection.socket.ping(f"Ping from {connection.host}".encode())
                pings += 1
                if pings % EMPTY_FRAME_EVERY == 0:
                    await connection.socket.send_str("")
                await self._clock.pause(PING_S)
            await connection.send(self._goodbye(connection, "refresh_requested"))
            await self._clock.pause(WARNING_S)
            await connection.socket.close()

    def _hello(self, connection: Connection) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {
                "host": connection.host,
                "build_number": 1,
                "approximate_connection_time": int(connection.lifetime_s),
            },
            "connection_info": {"app_id": APP_ID},
        }

    def _goodbye(self, connection: Connection, reason: str) -> Json:
        frame: Json = {"type": "disconnect", "reason": reason}
        frame["debug_info"] = {"host": connection.host}
        if reason == "too_many_websockets":
            frame["num_connections"] = len(self._connections)
            frame["connection_info"] = {"app_id": APP_ID}
        return frame
