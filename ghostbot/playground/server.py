"""The playground's one aiohttp application: Slack's Web API, its sockets, and the page."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from aiohttp import web

from ghostbot.errors import ConfigError
from ghostbot.playground import blocks
from ghostbot.playground.doors import guard
from ghostbot.playground.live import Live
from ghostbot.playground.responses import Responses
from ghostbot.playground.web_api import WebApi
from ghostbot.playground.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MOST_BODY = 64 << 20  # files are uploaded through the same door
SHUTDOWN_S = 1.0
SCRIPTS = (
    *("app", "blocks", "composer", "dom", "elements"),
    *("emoji", "line", "message", "rich", "text", "views"),
)
PAGE = {
    "": ("index.html", "text/html"),
    "style.css": ("style.css", "text/css"),
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
            ("GET", "/link/", self._world.sockets.handle),
            ("POST", "/upload/v1/{secret}", self._upload),
            *(
                ("POST", f"/{kind}/{{team}}/{{number}}/{{secret}}", self._responses.handle)
                for kind in ("commands", "actions", "app")
            ),
        ]
        for method, path, handler in slack:
            app.router.add_route(method, path, self._while_up(handler))
        app.router.add_get("/page/live", self._live.handle)
        app.router.add_get("/files/{id}", self._download)
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

    async def _page(self, request: web.Request) -> web.StreamResponse:
        name, kind = PAGE.get(request.match_info["name"], ("", ""))
        if not name:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "no-store"}
        return web.Response(text=_asset(name), content_type=kind, charset="utf-8", headers=headers)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        upload = self._world.uploads.get(request.match_info["secret"])
        if upload is None or upload.data is not None:
            return web.Response(status=404, text="file_not_found")
        data = await _uploaded(request)
        if len(data) != upload.length:
            return web.Response(status=400, text="length_mismatch")
        upload.data = data
        return web.Response(text=f"OK - {len(data)}")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        for upload in self._world.uploads.values():
            if upload.id == request.match_info["id"] and upload.shared:
                headers = {"Content-Disposition": "attachment", "Cache-Control": "no-store"}
                kind = "application/octet-stream"
                return web.Response(body=upload.data, content_type=kind, headers=headers)
        raise web.HTTPNotFound


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
