"""The pace of probes: who is looked at next, and how many at a time.

Rule 1: of one probe at most one look is under way: a slow answer delays the next question.
Rule 2: at most IN_FLIGHT looks are under way in all, for the descriptors; who waits comes late.
Rule 3: first looks are spread over the pace, and each later one strays a little, so that a
        hundred probes of one pace do not strike together.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ghostbot.config.model import ProbeTable
from ghostbot.core.health import Health
from ghostbot.probes.finding import Finding

IN_FLIGHT = 64
STRAY = 0.05  # of the pace, either way


@dataclass(eq=False, slots=True)
class Round:
    """One probe that is asked again and again. `told` is called after each look, on the loop."""

    subject: str  # the daemon's name, or `check NAME`
    table: ProbeTable
    look: Callable[[], Awaitable[Finding]] = field(repr=False)
    told: Callable[[Round, Finding], None] = field(repr=False)
    pace_s: float = 0.0  # until the look after the next; `told` may change it
    health: Health = field(default_factory=Health)
    finding: Finding | None = None  # the last
    at: float | None = None  # when it was looked, monotonic
    over: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)  # one look at a time
    due: int = 0  # the number of its place in the queue; another place is not its own any more


class Rounds:
    """All probes of this Ghost."""

    def __init__(self, stray: Callable[[], float] = random.random) -> None:
        """Begin without any. `stray` gives numbers from 0 to 1."""
        self._stray = stray
        self._heap: list[tuple[float, int, Round]] = []
        self._numbers = itertools.count(1)
        self._asked: set[Round] = set()
        self._wake = asyncio.Event()
        self._free = asyncio.Event()

    def begin(self, one: Round, in_s: float | None = None) -> None:
        """Ask for the first time after `in_s`; without it at some moment within the pace."""
        one.over = False
        self._put(one, self._stray() * one.pace_s if in_s is None else in_s)

    def end(self, one: Round) -> None:
        """Ask no more. What is under way is not told."""
        one.over = True

    @property
    def in_flight(self) -> int:
        """How many looks are under way."""
        return len(self._asked)

    async def run(self) -> None:
        """Ask for ever."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            while True:
                one = await self._next(loop)
                self._asked.add(one)
                name = f"probe {one.subject} {one.table.label}"
                tasks.create_task(self._ask(one), name=name)

    async def _next(self, loop: asyncio.AbstractEventLoop) -> Round:
        """Wait for the next that is due."""
        while True:
            while len(self._asked) >= IN_FLIGHT:
                self._free.clear()
                await self._free.wait()
            while self._heap and self._is_void(self._heap[0]):
                heapq.heappop(self._heap)
            if self._heap and self._heap[0][0] <= loop.time():
                return heapq.heappop(self._heap)[2]
            self._wake.clear()
            at = self._heap[0][0] if self._heap else None
            try:
                async with asyncio.timeout_at(at):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _is_void(self, place: tuple[float, int, Round]) -> bool:
        return place[2].over or place[2].due != place[1]

    async def _ask(self, one: Round) -> None:
        try:
            async with one.lock:
                finding = await one.look()
        except BaseException:  # whatever ends `run`, the next one goes on with it
            self._put(one, one.pace_s)
            raise
        finally:
            self._asked.discard(one)
            self._free.set()
        if one.over:
            return
        one.finding, one.at = finding, asyncio.get_running_loop().time()
        one.told(one, finding)
        if not one.over:
            self._put(one, one.pace_s * (1 + STRAY * (2 * self._stray() - 1)))

    def _put(self, one: Round, in_s: float) -> None:
        one.due = next(self._numbers)
        at = asyncio.get_running_loop().time() + in_s
        heapq.heappush(self._heap, (at, one.due, one))
        self._wake.set()
