"""Restarts that are no deaths: a file changed that a daemon is made of, or what it comes after
was started again.

Rule 1: such a restart goes through the watchdog like any other, with its reason.
Rule 2: a daemon that changes its own watched files would be restarted for ever: it is noticed,
        told with the file's name, and no longer watched until its table changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from ghostbot import watch
from ghostbot.bus import Bus, Turned
from ghostbot.core.daemon import Renew, State
from ghostbot.guards.watchdog import Watchdog

LOOP_MANY, LOOP_S = 5, 60.0  # so many restarts by files within this are a loop
NAMED_MAX = 3  # files in a reason
ROOT = Path("/")

log = logging.getLogger("ghost.renewal")


class Files:
    """Restarts daemons when a file changes that they are made of."""

    def __init__(
        self, dogs: Mapping[str, Watchdog], teller: Callable[[str], Callable[[str | None], None]]
    ) -> None:
        """Take the watchdogs by name, and who makes what tells a trouble of a name."""
        self._dogs = dogs
        self._teller = teller
        self._changed = asyncio.Event()
        self._times: dict[str, deque[float]] = {}
        self._looping: dict[str, tuple[str, ...]] = {}  # their globs, as they were then

    def rewire(self) -> None:
        """Go by the tables as they are now."""
        self._changed.set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            self._changed.clear()
            globs = self._globs()
            if not globs:
                await self._changed.wait()
                continue
            tell = self._teller("watched files")
            async for found in watch.changes(globs, self._changed, tell):
                for name, paths in found.items():
                    self._take(name, paths)
                if self._looping.keys() & found.keys():
                    break

    def _globs(self) -> dict[str, tuple[str, ...]]:
        """Return what is watched for whom; who looped is left out until its globs change."""
        said = {name: dog.table.watch for name, dog in self._dogs.items() if dog.table.watch}
        for name, globs in tuple(self._looping.items()):
            if said.get(name) != globs:
                del self._looping[name]
                self._teller(f"watch {name}")(None)
        return {name: globs for name, globs in said.items() if name not in self._looping}

    def _take(self, name: str, paths: list[str]) -> None:
        dog = self._dogs.get(name)
        if dog is None:
            return
        shown = [_seen_from(path, dog.table.cwd) for path in paths]
        more = f" and {len(shown) - NAMED_MAX} more" if len(shown) > NAMED_MAX else ""
        why = f"{', '.join(shown[:NAMED_MAX])}{more} changed"
        times, now = self._times.setdefault(name, deque(maxlen=LOOP_MANY)), _now()
        if len(times) == LOOP_MANY and now - times[0] < LOOP_S:
            self._looping[name] = dog.table.watch
            times.clear()
            self._teller(f"watch {name}")(
                f"{name} was restarted {LOOP_MANY} times within {LOOP_S:g} s because {shown[0]} "
                f"changed; it is watched no more: take that file out of its `watch`"
            )
            return
        times.append(now)
        log.info("watch daemon=%s %s", name, why)
        dog.post(Renew(why, afresh=True))


class Following:
    """Restarts those that say `restart_with`, once what they come after is ready anew."""

    def __init__(self, dogs: Mapping[str, Watchdog], bus: Bus) -> None:
        """Take the watchdogs by name."""
        self._dogs = dogs
        self._bus = bus

    async def run(self) -> None:
        """Follow for ever."""
        with self._bus.listen(name="following") as feed:
            for name in self._dogs:  # what happened while no Ghost was there
                self._follow(name)
            while True:
                fact = await feed.get()
                if feed.lagged:
                    feed.lagged = False
                    for name in self._dogs:
                        self._follow(name)
                elif _is_ready_now(fact):
                    self._follow(fact.after.name)

    def _follow(self, first: str) -> None:
        """Restart whoever is older than the process of `first`, which is up."""
        dog = self._dogs.get(first)
        if dog is None or dog.daemon.proc is None or dog.daemon.state is not State.UP:
            return
        proc = dog.daemon.proc
        for other in self._dogs.values():
            if not other.table.restart_with or first not in other.table.after:
                continue
            own = other.daemon.proc
            if own is not None and own.boot == proc.boot and own.ticks < proc.ticks:
                other.post(Renew(f"{first} was started again", proc=own))


def _is_ready_now(fact: Turned) -> bool:
    return fact.after.is_ready and not fact.before.is_ready


def _seen_from(path: str, cwd: Path) -> str:
    found = Path(path)
    return str(found.relative_to(cwd)) if cwd != ROOT and found.is_relative_to(cwd) else path


def _now() -> float:
    return asyncio.get_running_loop().time()
