"""Who may knock: only programs and pages of this machine that name the playground as it is.

A web page elsewhere can make a browser send requests to 127.0.0.1, and with DNS rebinding even read
the answers. So every route, the websockets and the unknown ones too, looks at two headers: Host
must be our own address, and Origin, when a browser sends one, must be the same place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws://{host}; "
    "img-src 'self' data: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def guard(port: Callable[[], int], host: str) -> Middleware:
    """The middleware; the port is known only once the server is bound."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if (refusal := _refusal(request, {f"{n}:{port()}" for n in (host, "localhost")})) is None:
            response = await handler(request)
        else:
            response = web.Response(status=403, text=f"cannot serve this request: {refusal}\n")
        if not response.prepared:
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "no-referrer"
            policy = CONTENT_POLICY.format(host=request.headers.get(hdrs.HOST, ""))
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return guarded


def _refusal(request: web.Request, ours: set[str]) -> str | None:
    hosts = request.headers.getall(hdrs.HOST, [])
    if len(hosts) != 1 or hosts[0].lower() not in ours:
        return f"Host must be one of {', '.join(sorted(ours))}"
    origins = request.headers.getall(hdrs.ORIGIN, [])
    if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
        return "Origin must be the playground itself"
    return None
