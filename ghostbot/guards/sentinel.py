"""Sentinel: sees what stands in a daemon's way, and when it is gone.

Deaths it need not look for: each is an event (process/exits.py). What it looks at, once a
second and only while a daemon waits, is what tells nobody when it changes: a port that a
stranger holds, and Ghost's own lack of process slots, descriptors or memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from ghostbot.bus import Bus, Feed
from ghostbot.config.addresses import ADDRESS_OF
from ghostbot.config.model import DaemonTable
from ghostbot.core.daemon import Cleared, State
from ghostbot.guards.watchdog import Watchdog
from ghostbot.process import identity
from ghostbot.process.ports import is_free

LOOK_S = 1.0
TRIED_S = 0.1  # after this a start that was tried has come about, or not
RETRY_MAX_S = 10.0  # Ghost's own trouble is tried again ever later, up to this


def obstacle(table: DaemonTable) -> str | None:
    """Say what stands in the way of a daemon's start: "port 5051 (node, 4711)", or None."""
    if table.port is None or is_free(table.port):
        return None
    owner = identity.owner_of_port(table.port)
    return f"port {table.port} ({owner[1]}, {owner[0]})" if owner else f"port {table.port}"


async def _someone_waits(feed: Feed) -> None:
    """Return when a daemon has come to wait. A look at all for each fact would cost a storm."""
    while not feed.lagged:
        if (await feed.get()).after.state is State.WAITING:
            return
    feed.lagged = False


class Sentinel:
    """Clears what no longer stands in a daemon's way."""

    def __init__(
        self,
        dogs: Mapping[str, Watchdog],
        bus: Bus,
        trouble: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Take the watchdogs by name; `trouble` gets a line for people, None once it is over."""
        self._trouble = trouble
        self._dogs = dogs
        self._bus = bus
        self._pause_s = LOOK_S

    async def run(self) -> None:
        """Look once a second while a daemon waits for something that is no daemon."""
        with self._bus.listen(name="sentinel") as feed:
            while True:
                waiting = [dog for dog in self._dogs.values() if self._obstacles(dog)]
                if not waiting:
                    self._trouble(None)
                    self._pause_s = LOOK_S
                    await _someone_waits(feed)
                    continue
                self._tell(waiting)
                await asyncio.sleep(self._pause_s)
                feed.drain()
                await self._look(waiting)

    def _tell(self, waiting: list[Watchdog]) -> None:
        short = [w for dog in waiting for w in self._obstacles(dog) if not w.startswith("port ")]
        self._trouble(f"cannot start daemons: Ghost is out of {short[0]}" if short else None)

    def _obstacles(self, dog: Watchdog) -> list[str]:
        d = dog.daemon
        if d.state is not State.WAITING:
            return []
        # Lifecycle sees to the daemons that it waits for, and tunnels to the addresses.
        return [why for why in d.gate if why not in self._dogs and not why.startswith(ADDRESS_OF)]

    async def _look(self, waiting: list[Watchdog]) -> None:
        """Clear what is gone. Of those that wait for Ghost's own trouble, one tries for all."""
        short: list[tuple[Watchdog, str]] = []
        for dog in waiting:
            for why in self._obstacles(dog):
                if not why.startswith("port "):
                    short.append((dog, why))
                elif obstacle(dog.table) != why:
                    dog.post(Cleared(why))
        self._pause_s = LOOK_S if not short else min(self._pause_s * 2, RETRY_MAX_S)
        if not short:
            return
        first, why = short[0]
        first.post(Cleared(why))
        await asyncio.sleep(TRIED_S)
        if first.daemon.is_alive:
            self._pause_s = LOOK_S
            for dog, reason in short[1:]:
                dog.post(Cleared(reason))
