"""Watchdogs on a fake system, with the guards around them, for tests on the jumping clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ghostbot.bus import Bus
from ghostbot.config.model import (
    CheckTable,
    Config,
    DaemonTable,
    GhostTable,
    LogTable,
    ProbeTable,
)
from ghostbot.core.daemon import Daemon, State
from ghostbot.core.snapshot import Outside
from ghostbot.ghost import Ghost
from ghostbot.guards.budget import SpawnBudget
from ghostbot.guards.lifecycle import Lifecycle
from ghostbot.guards.rollcall import Rollcall
from ghostbot.guards.selfcheck import Selfcheck
from ghostbot.guards.sentinel import Sentinel
from ghostbot.guards.tunnels import Tunnels
from ghostbot.guards.watchdog import Watchdog
from ghostbot.keep import keep
from ghostbot.probes.finding import Finding
from ghostbot.process.addresses import Address
from ghostbot.process.notices import Notices
from ghostbot.process.rotation import Logs
from ghostbot.troubles import Troubles
from tests.fakes.runs import FakeRuns


def table(name: str, **more: Any) -> DaemonTable:
    """Return a daemon's table with defaults."""
    log = LogTable(path=Path("/nowhere") / f"{name}.log")
    return DaemonTable(name=name, cwd=Path("/"), log=log, **{"command": ("true",), **more})


@dataclass
class Addresses:
    """What tunnels.json is to the guards, in memory."""

    kept: dict[str, Address] = field(default_factory=dict)

    def load(self) -> dict[str, Address]:
        return dict(self.kept)

    async def save(self, addresses: Iterable[Address]) -> None:
        self.kept = {one.name: one for one in addresses}


@dataclass
class World:
    """What probes find: each is well until a test says otherwise. `looked` says when."""

    ok: dict[tuple[str, str], bool | None] = field(default_factory=dict)  # by name and label
    urls: dict[str, str] = field(default_factory=dict)  # by name of the tunnel
    local: dict[str, bool] = field(default_factory=dict)
    took_s: float = 0.0
    looked: list[tuple[str, str, float]] = field(default_factory=list)

    def of(
        self, table: DaemonTable | CheckTable, probe: ProbeTable
    ) -> Callable[[], Awaitable[Finding]]:
        key = (table.name, probe.label)

        async def look() -> Finding:
            loop = asyncio.get_running_loop()
            self.looked.append((*key, loop.time()))
            if self.took_s:
                await asyncio.sleep(self.took_s)
            ok = self.ok.get(key, True)
            url, local = self.urls.get(table.name), self.local.get(table.name)
            said = "fine" if ok else "refused"
            return Finding(ok, said, self.took_s, url=url, local=local)

        return look

    def times(self, name: str, label: str) -> list[float]:
        return [at for *key, at in self.looked if key == [name, label]]


@dataclass
class Kennel:
    """All that keeps daemons, without the operating system."""

    dogs: dict[str, Watchdog]
    runs: FakeRuns
    bus: Bus
    ghost: Ghost
    lifecycle: Lifecycle
    rollcall: Rollcall
    selfcheck: Selfcheck
    troubles: Troubles
    world: World
    tunnels: Tunnels
    saved: list[Daemon] = field(default_factory=list)
    obstacles: dict[str, str] = field(default_factory=dict)
    disk: asyncio.Event = field(default_factory=asyncio.Event)  # set: it takes what is written
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)  # the guards, by name

    def state(self, name: str) -> State:
        return self.dogs[name].daemon.state

    async def until(self, what: Callable[[], bool], within_s: float = 1000) -> None:
        """Wait for turns until something is so; a jumping clock makes this cheap."""
        async with asyncio.timeout(within_s):
            while not what():
                turns = [dog.next_turn() for dog in self.dogs.values()]
                await asyncio.wait(turns, return_when=asyncio.FIRST_COMPLETED)


@asynccontextmanager
async def kennel(
    *tables: DaemonTable,
    records: dict[str, Daemon] | None = None,
    runs: FakeRuns | None = None,
    kept: bool = False,
    notices: Notices | None = None,
    sentinel: bool = False,
    addresses: Addresses | None = None,
) -> AsyncIterator[Kennel]:
    """Run watchdogs, lifecycle and selfcheck for these daemons; tunnels, where it has a file."""
    runs, bus, budget = runs or FakeRuns(), Bus(), SpawnBudget()
    saved: list[Daemon] = []
    obstacles: dict[str, str] = {}
    dogs: dict[str, Watchdog] = {}
    tunnels = Tunnels(dogs, bus, addresses or Addresses(), now=asyncio.get_running_loop().time)
    for t in tables:
        dogs[t.name] = Watchdog(
            t,
            (records or {}).get(t.name, Daemon(t.name)),
            runs=runs,
            turn=budget.turn,
            obstacle=lambda t: tunnels.missing(t) or obstacles.get(t.name),
            save=saved.append,
            bus=bus,
            settled=tunnels.settled,
        )
    lifecycle, troubles = Lifecycle(dogs, bus), Troubles()
    rollcall = Rollcall(dogs, bus, troubles.line)
    async with asyncio.TaskGroup() as tasks:
        disk = asyncio.Event()
        disk.set()

        world = World()
        selfcheck = Selfcheck(dogs, bus, notices, look_of=world.of, doubt=lifecycle.doubt)
        selfcheck.also.append(tunnels.looked)
        tunnels.soon = selfcheck.soon
        config = Config(
            path=Path("/ghost.toml"),
            ghost=GhostTable(name="studio", state_dir=Path("/nowhere")),
            daemons={t.name: t for t in tables},
        )
        ghost = Ghost(
            config,
            dogs,
            begin=lambda coro, name: tasks.create_task(coro, name=name),
            flushed=disk.wait,
            link=lambda: "off",
            troubles=tuple,
            outside=lambda name: Outside(None, selfcheck.health(name)),
            logs=Logs(lambda: {n: dog.table.log for n, dog in dogs.items()}, dict, 10**9),
        )
        k = Kennel(
            dogs,
            runs,
            bus,
            ghost,
            lifecycle,
            rollcall,
            selfcheck,
            troubles,
            world,
            tunnels,
            saved,
            obstacles,
            disk,
        )
        lifecycle.begin(runs)
        guards: list[Any] = [lifecycle, selfcheck, rollcall]
        guards += [Sentinel(dogs, bus)] if sentinel else []
        guards += [tunnels] if addresses is not None else []
        long = [tasks.create_task(g.run(), name=type(g).__name__.lower()) for g in guards]
        long += [
            tasks.create_task(keep(name, dog.run) if kept else dog.run(), name=f"watchdog {name}")
            for name, dog in dogs.items()
        ]
        k.tasks = {task.get_name(): task for task in long}
        try:
            yield k
        finally:
            for task in long:
                task.cancel()
