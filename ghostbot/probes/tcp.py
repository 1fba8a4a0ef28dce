"""Whether something accepts connections on a port of this machine."""

from __future__ import annotations

import asyncio
import errno
import socket

from ghostbot.config.model import ProbeTable
from ghostbot.probes import faults
from ghostbot.probes.finding import Finding

LOOPBACKS = ("127.0.0.1", "::1")  # a program may listen on either alone


async def accepts(port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether a connection to `port` on a loopback address is accepted within the time."""
    return await connect(port, timeout_s) is None


async def connect(port: int, timeout_s: float) -> OSError | None:
    """Connect and hang up; return why the first loopback address refused where both did."""
    first: OSError | None = None
    for host in LOOPBACKS:
        try:
            async with asyncio.timeout(timeout_s):
                await _connect(host, port)
        except TimeoutError as error:  # it listens, and does not take any more
            return error
        except OSError as error:
            first = first or error
        else:
            return None
    return first


async def _connect(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)  # noqa: FBT003 - the standard library's own form
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
        # A free port from the range of those given out may be given to this very socket, which
        # then talks to itself (RFC 9293 §3.5, simultaneous open).
        if sock.getsockname() == sock.getpeername():
            raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens there")


class Tcp:
    """Looks whether a port accepts."""

    def __init__(self, table: ProbeTable, port: int | None) -> None:
        """Take the probe, and the port where it names none."""
        self._port = table.port or port
        self._timeout_s = table.timeout_s

    async def look(self) -> Finding:
        """Look once."""
        if self._port is None:
            return Finding(ok=None, said="cannot look: it has no port yet")
        loop = asyncio.get_running_loop()
        began = loop.time()
        error = await connect(self._port, self._timeout_s)
        took_s = loop.time() - began
        where = f"port {self._port}"
        if error is None:
            return Finding(ok=True, said=f"{where} accepts connections", took_s=took_s)
        if (why := faults.own(error)) is not None:
            return Finding(ok=None, said=f"cannot look at {where}: {why}", took_s=took_s)
        if isinstance(error, TimeoutError) and error.errno is None:
            said = f"{where} accepted no connection within {self._timeout_s:g} s"
            return Finding(ok=False, said=said, took_s=took_s)
        return Finding(ok=False, said=f"{faults.words(error)} on {where}", took_s=took_s)
