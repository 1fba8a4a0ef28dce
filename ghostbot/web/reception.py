"""All ways in for programs: webhooks at every door, the public door, inboxes and summaries.

Rule 1: nothing here is needed for daemons to be kept, nor for people to be heard.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from ghostbot.config.model import Config
from ghostbot.ghost import Ghost
from ghostbot.guards.sanity import Meter
from ghostbot.outlook import Outlook
from ghostbot.patches.inbox import Inboxes
from ghostbot.patches.pipeline import Pipeline
from ghostbot.record import Note, unnoted
from ghostbot.summaries import Summaries
from ghostbot.web.health import Health
from ghostbot.web.keys import Keys
from ghostbot.web.public import PublicDoor
from ghostbot.web.status import Status
from ghostbot.web.webhook import Webhooks

Teller = Callable[[str], Callable[[str | None], None]]


class Reception:
    """Receives patches of programs."""

    def __init__(
        self,
        pipeline: Pipeline,
        config: Callable[[], Config],
        summaries: Summaries,
        *,
        teller: Teller,
        note: Note = unnoted,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take where patches and summaries go, ghost.toml as it was last read, and whom to tell."""
        self._config = config
        self._teller = teller
        self._keys = Keys(config().path.parent)
        self._changed = asyncio.Event()
        self._troubled: frozenset[str] = frozenset()  # the sources that take nothing
        self._summaries = summaries
        self._inboxes = Inboxes(pipeline, lambda: config().watches, teller)
        pipeline.listeners.append(self._inboxes.heard)
        self.webhooks = Webhooks(
            pipeline,
            lambda: config().webhooks,
            self._keys.of,
            summary=summaries.take,
            note=note,
            clock=clock,
        )

    def rewire(self) -> None:
        """Take what ghost.toml says now."""
        self._inboxes.rewire()
        self._summaries.rewire()
        self._changed.set()

    def jobs(
        self, ghost: Ghost, meter: Meter, outlook: Outlook | None
    ) -> dict[str, Callable[[], Awaitable[None]]]:
        """Name what runs for as long as Ghost."""
        door = PublicDoor(
            self._config().web,
            Health(ghost, meter),
            Status(ghost, outlook),
            [self.webhooks],
            self._teller("public door"),
        )
        return {
            "public door": door.run,
            "inboxes": self._inboxes.run,
            "summaries": self._summaries.run,
            "webhook secrets": self._look_at_secrets,
        }

    async def _look_at_secrets(self) -> None:
        """Tell which sources take nothing, now and whenever ghost.toml was read anew."""
        while True:
            self._changed.clear()
            found = await asyncio.to_thread(self._shut)
            for name in self._troubled | found.keys():
                self._teller(f"webhook {name}")(found.get(name))
            self._troubled = frozenset(found)
            await self._changed.wait()

    def _shut(self) -> dict[str, str]:
        """Return why sources take nothing. Blocks."""
        found: dict[str, str] = {}
        for source in self._config().webhooks.values():
            for is_shut, words in self._keys.mistakes(source):
                if is_shut:
                    found.setdefault(source.name, words)
        return found
