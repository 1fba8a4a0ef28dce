"""Tunnels over HTTP: where each is reached from outside, and how both of its ends are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from ghostbot.guards.tunnels import TunnelView
from ghostbot.shapes import iso
from ghostbot.web import answers, asked

VERDICTS = {True: "ok", False: "bad", None: "unknown"}


class Tunnels:
    """`/api/tunnels`."""

    def __init__(self, tunnels: Callable[[], Iterable[TunnelView]]) -> None:
        """Take whom to ask."""
        self._tunnels = tunnels

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.get("/api/tunnels", self.every)]

    async def every(self, request: web.Request) -> web.Response:
        """Give every tunnel, with the age of what is known of it."""
        asked.query(request)
        return answers.answer({"tunnels": [shape(view) for view in self._tunnels()]})


def shape(view: TunnelView) -> dict[str, Any]:
    """Return a tunnel as the API and `ghost tunnels --json` give it."""
    return {
        "name": view.name,
        "state": view.state.value,
        "url": view.url,
        "current": view.is_current,
        "local": VERDICTS[view.local],
        "public": VERDICTS[view.public],
        "said": view.said,
        "since": iso(view.since),
        "proved_at": iso(view.proved_at),
        "age_s": None if view.age_s is None else round(view.age_s, 3),
        "reconnects_last_hour": view.reconnects,
        "previous": list(view.previous),
    }
