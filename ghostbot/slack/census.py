"""How many programs are connected as this app: Slack gives each command to one of them, any."""

from __future__ import annotations

import logging
from collections.abc import Callable

RECOUNT_S = 300.0  # Slack says the number when a connection opens, and never again
UNSURE_S = 60.0  # a connection of our own that broke may be counted so much longer

log = logging.getLogger("ghost.slack")


class Census:
    """What Slack said of it."""

    def __init__(self, tell: Callable[[str | None], None], now: Callable[[], float]) -> None:
        """Take who hears of a second connection, and a clock."""
        self._tell = tell
        self._now = now
        self._count = 0  # 0: none was said yet
        self._at = 0.0
        self._told = False

    def hear(self, count: int) -> None:
        """Take what a new connection was greeted with."""
        before, self._count, self._at = self._count, count, self._now()
        if count <= 1:
            self._say(None)
        elif before != 1:  # the first connection of this life, or counted twice
            self._say(
                f"Slack: {count} programs are connected as this app, and each command reaches only"
                " one of them: end the other Ghost, or give it an app of its own"
            )
        else:
            log.info("slack counts connections=%s, one may be ours of before", count)

    @property
    def is_due(self) -> bool:
        """Whether it is time to connect anew, to be told the number again."""
        wait_s = RECOUNT_S if self._told else UNSURE_S
        return self._count > 1 and self._now() - self._at > wait_s

    def asked(self) -> None:
        """Note that a new connection is on its way."""
        self._at = self._now()

    def _say(self, line: str | None) -> None:
        if line is not None or self._told:
            self._tell(line)
        self._told = line is not None
