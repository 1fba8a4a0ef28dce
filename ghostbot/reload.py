"""`ghost reload`: what changed in ghost.toml is planned, shown and done, and nothing else.

Rule 1: a mistake in the new file changes nothing; all mistakes are told.
Rule 2: who is no longer named is stopped first, in reverse order; then who is new is started, and
        who has changed is restarted, each after what it comes after.
Rule 3: what a person stopped or holds stays so: it takes its new settings with its next start.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghostbot import errors, veil
from ghostbot.config import settings
from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.core.daemon import State, Wanted
from ghostbot.core.plan import Plan, differing, plan
from ghostbot.ghost import WAIT_MAX_S, Ghost
from ghostbot.orders import Actor, Doing, Outcome, Outcomes
from ghostbot.supervision import Begin, Supervision

STILL_S = 0.1  # a file that was written to within this may not be whole yet
STILL_WITHIN_S = 2.0
SPARE_S = 15.0  # beside its stop_timeout, for a daemon that goes to be gone

log = logging.getLogger("ghost.orders")


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The plan, what came of it so far, and whether it still goes on."""

    plan: Plan
    warnings: tuple[str, ...] = ()
    outcomes: Outcomes = ()
    going_on: bool = False


class Reload:
    """Takes a new ghost.toml, one at a time."""

    def __init__(
        self,
        house: Supervision,
        ghost: Ghost,
        *,
        begin: Callable[[Coroutine[Any, Any, Outcomes], str], asyncio.Task[Outcomes]],
        keep: Begin,
    ) -> None:
        """Take the parts.

        `begin` starts a task that ends by itself, `keep` one that lives as long as Ghost.
        """
        self.config = house.config  # as it was last taken
        self._house = house
        self._ghost = ghost
        self._begin = begin
        self._keep = keep
        self._under_way: asyncio.Task[Outcomes] | None = None
        self._failed: str | None = None  # what the last one failed of, where it failed as a whole

    async def reload(self, actor: Actor, *, dry_run: bool = False, wait: bool = True) -> Reloaded:
        """Read the file again, and do what it changes. Raises ConfigError, and Failed."""
        config = await _read(self._house.config.path)
        found = self._plan(config)
        if dry_run or found.is_empty:
            return Reloaded(found, config.warnings)
        if self._under_way is not None and not self._under_way.done():
            raise errors.Failed("cannot reload: another reload is under way; see `ghost status`")
        self._ghost.permit(actor, "reload")
        self._ghost.permit.note(
            "reload", actor.id, f"{actor.name} reloads ghost.toml: {'; '.join(found.lines())}"
        )
        task = self._under_way = self._begin(self._carry_out(found, config, actor), "reload")
        if wait:
            await asyncio.wait({task}, timeout=WAIT_MAX_S)
        if not task.done():
            return Reloaded(found, config.warnings, going_on=True)
        outcomes = task.result()
        if self._failed is not None:
            raise errors.Failed(self._failed)
        return Reloaded(found, config.warnings, outcomes)

    def _plan(self, config: Config) -> Plan:
        """Compare the file with what is kept now. Raises Failed for what takes a new Ghost."""
        old = self._house.config
        if config.ghost.state_dir != old.ghost.state_dir:
            raise errors.Failed(
                f"cannot reload: [ghost] state_dir is now {config.ghost.state_dir}; "
                "its daemons are kept elsewhere: `ghost down` before the change, then `ghost up`"
            )
        return plan(
            {name: settings.of_daemon(dog.table) for name, dog in self._house.dogs.items()},
            {name: settings.of_daemon(table) for name, table in config.daemons.items()},
            described=settings.DESCRIBED,
            resting={n for n in self._house.dogs if not self._wants_restart(n)},
            ghosts_own=differing(settings.of_ghost(old), settings.of_ghost(config)),
            shared=differing(settings.of_shared(self.config), settings.of_shared(config)),
        )

    async def _carry_out(self, todo: Plan, config: Config, actor: Actor) -> Outcomes:
        self._failed = None
        try:
            await asyncio.to_thread(veil.learn, config)  # before anybody prints what is new
            gone = await self._stop(todo.removed, actor)
            self.config = config  # before those who ask for it are told
            self._house.apply(config, self._keep)
            restarted = [c.name for c in todo.restarted if self._wants_restart(c.name)]
            added = [n for n in todo.added if self._house.dogs[n].table.autostart]
            done = await asyncio.gather(
                self._order(Doing.RESTART, restarted, actor),
                self._order(Doing.START, added, actor),
            )
        except Exception as error:  # the edge of a task: whoever waits is told
            log.exception("reload failed")
            why = str(error) or type(error).__name__
            self._failed = f"cannot go on reloading: {why}; see ghost.log"
            return ()
        return (*gone, *done[0], *done[1])

    async def _stop(self, names: Sequence[str], actor: Actor) -> Outcomes:
        """Stop who is no longer named. One that cannot be ended in time stays known."""
        if not names:
            return ()
        tables = [self._house.dogs[name].table for name in names]
        within_s = sum(table.policy.stop_timeout_s for table in tables) + SPARE_S
        try:
            async with asyncio.timeout(within_s):
                return await self._ghost.down(actor, names)
        except TimeoutError:
            said = f"is still not gone after {within_s:g} s; it stays known, see `ghost why`"
            return tuple(
                Outcome(n, ok=False, said=said, view=self._ghost.daemon(n))
                for n in names
                if self._house.dogs[n].daemon.is_alive
            )

    def _wants_restart(self, name: str) -> bool:
        """Tell whether new settings are for now: it runs, or would, and nobody said not to."""
        d = self._house.dogs[name].daemon
        return d.wanted is Wanted.UP and not d.done and d.state is not State.DOWN

    async def _order(self, doing: Doing, names: Sequence[str], actor: Actor) -> Outcomes:
        if not names:
            return ()
        try:
            return await self._ghost.order(doing, names, actor)
        except errors.GhostError as error:  # a person stopped what they come after
            return tuple(
                Outcome(n, ok=False, said=str(error), view=self._ghost.daemon(n)) for n in names
            )


async def _read(path: Path) -> Config:
    """Read ghost.toml, again where somebody wrote to it meanwhile. Raises ConfigError."""
    until = time.monotonic() + STILL_WITHIN_S
    while True:
        await _still(path)
        written_at = _written_at(path)
        found = await asyncio.to_thread(_tried, path)
        if _written_at(path) != written_at and time.monotonic() < until:
            continue
        if isinstance(found, errors.ConfigError):
            raise found
        return found


def _tried(path: Path) -> Config | errors.ConfigError:
    try:
        return load(path, os.environ)
    except errors.ConfigError as error:
        return error


async def _still(path: Path) -> None:
    """Wait until nobody writes to a file any more: half a file may be one without mistakes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STILL_WITHIN_S):
            while 0 <= time.time() - (_written_at(path) or 0) / 1e9 < STILL_S:  # noqa: ASYNC110  a file tells nobody
                await asyncio.sleep(STILL_S / 2)


def _written_at(path: Path) -> int | None:
    """Return when a file was written (epoch nanoseconds); None where it is not there."""
    with suppress(OSError):
        return path.stat().st_mtime_ns
    return None
