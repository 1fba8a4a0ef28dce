"""Upkeep over HTTP: what no daemon's record knows, and what changed in ghost.toml."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable
from typing import Any, Protocol

from aiohttp import web

from ghostbot import errors
from ghostbot.process.sweep import Stray, Swept
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR

PIDS_MAX = 100

log = logging.getLogger("ghost.orders")


class Sweep(Protocol):
    """What finds strays, and with `kill` ends them; `spare` and their ancestors are left alone."""

    def __call__(self, *, kill: bool, spare: Iterable[int]) -> Awaitable[Swept]:
        """Sweep."""


class Upkeep:
    """`/api/sweep`."""

    def __init__(self, sweep: Sweep) -> None:
        """Take what does it."""
        self._sweep = sweep

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.post("/api/sweep", self.sweep)]

    async def sweep(self, request: web.Request) -> web.Response:
        """List strays; with `kill`, end them."""
        asked.query(request)
        found = await asked.body(request, "kill", "spare")
        kill, spare = found.get("kill", False), found.get("spare", [])
        if not isinstance(kill, bool):
            takes = "it takes true or false"
            raise errors.BadRequest(f"cannot read the body: kill is {asked.shown(kill)}; {takes}")
        if not _are_pids(spare):
            raise errors.BadRequest(
                f"cannot read the body: spare is {asked.shown(spare)}; it takes a list of pids"
            )
        swept = await self._sweep(kill=kill, spare=spare)
        if kill:
            pids = ",".join(str(s.proc.pid) for s in swept.strays)
            log.info("order verb=sweep pids=%s by=%s", pids, request[ACTOR].id)
        return answers.answer(shape(swept, killed=kill))


def shape(swept: Swept, *, killed: bool) -> dict[str, Any]:
    """Return what `ghost sweep --json` and `POST /api/sweep` give."""
    return {
        "killed": killed,
        "strays": [_stray(s) for s in swept.strays],
        "left": [_stray(s) for s in swept.left],
    }


def _stray(s: Stray) -> dict[str, Any]:
    return {
        "pid": s.proc.pid,
        "daemon": s.daemon,
        "run": s.run,
        "age_s": round(s.age_s, 1),
        "command": s.command,
    }


def _are_pids(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= PIDS_MAX
        and all(isinstance(pid, int) and not isinstance(pid, bool) and pid > 0 for pid in value)
    )
