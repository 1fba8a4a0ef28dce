"""Ghost's own troubles as incidents: those that last.

What is over within `LASTS_S` was a hiccup: it stands in the log. Slack's own link is left out: it
cannot be told of where it is missing, and `ghost status` says it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ghostbot.bus import Bus
from ghostbot.core.incident import About, Subject, Told

LASTS_S = 5.0
GHOST = Subject(About.GHOST, "Ghost")
UNTOLD = frozenset({"slack", "slack channel"})  # sources


class Own:
    """Hears every trouble of Ghost's, and tells those that last."""

    def __init__(
        self, bus: Bus, line: Callable[[str], str | None], now: Callable[[], float] = time.time
    ) -> None:
        """Take the bus, what says how a source is now, and a clock of epoch seconds.

        Needs a running loop.
        """
        self._loop = asyncio.get_running_loop()
        self._bus = bus
        self._line = line
        self._now = now
        self._told: set[str] = set()

    def hear(self, source: str, line: str | None) -> None:
        """Take what a source says, from whatever thread; None: it is over."""
        if source not in UNTOLD:
            self._loop.call_soon_threadsafe(self._heard, source, line)

    def _heard(self, source: str, line: str | None) -> None:
        if line is None:
            if source in self._told:
                self._told.discard(source)
                self._tell(source, None)
        elif source in self._told:
            self._tell(source, line)
        else:
            self._loop.call_later(LASTS_S, self._lasted, source)

    def _lasted(self, source: str) -> None:
        line = self._line(source)
        if line is not None and source not in self._told:
            self._told.add(source)
            self._tell(source, line)

    def _tell(self, source: str, line: str | None) -> None:
        self._bus.tell(Told(subject=GHOST, cause=source, line=line, at=self._now()))
