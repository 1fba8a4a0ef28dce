"""What happened, and who did it, on its way to whoever keeps it.

Rule 1: noting never waits and never fails: what nobody takes in time is lost, the oldest first,
        and counted.
Rule 2: what is noted later has the greater id, over Ghost's restarts too: ids are microseconds of
        the clock, or one more than the last where that was set back.
Rule 3: what people did is in a file the moment it is noted (write(2) into the page cache, no
        fsync, microseconds), so that a Ghost that is killed takes no deed with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

WAITING_MAX = 10_000  # a crash of 500 daemons is 1,000; a store that is stuck must not fill memory
WHAT_MAX = 1_000  # characters
DEEDS = frozenset({"order", "refusal", "claim", "reload", "patch"})  # people's


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


class Journal:
    """The deeds that may not be in the store yet, one a line."""

    def __init__(self, path: Path) -> None:
        """Take where the file is; it is made when there is something to write."""
        self._path = path
        self._fd: int | None = None
        self.size = 0  # bytes, of this life of Ghost

    def append(self, noted: Noted) -> None:
        """Write a line. A disk that takes nothing is told by whoever keeps the store."""
        line = json.dumps(asdict(noted), default=str).encode("utf-8", "replace") + b"\n"
        with suppress(OSError):
            if self._fd is None:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self._fd = os.open(self._path, flags, 0o600)
            self.size += os.write(self._fd, line)

    def read(self) -> list[Noted]:
        """Return what an earlier Ghost left; a line that was cut short is none."""
        found = []
        with suppress(OSError):
            for line in self._path.read_bytes().splitlines():
                with suppress(ValueError, TypeError):
                    found.append(Noted(**json.loads(line)))
        return found

    def clear(self) -> None:
        """Empty it, as all is in the store."""
        with suppress(OSError):
            os.truncate(self._path, 0)
            self.size = 0

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class Record:
    """Takes notes from everybody, for one keeper."""

    def __init__(
        self, now: Callable[[], float] = time.time, *, journal: Journal | None = None
    ) -> None:
        """Begin with none; deeds go into the journal too, where there is one."""
        self._now = now
        self.journal = journal
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
        noted = Noted(self.last, kind, who, what[:WHAT_MAX], now, more)
        self._waiting.append(noted)
        if self.journal is not None and kind in DEEDS:
            self.journal.append(noted)
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
