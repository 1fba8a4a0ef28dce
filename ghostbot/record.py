"""What happened, and who did it, on its way to whoever keeps it.

Rule 1: noting never waits and never fails: what nobody takes in time is lost, the oldest first,
        and counted.
Rule 2: what is noted later has the greater id, over Ghost's restarts too: ids are microseconds of
        the clock, or one more than the last where that was set back.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

WAITING_MAX = 10_000  # a crash of 500 daemons is 1,000; a store that is stuck must not fill memory
WHAT_MAX = 1_000  # characters


class Note(Protocol):
    """Notes that something happened."""

    def __call__(self, kind: str, who: str, what: str, **more: Any) -> None:
        """Note it: `who` is an actor's id, or nobody's; `what` is for people to read."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that happened. `at` is UTC epoch seconds; `more` is for programs."""

    id: int
    kind: str
    who: str
    what: str
    at: float
    more: Mapping[str, Any] = field(default_factory=dict)


class Record:
    """Takes notes from everybody, for one keeper."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """Begin with none."""
        self._now = now
        self._waiting: deque[Noted] = deque()
        self._some = asyncio.Event()
        self.last = int(now() * 1e6)  # id; all that an earlier Ghost noted is smaller
        self.began = self.last
        self.lost = 0  # in this life of Ghost

    def note(self, kind: str, who: str, what: str, **more: Any) -> None:
        """Note that something happened."""
        while len(self._waiting) >= WAITING_MAX:
            self._waiting.popleft()
            self.lost += 1
        now = self._now()
        self.last = max(self.last + 1, int(now * 1e6))
        self._waiting.append(Noted(self.last, kind, who, what[:WHAT_MAX], now, more))
        self._some.set()

    async def some(self) -> None:
        """Wait until there is something to take."""
        await self._some.wait()

    def take(self) -> list[Noted]:
        """Take all that waits, oldest first."""
        self._some.clear()
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


def unnoted(kind: str, who: str, what: str, **more: Any) -> None:
    """Note nothing, where nobody keeps a record."""
