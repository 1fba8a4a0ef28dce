"""Roll call: asks the guards whether they work, so that what is said of them has an age.

Rule 1: a guard that is called answers by reading on; who is stuck, or is no longer there, cannot.
Rule 2: an answer that is too old is no evidence: what it told is unknown by now.
Rule 3: who has nothing to do and answers is active.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ghostbot.bus import Bus, Turned
from ghostbot.core.daemon import Daemon, Exited, State
from ghostbot.guards.watchdog import Watchdog

EVERY_S = 5.0
OLD_S = 30.0  # the longest pause of a guard between two looks is 10 s
ERRORS_KEPT = 3
GUARDS = ("sentinel", "watchdog", "executor", "selfcheck", "lifecycle")
LISTENERS = ("sentinel", "selfcheck", "lifecycle")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether a guard works. `at` is when it last showed so, in monotonic seconds."""

    status: str  # active, unknown or error
    at: float | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that a guard did or saw, at UTC epoch seconds."""

    at: float
    said: str


class Rollcall:
    """Calls the guards, and remembers what they did."""

    def __init__(
        self, dogs: Mapping[str, Watchdog], bus: Bus, trouble: Callable[[str], str | None]
    ) -> None:
        """Take the watchdogs by name; `trouble` gives the line of a part that fails now."""
        self._dogs = dogs
        self._bus = bus
        self._trouble = trouble
        self._began_at = asyncio.get_running_loop().time()
        self._watchdogs_at: float | None = None
        self._stuck: str | None = None
        self.also: dict[str, Callable[[], float | None]] = {}  # who reads no facts, by name
        self.deaths: deque[Happened] = deque(maxlen=ERRORS_KEPT)
        self.restarted_at: float | None = None  # the last automatic restart, epoch seconds

    async def run(self) -> None:
        """Call for ever, and note deaths and restarts as they are told."""
        with self._bus.listen(name="rollcall") as feed:
            while True:
                self._call()
                try:
                    async with asyncio.timeout(EVERY_S):
                        while True:
                            self._note(await feed.get())
                except TimeoutError:
                    continue

    def evidence(self, name: str, now: float) -> Evidence:
        """Return what is known of a guard at `now` (monotonic)."""
        at = self._answered(name)
        if line := self._failing(name):
            return Evidence("error", at, line)
        if at is None:
            young = now - self._began_at < OLD_S
            return Evidence("unknown", None, None if young else f"{name} has never answered")
        if now - at > OLD_S:
            return Evidence("unknown", at, f"{name} has not answered for {now - at:.0f} s")
        return Evidence("active", at)

    def _answered(self, name: str) -> float | None:
        if name in self.also:
            return self.also[name]()
        return self._watchdogs_at if name == "watchdog" else self._bus.answered(name)

    def _failing(self, name: str) -> str | None:
        if name != "watchdog":
            return self._trouble(name)
        failing = (self._trouble(f"watchdog {dog}") for dog in self._dogs)
        return next(filter(None, failing), self._stuck)

    def _call(self) -> None:
        """Call whoever listens; watchdogs are looked at: each must read its mail in time."""
        self._bus.call()
        now = asyncio.get_running_loop().time()
        late = [n for n, dog in self._dogs.items() if now - dog.read_at(now) > OLD_S]
        self._stuck = f"the watchdog of {late[0]} reads no mail" if late else None
        if not late:
            self._watchdogs_at = now

    def _note(self, fact: Turned) -> None:
        before, after = fact.before, fact.after
        if after.restarts > before.restarts:
            self.restarted_at = fact.at
        if isinstance(fact.event, Exited) and _is_death(after) and after.fault:
            self.deaths.append(Happened(fact.at, f"{after.name}: {after.fault}"))


def _is_death(d: Daemon) -> bool:
    return d.state in (State.STOPPING, State.BACKOFF, State.BLOCKED) and not d.done
