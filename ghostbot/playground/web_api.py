"""The Web API's door: who calls, may they, how often, and what the trouble ordered for them is.

The order of refusals: an unknown method, the arguments, the token, the scope, the rate, the method.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import web

from ghostbot.playground.faults import Fault
from ghostbot.playground.methods import METHODS
from ghostbot.playground.methods.rights import Method, require_scope
from ghostbot.playground.normal import Json
from ghostbot.playground.rates import POSTS_BURST, POSTS_PER_MINUTE, Rates
from ghostbot.playground.wire import Args, Call, Refused, merged, token_of
from ghostbot.playground.world import World

CALLS_KEPT = 5_000  # a playground that runs for days forgets the oldest
HTML_503 = "<!DOCTYPE html><html><body><h1>503 Service Unavailable</h1></body></html>"


class WebApi:
    """Every method behind one route."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rates = Rates(world.clock)
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.on_call: Callable[[], None] = lambda: None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        await self._lag()
        fault = self._world.faults.take(name)
        values: Json = {}
        try:
            values = await merged(request)
            if fault is not None and not fault.applied:
                return self._failed(request, name, fault, values)
            answer = self._answered(name, token_of(request, values), _public(values))
        except Refused as refusal:
            answer = refusal.answer()
        await self._lag()
        if fault is not None:
            return await self._after(request, name, fault, values, answer)
        self._note(name, answer.get("error"), values)
        return self._response(answer)

    async def _lag(self) -> None:
        """Be slow, half of it on each way."""
        if self._world.faults.lag_s:
            await asyncio.sleep(self._world.faults.lag_s / 2)

    def _answered(self, name: str, token: str | None, args: Json) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        self._check_token(method, token)
        if method.scope and not method.app_token:
            require_scope(self._world, method.scope)
        self._check_rate(name, method, args)
        return {"ok": True, **method.run(self._world, Args(args))}

    def _check_token(self, method: Method, token: str | None) -> None:
        if method.anyone:
            return
        if token is None:
            raise Refused("not_authed")
        right, wrong = self._world.bot_token, self._world.app_token
        if method.app_token:
            right, wrong = wrong, right
        if secrets.compare_digest(token.encode(), wrong.encode()):
            raise Refused("not_allowed_token_type")
        if not secrets.compare_digest(token.encode(), right.encode()):
            raise Refused("invalid_auth")
        if self._world.faults.revoked and not method.app_token:
            raise Refused(self._world.faults.revoked)

    def _check_rate(self, name: str, method: Method, args: Json) -> None:
        if not self._world.faults.rate_limits:
            return
        wait_s = self._rates.take(name, per_minute=method.per_minute)
        if not wait_s and name == "chat.postMessage":
            room = f"{name} {args.get('channel')}"
            wait_s = self._rates.take(room, per_minute=POSTS_PER_MINUTE, burst=POSTS_BURST)
        if wait_s:
            raise Refused("ratelimited", retry_after=wait_s)

    def _failed(
        self, request: web.Request, method: str, fault: Fault, values: Json
    ) -> web.StreamResponse:
        """Meet a fault instead of the work."""
        self._note(method, fault.error or fault.kind, values)
        match fault.kind:
            case "ratelimited":
                return self._limited(int(fault.seconds))
            case "unavailable":
                return web.Response(status=503, text=HTML_503, content_type="text/html")
            case "cut":
                return _cut(request)
        return self._response({"ok": False, "error": fault.error})

    async def _after(
        self, request: web.Request, method: str, fault: Fault, values: Json, answer: Json
    ) -> web.StreamResponse:
        """Meet a fault after the work was done."""
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            self._note(method, answer.get("error"), values)
            return self._response(answer)
        self._note(method, fault.error or fault.kind, values)
        if fault.kind == "cut":
            return _cut(request)
        return self._response({"ok": False, "error": fault.error})

    def _note(self, method: str, error: str | None, values: Json) -> None:
        at = self._world.clock.now()
        self.calls.append(Call(method, error is None, error, _public(values), at))
        self.on_call()

    def _response(self, answer: Json) -> web.Response:
        if answer.get("error") == "ratelimited":
            return self._limited(int(answer.get("retry_after", 1)))
        return web.json_response(answer, headers=self._headers())

    def _limited(self, seconds: int) -> web.Response:
        headers = self._headers() | {"Retry-After": str(seconds)}
        body = {"ok": False, "error": "ratelimited"}
        return web.json_response(body, status=429, headers=headers)

    def _headers(self) -> dict[str, str]:
        return {
            "X-OAuth-Scopes": ",".join(self._world.workspace.app.scopes),
            "x-slack-req-id": secrets.token_hex(16),
        }


def _public(values: Json) -> Json:
    """The arguments without the token."""
    return {key: value for key, value in values.items() if key != "token"}


def _cut(request: web.Request) -> web.StreamResponse:
    """Reset the line: the client never reads an answer."""
    transport: Any = request.transport
    if transport is not None:
        transport.abort()
    return web.Response(status=500)
