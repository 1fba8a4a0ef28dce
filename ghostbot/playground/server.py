"""The playground's one aiohttp application: Slack's Web API, its sockets, and the page."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from aiohttp import web

from ghostbot.errors import ConfigError
from ghostbot.playground import blocks
from ghostbot.playground.cabinet import File
from ghostbot.playground.doors import guard
from ghostbot.playground.live import Live
from ghostbot.playground.methods.files import readable_by_app
from ghostbot.playground.responses import Responses
from ghostbot.playground.web_api import WebApi
from ghostbot.playground.wire import token_of
from ghostbot.playground.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MOST_BODY = 64 << 20  # files are uploaded through the same door
SHUTDOWN_S = 1.0
SCRIPTS = (
    *("acts", "app", "attach", "blocks", "composer", "dom", "elements", "emoji", "head"),
    *("inputs", "line", "list", "message", "rich", "rooms", "sidebar", "state", "text"),
    *("trouble", "views"),
)
PAGE = {
    "": ("index.html", "text/html"),
    "style.css": ("style.css", "text/css"),
    "blocks.css": ("blocks.css", "text/css"),
    **{f"{name}.js": (f"{name}.js", "text/javascript") for name in SCRIPTS},
}


class Server:
    """What listens."""

    def __init__(
        self,
        world: World,
        api: WebApi,
        responses: Responses,
        live: Live,
        *,
        host: str,
        port: int,
    ) -> None:
        self._world = world
        self._api = api
        self._responses = responses
        self._live = live
        self._host = loopback(host)
        self._runner: web.AppRunner | None = None
        self.port = port

    async def start(self) -> None:
        """Bind; `OSError` when the port is taken."""
        await asyncio.to_thread(_prepare)  # files and imports would hold up the loop
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self.port)
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]
        self._world.base_url = f"http://{self._host}:{self.port}"

    async def stop(self) -> None:
        """Close what listens, and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _app(self) -> web.Application:
        app = web.Application(
            middlewares=[guard(lambda: self.port, self._host)], client_max_size=MOST_BODY
        )
        slack: list[tuple[str, str, Handler]] = [
            ("*", "/api/{method}", self._api.handle),
            ("GET", "/link/", self._links(self._world.sockets.handle)),
            ("POST", "/upload/v1/{secret}", self._upload),
            ("GET", "/files-pri/{team}-{id}/{name}", self._download),
            ("GET", "/files-pri/{team}-{id}/download/{name}", self._download),
            *(
                ("POST", f"/{kind}/{{team}}/{{number}}/{{secret}}", self._responses.handle)
                for kind in ("commands", "actions", "app")
            ),
        ]
        for method, path, handler in slack:
            app.router.add_route(method, path, self._while_up(handler))
        app.router.add_get("/page/live", self._live.handle)
        app.router.add_get("/page/files/{id}", self._page_file)
        app.router.add_get("/{name:[a-z.]*}", self._page)
        return app

    def _while_up(self, handler: Handler) -> Handler:
        """Slack's own doors are shut during an outage; the page stays open, to watch it."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if not self._world.faults.outage:
                return await handler(request)
            if isinstance(request.transport, asyncio.Transport):
                request.transport.abort()
            return web.Response(status=500)

        return handle

    def _links(self, handler: Handler) -> Handler:
        """While Slack fails at everything, nobody gets a connection either."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if self._world.faults.failing:
                return web.Response(status=503, text="Service Unavailable")
            return await handler(request)

        return handle

    async def _page(self, request: web.Request) -> web.StreamResponse:
        name, kind = PAGE.get(request.match_info["name"], ("", ""))
        if not name:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "no-store"}
        return web.Response(text=_asset(name), content_type=kind, charset="utf-8", headers=headers)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        file = self._world.cabinet.door(request.match_info["secret"])
        if file is None:
            return web.Response(status=404, text="file_not_found")
        data = await _uploaded(request)
        if len(data) != file.length:
            return web.Response(status=400, text="length_mismatch")
        self._world.cabinet.receive(file, data)
        return web.Response(text=f"OK - {len(data)}")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """url_private: with the bot's token the bytes, without it a page to sign in at."""
        token = token_of(request, {}) or ""
        file = self._world.cabinet.find(request.match_info["id"])
        known = secrets.compare_digest(token.encode(), self._world.bot_token.encode())
        allowed = known and "files:read" in self._world.workspace.app.scopes
        if not allowed or self._world.faults.revoked:
            raise web.HTTPFound(f"/?redir={quote(request.path, safe='')}")
        if file is None or not readable_by_app(self._world, file):
            raise web.HTTPNotFound
        return _sent(file)

    async def _page_file(self, request: web.Request) -> web.StreamResponse:
        file = self._world.cabinet.find(request.match_info["id"])
        if file is None:
            raise web.HTTPNotFound
        return _sent(file)


def _sent(file: File) -> web.Response:
    if not file.shared:
        raise web.HTTPNotFound
    headers = {"Content-Disposition": "attachment", "Cache-Control": "no-store"}
    kind = "application/octet-stream"
    return web.Response(body=file.data, content_type=kind, headers=headers)


def _prepare() -> None:
    blocks.prepare()
    for name, _ in PAGE.values():
        _asset(name)


@functools.cache
def _asset(name: str) -> str:
    return (files("ghostbot.playground") / "page" / name).read_text("utf-8")


def loopback(host: str) -> str:
    """The host, if nobody but this machine can reach it."""
    try:
        if ipaddress.IPv4Address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise ConfigError([f"playground: cannot listen on {host!r}: it must be 127.0.0.1"])


async def _uploaded(request: web.Request) -> bytes:
    """The bytes of an upload: the body itself, or the one file of a form."""
    if request.content_type != "multipart/form-data":
        return await request.read()
    fields: Any = await request.post()
    for field in fields.values():
        if isinstance(field, web.FileField):
            return field.file.read()
    return b""
