"""How Ghost answers over HTTP: one way to say yes, one shape to say no."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from ghostbot import errors, shapes
from ghostbot.patches.offer import KeyTaken, Moved, TooManyPending
from ghostbot.veil import hide_in

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NotProved(errors.GhostError):
    """Nobody knows who asks."""

    code = "bad_signature"


STATUS: dict[type[errors.GhostError], int] = {
    errors.BadRequest: 400,
    NotProved: 401,
    errors.NotAllowed: 403,
    errors.NoSuch: 404,
    errors.Failed: 409,
    KeyTaken: 409,
    Moved: 409,
    TooManyPending: 429,
}
FULL_S = 60  # after which it is worth asking again whether fewer patches wait
LIMIT_S = 10.0  # no operation of the API takes longer
LIMIT_WAIT_S = 75.0  # but one that is asked to wait: Ghost itself gives up after 60 s
CODES = {
    404: "no_such_route",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_type",
    429: "too_often",
}
SAFE = {
    "Server": "ghost",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log = logging.getLogger("ghost.web")


def bytes_of(body: Mapping[str, Any], *, indent: int | None = None) -> bytes:
    """Write JSON as UTF-8, without secrets. A lone surrogate becomes a question mark."""
    return json.dumps(hide_in(body), ensure_ascii=False, indent=indent).encode("utf-8", "replace")


def answer(
    body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with JSON."""
    return web.Response(
        body=bytes_of(body), status=status, headers=headers, content_type="application/json"
    )


def no(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Say no, in the one shape of every error."""
    return answer(shapes.error(code, message), status=status, headers=headers)


def no_because(error: errors.GhostError) -> web.Response:
    """Say no in Ghost's own words."""
    status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), 500)
    headers = None
    if isinstance(error, TooManyPending):
        headers = {"Retry-After": str(FULL_S)}
    elif isinstance(error, NotProved):  # RFC 9110 §11.6.1: a 401 says how to prove oneself
        headers = {"WWW-Authenticate": 'Bearer realm="ghost"'}
    return no(status, error.code, str(error), headers)


@web.middleware
async def in_one_shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure of a handler into an answer."""
    try:
        async with asyncio.timeout(_limit_s(request)):
            response = await handler(request)
    except errors.GhostError as error:
        response = no_because(error)
    except TimeoutError:
        words = f"cannot answer within {LIMIT_S:g} s; see `ghost health`, and ghost.log"
        response = no(503, "late", words)
    except web.HTTPException as error:
        response = _of_http(request, error)
    except ConnectionError:  # the asker went away; nobody is left to answer
        raise
    except Exception:  # the edge of a task: nothing may pass
        told = secrets.token_hex(4)
        log.exception("request failed id=%s method=%s path=%r", told, request.method, request.path)
        response = no(500, "internal", f"cannot answer: Ghost's own fault, see {told} in ghost.log")
    if not response.prepared:
        for name, value in SAFE.items():
            response.headers.setdefault(name, value)
    return response


def _limit_s(request: web.Request) -> float | None:
    """Return how long an answer may take: a stream for ever, what was asked to wait a minute."""
    if not request.path.startswith("/api/") or request.path.endswith("/stream"):
        return None
    return LIMIT_WAIT_S if "wait" in request.query else LIMIT_S


def _of_http(request: web.Request, error: web.HTTPException) -> web.Response:
    status = error.status
    code = CODES.get(status, "bad_request" if status < 500 else "internal")  # noqa: PLR2004 - HTTP's own
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        message = f"cannot {request.method} {request.path}: it takes {allowed}"
        return no(status, code, message, {"Allow": allowed})
    if isinstance(error, web.HTTPNotFound):
        return no(status, code, f"cannot find {request.path}: no such route")
    later = error.headers.get("Retry-After")
    return no(
        status,
        code,
        f"cannot answer: {(error.text or error.reason).lower()}",
        {"Retry-After": later} if later else None,
    )
