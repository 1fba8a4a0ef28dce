"""A patch as it is sent over HTTP: its bytes, read whole within limits, or refused.

Rule 1: what is too large is noticed while it comes, whatever its head says of its length.
Rule 2: nothing is unpacked: a small compressed body can hold gigabytes.
Rule 3: the bytes are those that were sent, as a signature is of them.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

BODY_BYTES = 2 * 1024 * 1024
WAIT_S = 30.0  # 2 MiB over a slow line; who is slower holds a handler
TYPES = ("application/json", "text/x-diff", "text/x-patch", "text/plain")
CHARSETS = ("utf-8", "utf8", "us-ascii")


async def body(request: web.Request) -> bytes:
    """Return the body. Raises what HTTP calls 400, 408, 413 and 415."""
    _vet(request)
    held = bytearray()
    try:
        async with asyncio.timeout(WAIT_S):
            async for chunk in request.content.iter_any():
                held += chunk
                if len(held) > BODY_BYTES:
                    raise _too_large(len(held))
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body came too slowly") from None
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text="the body is cut short, or its chunks are broken") from None
    return bytes(held)


def _vet(request: web.Request) -> None:
    """Refuse by the head alone what need not be read."""
    if (length := request.content_length) is not None and length > BODY_BYTES:
        raise _too_large(length)
    packed = request.headers.get("Content-Encoding", "identity").strip().lower()
    if packed != "identity":
        raise web.HTTPUnsupportedMediaType(text="nothing is unpacked: send it uncompressed")
    if request.content_type not in TYPES or "Content-Type" not in request.headers:
        takes = ", ".join(TYPES)
        raise web.HTTPUnsupportedMediaType(
            text=f"its Content-Type is {request.content_type[:80]!r}, and it takes {takes}"
        )
    if (charset := request.charset) is not None and charset.lower() not in CHARSETS:
        raise web.HTTPUnsupportedMediaType(text=f"its charset is {charset[:40]!r}: send UTF-8")


def _too_large(size: int) -> web.HTTPRequestEntityTooLarge:
    text = f"it is over {BODY_BYTES} bytes"
    return web.HTTPRequestEntityTooLarge(max_size=BODY_BYTES, actual_size=size, text=text)
