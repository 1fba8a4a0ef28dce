"""Lifecycle: who may start, and when: it opens and shuts the daemons' gates.

Rule 1: a daemon's gate is shut while one that it comes after is not ready. A daemon that
        already runs is not touched by its gate.
Rule 2: what a person stopped or holds stays so; what is done stays done in the same boot.
Rule 3: a daemon that is up and in doubt (a probe for readiness fails) is left alone; only what
        comes after it waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ghostbot.bus import Bus, Turned
from ghostbot.core.daemon import (
    Adopted,
    Cleared,
    Daemon,
    Event,
    Exited,
    Gated,
    Proc,
    Resumed,
    Start,
    State,
    Unspawned,
    Wanted,
)
from ghostbot.guards.watchdog import Runs, Watchdog


class Lifecycle:
    """Keeps every gate true, for all daemons."""

    def __init__(self, dogs: Mapping[str, Watchdog], bus: Bus) -> None:
        """Take the watchdogs by name."""
        self._dogs = dogs
        self._bus = bus
        self._held: set[Watchdog] = set()  # with an end
        self._doubted: dict[str, Proc] = {}  # who is up, and has ceased to prove ready
        self._dependents = _dependents(dogs)

    def begin(self, runs: Runs, *, starting: bool = True) -> None:
        """Put into each mailbox what a new Ghost has to say first: what it found, and Start.

        Called once, before any watchdog runs. Without `starting`, what was found is all.
        """
        for dog in self._dogs.values():
            self.greet(dog, runs, starting=starting)

    def greet(self, dog: Watchdog, runs: Runs, *, starting: bool = True) -> None:
        """Put into one mailbox what comes first. Called once, before that watchdog runs."""
        found = runs.find(dog.table.name)
        if found is not None and _is_due(dog.daemon, autostart=dog.table.autostart):
            # Its record was lost, or never written: what is due and runs is wanted up.
            dog.daemon = replace(dog.daemon, wanted=Wanted.UP)
        for event in _found(dog, found, runs):
            dog.post(event)
        for event in self._gating(dog):
            dog.post(event)
        if starting and _is_due(dog.daemon, autostart=dog.table.autostart):
            dog.post(Start())

    def doubt(self, proc: Proc, name: str, *, ready: bool) -> None:
        """Take the word of its probes on whether a daemon that is up is ready."""
        dog = self._dogs.get(name)
        if dog is None or dog.daemon.proc != proc or ready == (name not in self._doubted):
            return
        if ready:
            del self._doubted[name]
        else:
            self._doubted[name] = proc
        self._gate_dependents(name)

    def rewire(self) -> None:
        """Learn anew who comes after whom; the gates of those who are kept follow."""
        self._dependents, self._held = _dependents(self._dogs), self._held_now()
        for dog in self._dogs.values():
            for event in self._gating(dog):
                dog.post(event)

    def _gating(self, dog: Watchdog) -> list[Event]:
        """Bring the reasons in a daemon's record up to what is so now."""
        shut = [a for a in dog.table.after if a in self._dogs and not self._is_ready(a)]
        stale = [Cleared(why) for why in dog.daemon.gate if why not in shut]
        return [*(Gated(why) for why in shut), *stale]

    async def run(self) -> None:
        """Open and shut gates as daemons become ready and cease to be; end holds in time."""
        with self._bus.listen(name="lifecycle") as feed:
            self._gate_all()
            self._held = self._held_now()
            while True:
                try:
                    async with asyncio.timeout_at(self._next_hold_end()):
                        fact = await feed.get()
                except TimeoutError:
                    self._end_holds()
                    continue
                if feed.lagged:
                    feed.lagged = False
                    self._gate_all()
                    self._held = self._held_now()
                self._follow(fact)

    def _gate_all(self) -> None:
        for dog in self._dogs.values():
            for first in dog.table.after:
                ready = first not in self._dogs or self._is_ready(first)
                dog.post(Cleared(first) if ready else Gated(first))

    def _follow(self, fact: Turned) -> None:
        name = fact.after.name
        if fact.after.held_until != fact.before.held_until:
            self._held = self._held_now()
        if fact.before.is_ready is fact.after.is_ready or name not in self._dogs:
            return
        self._doubted.pop(name, None)  # it was about the process that was
        self._gate_dependents(name)

    def _gate_dependents(self, name: str) -> None:
        ready = self._is_ready(name)
        for dependent in self._dependents[name]:
            self._dogs[dependent].post(Cleared(name) if ready else Gated(name))

    def _is_ready(self, name: str) -> bool:
        return self._dogs[name].daemon.is_ready and name not in self._doubted

    def _next_hold_end(self) -> float | None:
        """Return when the next hold ends. Asked for each fact, so it looks at the held only."""
        held = (dog.daemon for dog in self._held if dog.daemon.wanted is Wanted.HELD)
        ends = [until for d in held if (until := d.held_until) is not None]
        return min(ends, default=None)

    def _held_now(self) -> set[Watchdog]:
        return {dog for dog in self._dogs.values() if dog.daemon.held_until is not None}

    def _end_holds(self) -> None:
        now = asyncio.get_running_loop().time()
        for dog in self._dogs.values():
            until, held = dog.daemon.held_until, dog.daemon.wanted is Wanted.HELD
            if held and until is not None and until <= now:
                dog.post(Start())


def _dependents(dogs: Mapping[str, Watchdog]) -> dict[str, list[str]]:
    """Return who comes directly after each. One that is about to go may name who has gone."""
    found: dict[str, list[str]] = {name: [] for name in dogs}
    for name, dog in dogs.items():
        for first in dog.table.after:
            if first in found:
                found[first].append(name)
    return found


def _found(dog: Watchdog, found: Proc | None, runs: Runs) -> Sequence[Event]:
    """Say what became of a daemon's processes since its record was written.

    The record may be up to a quarter of a second older than the journal.
    """
    d, run = dog.daemon, runs.run_of(dog.table.name)
    if found is None:
        if d.proc is not None and d.is_alive:
            return [runs.adopt(dog.table, d.proc, dog.post, run), *_once_more(d)]
        if d.state is State.STARTING:  # Ghost ended between its record and the spawn
            why = "Ghost's own end"
            return [Unspawned(why, own=True), Cleared(why)]
        return []
    fact = runs.adopt(dog.table, found, dog.post, run)
    events: list[Event] = [Adopted(found), fact] if isinstance(fact, Exited) else [fact]
    if d.proc is None or not d.is_alive or d.proc == found:
        return [*events, *_once_more(d)]
    if d.state in (State.STOPPING, State.KILLING):
        # Its end has led to this start already. Told of that end, it would be started twice.
        dog.daemon = replace(d, state=State.STARTING, proc=None, deadline=None)
        return events
    return [Exited(d.proc, None), *events]


def _once_more(d: Daemon) -> list[Event]:
    """Give a start its whole time again whose time ran out while no Ghost looked at it."""
    late = d.deadline is not None and d.deadline <= asyncio.get_running_loop().time()
    return [Resumed()] if late and d.state is State.STARTING else []


def _is_due(d: Daemon, *, autostart: bool) -> bool:
    """Tell whether a new Ghost starts this daemon without being asked."""
    return autostart and d.wanted is Wanted.DOWN and not d.stopped and not d.is_alive
