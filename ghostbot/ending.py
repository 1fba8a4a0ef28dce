"""How Ghost is told to end: signals, and `ghost down`.

SIGTERM and SIGHUP end Ghost alone: the daemons live on for the next one. Ctrl-C stops the
daemons first, a second Ctrl-C leaves them. As pid 1, whose end ends all, SIGTERM stops them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from enum import StrEnum

PATIENCE_S = 15.0  # for everything but the daemons to end; then Ghost ends all the same

log = logging.getLogger("ghost.app")


class How(StrEnum):
    """What becomes of the daemons."""

    KEEP = "keep"
    DOWN = "down"
    UPGRADE = "upgrade"  # kept, by the next Ghost in this very process


class Ending:
    """Waits for the word to end."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Begin to listen for signals, on the running loop."""
        self._say = say
        self._how: How | None = None
        self._told = asyncio.Event()
        self._kept = asyncio.Event()
        self._hurry: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            self._loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: signal.Signals) -> None:
        if number is signal.SIGINT:
            if self._how is How.DOWN:
                self._say("Leaving the daemons running; `ghost up` takes them back.")
                self.end(How.KEEP)
                return
            self._say("\nStopping the daemons, then Ghost. Ctrl-C again leaves them running.")
            self.end(How.DOWN)
        else:
            self.end(How.DOWN if os.getpid() == 1 else How.KEEP)

    def end(self, how: How) -> None:
        """End Ghost. The word to keep the daemons comes before the word to stop them."""
        if how is How.UPGRADE and self._how is not None:
            return  # whoever wanted Ghost to end meant it
        self._how = how
        self._told.set()
        if how is How.KEEP:
            self._kept.set()

    @property
    def how(self) -> How | None:
        """The last word so far."""
        return self._how

    async def told(self) -> How:
        """Wait for the word."""
        await self._told.wait()
        assert self._how is not None, "it is set before the event"
        return self._how

    async def kept(self) -> None:
        """Wait until Ghost is to end at once, daemons or not."""
        await self._kept.wait()

    def hurry(self, last: Callable[[], None]) -> None:
        """Call `last` in a while, whatever still hangs: the daemons do not depend on it."""
        self._hurry = self._loop.call_later(PATIENCE_S, last)

    def close(self) -> None:
        """Leave the signals as they were."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            self._loop.remove_signal_handler(number)
        if self._hurry is not None:
            self._hurry.cancel()


def give_up() -> None:
    """End the process now."""
    log.error("gave up waiting for Ghost's own tasks to end")
    logging.shutdown()
    os._exit(1)
