"""Servers on loopback that answer as a test wants them to, however badly."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

LITTLE = 16 * 1024  # a send buffer, so that what was not read is not sent

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(
    handle: Handle, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve until the end of the block, and give the port. Who is still talking is cut off."""
    talking: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a handler is a task"
        talking.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handle(reader, writer)
        finally:
            talking.discard(task)
            writer.close()

    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LITTLE)
    door.bind((host, 0))
    server = await asyncio.start_server(meet, sock=door, ssl=tls)
    try:
        yield door.getsockname()[1]
    finally:
        server.close()
        for task in talking:
            task.cancel()
        if talking:
            await asyncio.wait(talking)
        await server.wait_closed()


def has_ipv6() -> bool:
    """Tell whether this machine has the other loopback address; containers often do not."""
    try:
        with socket.socket(socket.AF_INET6) as door:
            door.bind(("::1", 0))
    except OSError:
        return False
    return True


LOOPBACKS = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]


def free_port() -> int:
    """Return a port on which nobody listens, as far as anybody can tell."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@dataclass(slots=True)
class Pages:
    """A web server with a page for each path: its status, headers and body."""

    pages: dict[str, tuple[int, Mapping[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # path and headers

    def put(self, path: str, body: str = "", status: int = 200, **headers: str) -> None:
        """Answer so at `path`; `Content_Type` becomes a header with a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, named, body.encode())

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        path, headers = await request(reader)
        self.asked.append((path, headers))
        status, named, body = self.pages.get(path.partition("?")[0], (404, {}, b"no such page"))
        lines = [f"{name}: {value}\r\n" for name, value in named.items()]
        head = f"HTTP/1.1 {status} Said\r\n{''.join(lines)}Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()


async def request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """Read the head of a request: its path, and its headers in lower case."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    named = (line.split(": ", 1) for line in lines)
    return first.split(" ")[1], {name.lower(): value for name, value in named}
