"""Drills: a daemon is killed on purpose, and how long each step after that took is reported.

Rule 1: a drill is no death: no budget is charged, and nobody is blamed.
Rule 2: it proves what would happen, so it is refused where that would do harm: where the daemon
        is not up, its breaker is open or half so, or a person holds it.
Rule 3: what it measures ends with the daemon ready again, and with people told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from signal import SIGKILL

from ghostbot.bus import Bus, Feed
from ghostbot.core.daemon import Drilled, Exited, Proc, Spawned, State, Wanted
from ghostbot.core.restart import After, Kind
from ghostbot.core.words import or_what
from ghostbot.errors import Failed, NoSuch
from ghostbot.guards.executor import Progress, Work
from ghostbot.guards.watchdog import Watchdog
from ghostbot.process.tree import send

TOLD_S = 30.0  # Slack takes a message a second
SPARE_S = 10.0  # beside its delay and its start, for it to be ready

Told = Callable[[str, float], Awaitable[float | None]]
"""Waits until people were told of a daemon since an instant (epoch), and returns when; None: there
is nobody to tell."""


@dataclass(frozen=True, slots=True)
class Report:
    """How long each step took, in seconds after the kill. None: it did not come to that."""

    noticed_s: float | None = None
    restarted_s: float | None = None
    ready_s: float | None = None
    told_s: float | None = None

    def __str__(self) -> str:
        """Say it for people."""
        steps = (
            ("noticed", self.noticed_s),
            ("restarted", self.restarted_s),
            ("ready", self.ready_s),
            ("told", self.told_s),
        )
        return ", ".join(
            f"{word} after {seconds * 1000:.0f} ms" if seconds is not None else f"not {word}"
            for word, seconds in steps
        )


class Drills:
    """Everything that can be drilled."""

    def __init__(
        self,
        dogs: Mapping[str, Watchdog],
        bus: Bus,
        told: Told,
        *,
        kill: Callable[[Proc], object] = lambda proc: send([proc], SIGKILL),
    ) -> None:
        """Take the watchdogs by name, and what waits until people were told."""
        self._dogs = dogs
        self._bus = bus
        self._told = told
        self._kill = kill

    def work(self, name: str) -> Work:
        """Return a drill as work for the executor. Raises NoSuch, and Failed with why not."""
        self._refuse(name)

        async def work(progress: Progress) -> str:
            report = await self.drill(name, progress.say)
            if report.ready_s is None:
                raise Failed(f"{name} did not come back: {report}")
            return str(report)

        return work

    def limit_s(self, name: str) -> float:
        """Return how long a drill may take. Raises NoSuch."""
        return self._within_s(self._dog(name)) + TOLD_S + SPARE_S

    async def drill(self, name: str, say: Callable[[str], None] = lambda _: None) -> Report:
        """Kill it, and see what follows. Raises NoSuch, and Failed with why not."""
        dog = self._refuse(name)
        proc = dog.daemon.proc
        assert proc is not None, "it is up"
        with self._bus.listen(name="drill") as feed:
            await dog.order(Drilled(proc))
            self._refuse(name)  # it may have died, or been stopped, in between
            began, at = time.perf_counter(), time.time()
            self._kill(proc)
            say("killed")
            report = await self._follow(dog, proc, feed, began)
        told_at = await self._people_told(name, at)
        told_s = None if told_at is None else max(0.0, told_at - at)
        return Report(report.noticed_s, report.restarted_s, report.ready_s, told_s)

    async def _follow(self, dog: Watchdog, proc: Proc, feed: Feed, began: float) -> Report:
        """See it end, start and become ready."""
        noticed: float | None = None
        restarted: float | None = None
        try:
            async with asyncio.timeout(self._within_s(dog)):
                while True:
                    fact = await feed.get()
                    if fact.after.name != dog.daemon.name:
                        continue
                    passed = time.perf_counter() - began
                    if isinstance(fact.event, Exited) and fact.event.proc == proc:
                        noticed = passed
                    elif isinstance(fact.event, Spawned) and fact.after.proc != proc:
                        restarted = passed
                    if restarted and fact.after.is_ready:
                        return Report(noticed, restarted, passed)
        except TimeoutError:
            return Report(noticed, restarted)

    async def _people_told(self, name: str, at: float) -> float | None:
        try:
            async with asyncio.timeout(TOLD_S):
                return await self._told(name, at)
        except TimeoutError:
            return None

    def _within_s(self, dog: Watchdog) -> float:
        policy = dog.table.policy
        pause = policy.restart_delay_s * 1.5 + policy.start_timeout_s  # with its jitter
        return pause + policy.stop_timeout_s + policy.kill_again_s + SPARE_S

    def _refuse(self, name: str) -> Watchdog:
        dog = self._dog(name)
        d, why = dog.daemon, None
        if d.wanted is Wanted.HELD:
            why = "a person holds it"
        elif d.state is State.BLOCKED or d.record.trips:
            why = "its breaker is open; see `ghost backoff`"
        elif d.state is not State.UP or d.proc is None:
            why = f"it is not up but {d.state.value}"
        elif d.policy.kind is Kind.ONESHOT or d.policy.restart is After.NEVER:
            why = "nothing would start it again"
        if why is not None:
            raise Failed(f"cannot drill {name}: {why}")
        return dog

    def _dog(self, name: str) -> Watchdog:
        dog = self._dogs.get(name)
        if dog is None:
            near = or_what(name, self._dogs)
            raise NoSuch(f"cannot drill {name}: no such daemon{near}")
        return dog
