"""Upkeep over HTTP: what no daemon's record knows, and what changed in ghost.toml."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any, Protocol

from aiohttp import web

from ghostbot import errors, shapes
from ghostbot.orders import Actor
from ghostbot.permit import Permit
from ghostbot.process.sweep import Stray, Swept
from ghostbot.reload import Reloaded
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR

PIDS_MAX = 100


class Sweep(Protocol):
    """What finds strays, and with `kill` ends them; `spare` and their ancestors are left alone."""

    def __call__(self, *, kill: bool, spare: Iterable[int]) -> Awaitable[Swept]:
        """Sweep."""


class Again(Protocol):
    """What reads ghost.toml again, and does what it changes."""

    def __call__(self, actor: Actor, *, dry_run: bool, wait: bool) -> Awaitable[Reloaded]:
        """Reload."""


class Upkeep:
    """`/api/sweep` and `/api/reload`."""

    def __init__(self, sweep: Sweep, reload: Again, permit: Permit | None = None) -> None:
        """Take what does it, and who permits it."""
        self._permit = permit or Permit()
        self._sweep = sweep
        self._reload = reload

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.post("/api/sweep", self.sweep), web.post("/api/reload", self.reload)]

    async def reload(self, request: web.Request) -> web.Response:
        """Read ghost.toml again; 202 where what it changes still goes on, 409 where it failed."""
        wait = asked.truth(asked.query(request, "wait"), "wait")
        found = await asked.body(request, "dry_run")
        dry_run = found.get("dry_run", False)
        if not isinstance(dry_run, bool):
            raise errors.BadRequest(
                f"cannot read the body: dry_run is {asked.shown(dry_run)}; it takes true or false"
            )
        try:
            done = await self._reload(request[ACTOR], dry_run=dry_run, wait=wait)
        except errors.ConfigError as error:  # all mistakes, one a line
            return answers.no(422, error.code, str(error))
        body = _reloaded(done, dry_run=dry_run)
        if failed := [f"{o.name} {o.said}" for o in done.outcomes if not o.ok]:
            body |= shapes.error(errors.Failed.code, "; ".join(failed))
        status = 409 if failed else 202 if done.going_on else 200
        return answers.answer(body, status=status)

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
        self._permit.check(request[ACTOR], "sweep kill" if kill else "sweep list")
        swept = await self._sweep(kill=kill, spare=spare)
        if kill:
            pids = [str(s.proc.pid) for s in swept.strays]
            self._permit.noted(request[ACTOR], "sweep kill", pids)
        return answers.answer(shape(swept, killed=kill))


def _reloaded(done: Reloaded, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "lines": list(done.plan.lines()),
        "added": list(done.plan.added),
        "removed": list(done.plan.removed),
        "restarted": [{"name": c.name, "keys": list(c.keys)} for c in done.plan.restarted],
        "later": [{"name": c.name, "keys": list(c.keys)} for c in done.plan.later],
        "described": [{"name": c.name, "keys": list(c.keys)} for c in done.plan.described],
        "ghosts_own": list(done.plan.ghosts_own),
        "shared": list(done.plan.shared),
        "warnings": list(done.warnings),
        "going_on": done.going_on,
        "outcomes": [{"name": o.name, "ok": o.ok, "said": o.said} for o in done.outcomes],
    }


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
