"""Whether something accepts connections on a port of this machine."""

from __future__ import annotations

import asyncio
from contextlib import suppress

LOOPBACKS = ("127.0.0.1", "::1")  # a program may listen on either alone


async def accepts(port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether a connection to `port` on a loopback address is accepted within the time."""
    for host in LOOPBACKS:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(timeout_s):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return True
    return False
