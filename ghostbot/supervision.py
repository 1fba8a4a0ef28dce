"""What keeps daemons alive, whole: everything of Ghost but its ears, its voice and its doors.

Rule 1: nothing here imports Slack's SDK, an HTTP server or a database, directly or not.
Rule 2: it is built from what the last Ghost left, and closed in the order in which things stop
        mattering: records last.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ghostbot.bus import Bus
from ghostbot.config.model import Config, DaemonTable
from ghostbot.core.daemon import Daemon
from ghostbot.core.restart import Kind
from ghostbot.core.snapshot import Outside
from ghostbot.guards.budget import SpawnBudget
from ghostbot.guards.clock import Clock
from ghostbot.guards.drift import Drift
from ghostbot.guards.lifecycle import Lifecycle
from ghostbot.guards.limits import Limits
from ghostbot.guards.looks import Looks
from ghostbot.guards.renewal import Files, Following
from ghostbot.guards.rollcall import Rollcall
from ghostbot.guards.selfcheck import Selfcheck
from ghostbot.guards.sentinel import Sentinel, obstacle
from ghostbot.guards.tunnels import Tunnels
from ghostbot.guards.watchdog import Watchdog
from ghostbot.probes.reader import Begin as LogBegin
from ghostbot.probes.reader import begins
from ghostbot.process.addresses import File
from ghostbot.process.errand import Errands
from ghostbot.process.exits import Exits
from ghostbot.process.identity import is_alive
from ghostbot.process.journal import Journal
from ghostbot.process.notices import Notices
from ghostbot.process.others import leave
from ghostbot.process.ports import Ports
from ghostbot.process.presence import state_id
from ghostbot.process.registry import Registry
from ghostbot.process.rotation import Logs
from ghostbot.process.runs import Runs
from ghostbot.process.spawn import inherited_environment
from ghostbot.process.sweep import Known, Swept, sweep
from ghostbot.process.usage import Usage
from ghostbot.troubles import Troubles

log = logging.getLogger("ghost.supervision")


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes watchdogs. `dogs` are those there are, for a start to find its own."""

    runs: Runs
    registry: Registry
    bus: Bus
    notices: Notices
    ports: Ports
    budget: SpawnBudget
    dogs: dict[str, Watchdog]
    begun: dict[str, LogBegin]  # when each was last started, and where its log was then
    tunnels: Tunnels

    def make(self, table: DaemonTable, record: Daemon) -> Watchdog:
        """Make one, with the port that it has so far."""
        if table.notify:  # an adopted one may be about to tell
            self.notices.listen(table.name)
        return Watchdog(
            self.ports.given(table),
            record,
            runs=self.runs,
            turn=self.budget.turn,
            obstacle=self._prepare,
            save=self.registry.note,
            bus=self.bus,
            settled=self.tunnels.settled,
        )

    def _prepare(self, table: DaemonTable) -> str | None:
        if table.notify:  # before it is spawned, as it may tell at once
            self.notices.listen(table.name)
        self.dogs[table.name].table = settled = self.ports.settled(table)
        self.begun[table.name] = begins(table.log.path)
        return self.tunnels.missing(table) or obstacle(settled)


Begin = Callable[[str, Callable[[], Awaitable[None]]], object]  # a task, kept as long as Ghost


@dataclass(frozen=True, slots=True)
class Supervision:
    """The daemons' side of the house."""

    config: Config  # as it was when Ghost began
    troubles: Troubles
    usage: Usage
    logs: Logs
    notes: tuple[str, ...]  # what was wrong with what the last Ghost left, in words
    lifecycle: Lifecycle
    selfcheck: Selfcheck
    rollcall: Rollcall
    looks: Looks
    errands: Errands
    files: Files
    clock: Clock
    maker: _Maker
    rewired: list[Callable[[], None]] = field(default_factory=list)  # called after each reload

    @property
    def bus(self) -> Bus:
        """What carries the facts."""
        return self.maker.bus

    @property
    def registry(self) -> Registry:
        """The records on disk."""
        return self.maker.registry

    @property
    def runs(self) -> Runs:
        """The operating system's side."""
        return self.maker.runs

    @property
    def notices(self) -> Notices:
        """Where daemons that notify are heard."""
        return self.maker.notices

    @property
    def tunnels(self) -> Tunnels:
        """Where each tunnel is reached from outside."""
        return self.maker.tunnels

    @property
    def dogs(self) -> dict[str, Watchdog]:
        """The watchdogs by name, in the order of the file."""
        return self.maker.dogs

    def outside(self, name: str) -> Outside:
        """Return what is seen of a daemon from outside its record."""
        tunnel = self.dogs[name].table.policy.kind is Kind.TUNNEL
        url = self.tunnels.last(name) if tunnel else None
        return Outside(self.usage.measures().get(name), self.selfcheck.health(name), url)

    def tasks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Name what runs for as long as Ghost; who listens comes before who acts.

        Called once: the first mail of each daemon is put in here.
        """
        self.lifecycle.begin(self.runs)
        self.selfcheck.watch(self.config.checks)
        limits = Limits(self.dogs, self.usage.measures)
        self.usage.taken = limits.look
        prefix = f"{state_id(self.config.ghost.state_dir)}/"
        return {
            "lifecycle": self.lifecycle.run,
            "selfcheck": self.selfcheck.run,
            "clock": self.clock.run,
            "files": self.files.run,
            "following": Following(self.dogs, self.bus).run,
            "drift": Drift(self.dogs, prefix, self.troubles.teller, self.tunnels.settled).run,
            "tunnels": self.tunnels.run,
            "sentinel": Sentinel(self.dogs, self.bus, self.troubles.teller("starting")).run,
            "rollcall": self.rollcall.run,
            "usage": self.usage.run,
            "logs": self.logs.run,
            **{f"watchdog {name}": dog.run for name, dog in self.dogs.items()},
        }

    def apply(self, config: Config, begin: Begin) -> None:
        """Keep the daemons of `config` from now on. No process is touched.

        Whom it does not name is let go where nothing of it runs; else it is kept. Who is new
        gets a watchdog, run by `begin`, and is started where the file says so.
        """
        before = dict(self.dogs)
        gone = [n for n, dog in before.items() if n not in config.daemons and not _runs(dog)]
        fresh = [name for name in config.daemons if name not in before]
        self.maker.ports.taken = _named_ports(config)
        self.dogs.clear()  # the same dict, as everybody holds it, in the order of the new file
        for name, table in config.daemons.items():
            self.dogs[name] = before.get(name) or self.maker.make(table, Daemon(name))
            self.dogs[name].describe(self.maker.ports.given(table))
            self.runs.describe(table)
        self.dogs.update({n: d for n, d in before.items() if n not in {*config.daemons, *gone}})
        for name in gone:
            before[name].retire()
            self.notices.forget(name)
            self.registry.forget(name)
        self.lifecycle.rewire()
        self.selfcheck.rewire()
        self.selfcheck.watch(config.checks)
        for rewire in (self.files.rewire, *self.rewired):
            rewire()
        for name in fresh:
            self.troubles.teller(f"stranger {name}")(None)
            self.lifecycle.greet(self.dogs[name], self.runs)
            begin(f"watchdog {name}", self.dogs[name].run)

    def rewrite(self) -> None:
        """Have all that is known on disk again: its files were taken away."""
        self.runs.rewrite()
        for dog in self.dogs.values():
            self.registry.note(dog.daemon)

    async def sweep(self, *, kill: bool, spare: Iterable[int] = ()) -> Swept:
        """Find, and with `kill` end, what Ghost once started and no record knows."""
        spared = tuple(spare)
        return await asyncio.to_thread(
            lambda: sweep(
                state_id(self.config.ghost.state_dir), self._known, kill=kill, spare=spared
            )
        )

    def _known(self) -> dict[str, Known]:
        """Return the runs that records know; called from a thread, so it reads a copy."""
        return {
            name: Known(dog.daemon.proc, self.runs.run_of(name))
            for name, dog in tuple(self.dogs.items())
            if dog.daemon.is_alive
        }

    def within(self, name: str) -> tuple[str, ...]:
        """Return what else means a daemon: its family (`web` for web-1), its group (`group:G`)."""
        dog = self.dogs.get(name)
        if dog is None:
            return ()
        group = (f"group:{dog.table.group}",) if dog.table.group else ()
        return tuple(word for word in (dog.table.of, *group) if word != name)

    def words(self) -> set[str]:
        """Return every word that means daemons."""
        return {word for name in self.dogs for word in (name, *self.within(name))}

    def group_of(self, word: str) -> str | None:
        """Return the group that a daemon, a family, `group:G` or a check is of, if it is of one."""
        if word.startswith("group:"):
            return word.removeprefix("group:")
        if word in self.config.checks:
            return self.config.checks[word].group
        meant = {d.table.group for n, d in self.dogs.items() if word in (n, d.table.of)}
        return meant.pop() if len(meant) == 1 else None

    def daemons(self) -> dict[str, Daemon]:
        """Return every daemon's record as it is now."""
        return {name: dog.daemon for name, dog in self.dogs.items()}


@asynccontextmanager
async def supervision(config: Config, troubles: Troubles) -> AsyncIterator[Supervision]:
    """Build what keeps daemons; close it afterwards, and leave the daemons alone."""
    state_dir, bus, loop = config.ghost.state_dir, Bus(), asyncio.get_running_loop()
    journal = Journal(state_dir / "journal" / "spawns.jsonl", troubles.teller("journal"))
    journal.read()
    exits = Exits(loop)
    runs = Runs(
        state_id=state_id(state_dir),
        inherited=inherited_environment(os.environ),
        exits=exits,
        journal=journal,
        loop=loop,
    )
    registry = Registry(
        state_dir / "process-registry.json", troubles.teller("registry"), run_of=runs.run_of
    )
    records = registry.load()
    others = leave(records, journal, state_id(state_dir))
    ports = _ports(config, troubles)
    dogs: dict[str, Watchdog] = {}
    file = File(state_dir / "tunnels.json", troubles.teller("addresses"))
    tunnels = Tunnels(dogs, bus, file)
    notes = (*journal.notes, *registry.notes, *ports.notes, *file.notes, *others)
    for note in notes:
        log.warning("found %s", note)
    notices = Notices(state_id(state_dir), loop, troubles.teller("notices"))
    maker = _Maker(runs, registry, bus, notices, ports, SpawnBudget(), dogs, {}, tunnels)
    for name, table in config.daemons.items():
        dogs[name] = maker.make(table, records.get(name, Daemon(name)))
    _tell_strangers(config, records, troubles)
    whole = _whole(config, troubles, notes, maker)
    try:
        yield whole
    finally:
        await whole.looks.close()
        notices.close()
        runs.close()
        exits.close()
        await registry.close()
        journal.close()


def _whole(
    config: Config, troubles: Troubles, notes: tuple[str, ...], maker: _Maker
) -> Supervision:
    dogs, bus, state_dir = maker.dogs, maker.bus, config.ghost.state_dir
    lifecycle, logs = Lifecycle(dogs, bus), _logs(config, dogs, troubles)
    errands = Errands(
        state_id=state_id(state_dir),
        folder=state_dir / "errands",
        inherited=inherited_environment(os.environ),
        exits=maker.runs.exits,
    )
    errands.clear()
    looks = Looks(
        errands.run,
        config.path.parent,
        tape=logs.tape,
        begun=maker.begun,
        known=maker.tunnels.address,
    )
    selfcheck = Selfcheck(dogs, bus, maker.notices, look_of=looks.of, doubt=lifecycle.doubt)
    selfcheck.also.append(maker.tunnels.looked)
    maker.tunnels.soon, maker.tunnels.ask = selfcheck.soon, looks.named_by
    return Supervision(
        config,
        troubles,
        Usage(lambda: _leaders(dogs)),
        logs,
        notes,
        lifecycle,
        selfcheck,
        Rollcall(dogs, bus, troubles.line),
        looks,
        errands,
        Files(dogs, troubles.teller),
        Clock(dogs, troubles.teller("clock"), resumed=selfcheck.resumed),
        maker,
    )


def _ports(config: Config, troubles: Troubles) -> Ports:
    """Return the ports that an earlier Ghost chose; what the file names itself is not to be had."""
    state_dir, taken = config.ghost.state_dir, _named_ports(config)
    ports = Ports(state_dir / "ports.json", state_id(state_dir), taken, troubles.teller("ports"))
    ports.load()
    return ports


def _named_ports(config: Config) -> frozenset[int]:
    named = {table.port for table in config.daemons.values() if table.port is not None}
    return frozenset(named | ({config.web.listen[1]} if config.web.listen else set()))


def _runs(dog: Watchdog) -> bool:
    return dog.daemon.is_alive or dog.daemon.proc is not None


def _leaders(dogs: dict[str, Watchdog]) -> dict[str, int]:
    return {n: dog.daemon.proc.pid for n, dog in dogs.items() if dog.daemon.proc}


def _logs(config: Config, dogs: dict[str, Watchdog], troubles: Troubles) -> Logs:
    return Logs(
        lambda: {name: dog.table.log for name, dog in dogs.items()},
        lambda: _leaders(dogs),
        config.ghost.log_total_bytes,
        troubles.teller("logs of daemons"),
    )


def _tell_strangers(config: Config, records: dict[str, Daemon], troubles: Troubles) -> None:
    """Name what an earlier config started and this one does not know: it is left alone."""
    for name, record in records.items():
        if name not in config.daemons and record.proc is not None and is_alive(record.proc):
            troubles.teller(f"stranger {name}")(
                f"{name} (pid {record.proc.pid}) still runs, but is no longer in "
                f"{config.path.name}: put it back and stop it, or end the process yourself"
            )
