"""What happens to daemons, told to whoever listens.

Rule 1: publishing never waits and never fails: a listener that is slow loses its oldest facts
        and is told so by `Feed.lagged`; what is true now can always be asked of Ghost.
Rule 2: a listener sees facts in the order in which they happened.
Rule 3: a listener can be called: it answers when it comes to the end of what it has to read, so
        that whoever is stuck is told from whoever has nothing to do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ghostbot.core.daemon import Daemon, Event
from ghostbot.core.incident import Told

FEED_LENGTH = 4096  # 500 daemons dying and coming back at once fit
TOLD_MAX = 1_000  # of what is no daemon; a desk that is stuck for long loses the oldest


@dataclass(frozen=True, slots=True)
class Turned:
    """A daemon after an event that changed it. `at` is UTC epoch seconds."""

    before: Daemon
    after: Daemon
    event: Event
    at: float


class Feed:
    """One listener's facts, oldest first."""

    def __init__(self, name: str = "") -> None:
        """Begin with nothing to tell. `name` is whom `Bus.answered` knows it by."""
        self._queue: asyncio.Queue[Turned | None] = asyncio.Queue(FEED_LENGTH)  # None is a call
        self._called = False
        self.name = name
        self.answered_at: float | None = None  # monotonic
        self.lagged = False  # facts were lost since the listener last cleared this

    def put(self, fact: Turned) -> None:
        """Add a fact; when the feed is full the oldest one goes."""
        if self._queue.full():
            self._called = self._queue.get_nowait() is not None and self._called
            self.lagged = True
        self._queue.put_nowait(fact)

    def call(self) -> None:
        """Ask the listener to show that it reads; one call at a time."""
        if not self._called and not self._queue.full():
            self._called = True
            self._queue.put_nowait(None)

    async def get(self) -> Turned:
        """Wait for the next fact."""
        while (fact := await self._queue.get()) is None:
            self._answer()
        return fact

    def drain(self) -> list[Turned]:
        """Take all that waits, at once."""
        self.lagged = False
        held = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        if None in held:
            self._answer()
        return [fact for fact in held if fact is not None]

    def _answer(self) -> None:
        self._called, self.answered_at = False, asyncio.get_running_loop().time()


class Bus:
    """Carries facts from the watchdogs to everyone else."""

    def __init__(self) -> None:
        """Begin without listeners."""
        self._feeds: list[Feed] = []
        self._told: deque[Told] = deque(maxlen=TOLD_MAX)
        self._something = asyncio.Event()

    def tell(self, told: Told) -> None:
        """Tell what ails something that is no daemon. It is kept until the desk takes it."""
        self._told.append(told)
        self._something.set()

    async def told(self) -> list[Told]:
        """Wait until something was told, and take it all, oldest first. For one listener."""
        await self._something.wait()
        self._something.clear()
        taken = list(self._told)
        self._told.clear()
        return taken

    def publish(self, fact: Turned) -> None:
        """Tell every listener, without waiting for any."""
        for feed in self._feeds:
            feed.put(fact)

    def call(self) -> None:
        """Call every listener."""
        for feed in self._feeds:
            feed.call()

    def answered(self, name: str) -> float | None:
        """Return when a listener last answered (monotonic); None: never, or it is not there."""
        times = [feed.answered_at for feed in self._feeds if feed.name == name]
        return max((at for at in times if at is not None), default=None)

    def keep(self) -> Feed:
        """Keep what is published from now on, for a listener who comes later."""
        feed = Feed()
        self._feeds.append(feed)
        return feed

    @contextmanager
    def listen(self, kept: Feed | None = None, *, name: str = "") -> Iterator[Feed]:
        """Give a feed of all that is published inside the `with`, after what was kept."""
        feed = Feed(name) if kept is None or kept not in self._feeds else kept
        if feed is not kept:
            self._feeds.append(feed)
        try:
            yield feed
        finally:
            self._feeds.remove(feed)
