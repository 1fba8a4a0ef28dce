"""Ghost's own troubles, as lines for people: on top of `ghost status`, in /health, in the log.

Each source has at most one line, told once when it changes; None takes it back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger("ghost.troubles")


class Troubles:
    """What is wrong with Ghost itself now."""

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Begin without any. `say` shows each new one where Ghost was started."""
        self._lines: dict[str, str] = {}
        self._hear: Callable[[str, str | None], None] | None = None
        self._say = say

    def teller(self, source: str) -> Callable[[str | None], None]:
        """Return what a part of Ghost calls with its trouble, and with None once it is over."""

        def tell(line: str | None) -> None:
            before = self._lines.pop(source, None)
            if line is not None:
                self._lines[source] = line
            if line != before:
                log.warning("trouble source=%s %s", source, line or "is over")
                self._say(f"  ! {line}" if line else f"  ! over: {before}")
                if self._hear is not None:
                    self._hear(source, line)

        return tell

    def listen(self, hear: Callable[[str, str | None], None] | None) -> None:
        """Have each change heard from now on, and first what is so already; None: by nobody."""
        self._hear = hear
        if hear is not None:
            for source, line in tuple(self._lines.items()):
                hear(source, line)

    def line(self, source: str) -> str | None:
        """Return the line of one source, if it has trouble now."""
        return self._lines.get(source)

    def lines(self) -> tuple[str, ...]:
        """Return all, in the order in which they began."""
        return tuple(self._lines.values())
