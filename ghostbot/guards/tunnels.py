"""Tunnels: keeps where each is reached from outside, and sees to it that others learn it.

Rule 1: an address is what a look through it proved, or what could not be asked but is named; an
        agent's word alone is none.
Rule 2: an address is good for the process of which it was proved. Whoever needs another's starts
        when the new one is known; one that ghost.toml itself names is always known.
Rule 3: a changed address is told once, and kept before it is told. The last change is told again
        by the next Ghost, as this one may have died of it; who was told it takes no notice.
Rule 4: nobody is restarted for it but who says `restart_with`; for the others it is drift.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from ghostbot.bus import Bus, Turned
from ghostbot.config.addresses import ADDRESS_OF, filled, missing, named
from ghostbot.config.model import DaemonTable, ProbeKind, ProbeTable
from ghostbot.core.daemon import Cleared, Proc, Renew, State
from ghostbot.core.incident import RETURNS_S, About, Phase, Subject, Told
from ghostbot.core.restart import Kind
from ghostbot.guards.rounds import Round
from ghostbot.guards.watchdog import Watchdog
from ghostbot.probes.finding import Finding
from ghostbot.process.addresses import Address

CAUSE = "address"
PREVIOUS_KEPT = 20  # more tells nobody more
SAVED_S = 60.0  # that it was proved once more is written no more often
ASKED_S = 3.0  # how often agents are asked whether they have another address
HURRIES = 2  # looks out of turn for one new address: each that fails counts
HOUR_S = 3600.0

log = logging.getLogger("ghost.tunnels")


class File(Protocol):
    """Where addresses are kept (process/addresses.py)."""

    def load(self) -> dict[str, Address]:
        """Return what an earlier Ghost knew."""

    async def save(self, addresses: Iterable[Address]) -> None:
        """Keep all."""


@dataclass(frozen=True, slots=True)
class TunnelView:
    """A tunnel as people are shown it. Instants are UTC epoch seconds."""

    name: str
    state: State
    url: str | None  # the last that was proved, also of a process that is gone
    is_current: bool  # whether it is of the process that runs, or ghost.toml's own
    local: bool | None  # its agent, and what it leads to; None: nothing is known
    public: bool | None
    said: str
    since: float | None
    proved_at: float | None
    age_s: float | None  # of the last look
    reconnects: int  # in the last hour
    previous: tuple[str, ...]


class Tunnels:
    """The address book."""

    def __init__(
        self,
        dogs: Mapping[str, Watchdog],
        bus: Bus,
        file: File,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the watchdogs by name, where addresses are kept, and a clock of epoch seconds."""
        self._dogs = dogs
        self._bus = bus
        self._file = file
        self._now = now
        self._held = file.load()
        self._looks: dict[str, tuple[Finding, float]] = {}  # the last, and when (monotonic)
        self._hurried: dict[str, tuple[str, int]] = {}  # by tunnel: for which address, how often
        self._no_agents: dict[
            str, Proc | None
        ] = {}  # by tunnel: the process for which none answers
        self._untold = [one for one in self._held.values() if self._is_recent(one)]
        self._changed = asyncio.Event()
        # Who hurries a look, and asks an agent what its address is (wired where they are made).
        self.soon: Callable[[str], None] = lambda _: None
        self.ask: Callable[[str], Awaitable[str | None]] | None = None

    # What is known.

    def address(self, name: str) -> str | None:
        """Return the address that others may build on now; None where it is not known."""
        dog, held = self._dogs.get(name), self._held.get(name)
        if dog is None:
            return None
        if (fixed := _fixed(dog.table)) is not None:
            return fixed
        return held.url if held and held.proc is not None and held.proc == _proc(dog) else None

    def last(self, name: str) -> str | None:
        """Return the address that was last known, whatever became of it since."""
        held = self._held.get(name)
        return self.address(name) or (held.url if held else None)

    def missing(self, table: DaemonTable) -> str | None:
        """Say which address a daemon cannot be started without: "the address of NAME"."""
        return missing((table.command, table.env), self.address)

    def settled(self, table: DaemonTable) -> DaemonTable:
        """Return a daemon's table as it would be started now."""
        command, env = filled((table.command, table.env), self.last)
        same = command is table.command and env is table.env
        return table if same else replace(table, command=command, env=env)

    def all(self) -> tuple[TunnelView, ...]:
        """Return every tunnel as it is now, in file order."""
        return tuple(self._view(dog) for dog in self._dogs.values() if _is_tunnel(dog))

    def _view(self, dog: Watchdog) -> TunnelView:
        name, d, now = dog.table.name, dog.daemon, asyncio.get_running_loop().time()
        held, look = self._held.get(name), self._looks.get(name)
        finding, at = look or (None, None)
        return TunnelView(
            name=name,
            state=d.state,
            url=self.last(name),
            is_current=self.address(name) is not None,
            local=finding.local if finding else None,
            public=finding.ok if finding else None,
            said=finding.said if finding else "",
            since=held.since if held else None,
            proved_at=held.proved_at if held else None,
            age_s=None if at is None else now - at,
            reconnects=sum(end.when > now - HOUR_S for end in d.exits),
            previous=held.previous if held else (),
        )

    # What it is told.

    def looked(self, one: Round, finding: Finding) -> None:
        """Take what a look found. Called by selfcheck after each."""
        dog = self._dogs.get(one.subject)
        if dog is None or not _is_tunnel(dog) or one.table.kind is not ProbeKind.TUNNEL:
            return
        name = dog.table.name
        self._looks[name] = (finding, asyncio.get_running_loop().time())
        if finding.url is not None and finding.ok is not False:
            self._learn(dog, finding.url)

    def _learn(self, dog: Watchdog, url: str) -> None:
        name, proc, now = dog.table.name, _proc(dog), self._now()
        held = self._held.get(name)
        if held is None or held.url != url:
            before = () if held is None else (held.url, *held.previous)
            previous = tuple(old for old in before if old != url)[:PREVIOUS_KEPT]
            self._held[name] = Address(name, url, now, now, proc, previous)
            log.info("address daemon=%s url=%s", name, url)
            if held is not None:
                self._untold.append(self._held[name])
                self._renew(name)
        elif held.proc != proc or now - held.proved_at >= SAVED_S or now < held.proved_at:
            self._held[name] = replace(held, proved_at=now, proc=proc)
        else:
            return
        self._hurried.pop(name, None)
        self._clear(name)
        self._changed.set()

    def _renew(self, name: str) -> None:
        """Restart who asks for that and was started with the address before this one."""
        for dog in self._dogs.values():
            proc = _proc(dog)
            if (
                dog.table.restart_with
                and proc
                and name in named((dog.table.command, dog.table.env))
            ):
                dog.post(Renew(f"{ADDRESS_OF}{name} changed", proc=proc))

    def _clear(self, name: str) -> None:
        """Let go who waits for an address that is known."""
        why = f"{ADDRESS_OF}{name}"
        for dog in self._dogs.values():
            if why in dog.daemon.gate:
                dog.post(Cleared(why))

    # For ever.

    async def run(self) -> None:
        """Keep and tell what changes; let go who waits; ask agents what they know."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(), name="waiting for tunnels")
            tasks.create_task(self._keep(), name="addresses of tunnels")
            if self.ask is not None:
                tasks.create_task(self._ask(self.ask), name="agents of tunnels")

    async def _keep(self) -> None:
        while True:
            if self._changed.is_set():
                self._changed.clear()
                await self._file.save(tuple(self._held.values()))
            told, self._untold = self._untold, []
            for one in told:
                self._tell(one)
            await self._changed.wait()

    def _tell(self, one: Address) -> None:
        line = f"the address is {one.url} now; {one.previous[0]} is dead"
        subject = Subject(About.TUNNEL, one.name)
        told = Told(subject=subject, cause=CAUSE, line=line, at=one.since, phase=Phase.CHANGED)
        self._bus.tell(told)

    def _is_recent(self, one: Address) -> bool:
        return bool(one.previous) and 0 <= self._now() - one.since < RETURNS_S

    async def _follow(self) -> None:
        with self._bus.listen(name="tunnels") as feed:
            while True:
                for name in {why for dog in self._dogs.values() for why in _awaited(dog)}:
                    self._await(name)
                while not feed.lagged and not self._concerns(await feed.get()):
                    pass
                feed.lagged = False

    def _concerns(self, fact: Turned) -> bool:
        """Tell whether after this somebody waits for an address, or one may be known."""
        if fact.after.gate and any(why.startswith(ADDRESS_OF) for why in fact.after.gate):
            return True
        return fact.after.policy.kind is Kind.TUNNEL and fact.before.proc != fact.after.proc

    def _await(self, name: str) -> None:
        if self.address(name) is not None or name not in self._dogs:
            self._clear(name)
        elif self._dogs[name].daemon.state is State.UP:  # its next look may be a minute away
            self._hurry(name, "")

    # Agents, which know of a new address before anybody misses the old one.

    async def _ask(self, ask: Callable[[str], Awaitable[str | None]]) -> None:
        while True:
            await asyncio.sleep(ASKED_S)
            for dog in tuple(self._dogs.values()):
                name, at, proc = dog.table.name, _agent(dog.table), _proc(dog)
                if at is None or dog.daemon.state is not State.UP:
                    continue
                if self._no_agents.get(name) == proc:
                    continue
                url = await ask(at)
                if url is None:  # what answers there is no agent, and not to be bothered
                    self._no_agents[name] = proc
                elif url and url != self.address(name):
                    self._hurry(name, url)

    def _hurry(self, name: str, url: str) -> None:
        """Have it looked at now, rather than in its turn; not more than a few times in vain."""
        before, times = self._hurried.get(name, ("", 0))
        times = times + 1 if before == url else 1
        if times <= HURRIES:
            self._hurried[name] = (url, times)
            self.soon(name)


def _awaited(dog: Watchdog) -> list[str]:
    """Return the tunnels whose addresses a daemon waits for."""
    return [w.removeprefix(ADDRESS_OF) for w in dog.daemon.gate if w.startswith(ADDRESS_OF)]


def _is_tunnel(dog: Watchdog) -> bool:
    return dog.table.policy.kind is Kind.TUNNEL


def _proc(dog: Watchdog) -> Proc | None:
    return dog.daemon.proc if dog.daemon.state in (State.STARTING, State.UP) else None


def _probe(table: DaemonTable) -> ProbeTable | None:
    """Return the probe that looks through a tunnel."""
    return next((probe for probe in table.probes if probe.kind is ProbeKind.TUNNEL), None)


def _fixed(table: DaemonTable) -> str | None:
    """Return the address that ghost.toml itself names."""
    probe = _probe(table)
    if probe is None or probe.url is None or probe.pattern is not None or _is_local(probe.url):
        return None
    return probe.url


def _agent(table: DaemonTable) -> str | None:
    """Return where an agent on this machine may be asked for its address."""
    probe = _probe(table)
    if table.policy.kind is not Kind.TUNNEL or probe is None or probe.url is None:
        return None
    # Where the log names the address, it is the process's own for as long as it runs.
    return probe.url if _is_local(probe.url) and probe.pattern is None else None


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
