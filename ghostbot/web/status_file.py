"""status.json in the state directory: what `/ghost/status.json` gives, for whoever reads files.

Beside it orchestrator.diagnostic.json: when each daemon exited of late, as the system that Ghost
replaces wrote it. Written every 15 s, and within a second of a change; whole or old, never torn.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from ghostbot import shapes
from ghostbot.bus import Bus
from ghostbot.ghost import Ghost
from ghostbot.outlook import Outlook
from ghostbot.web import answers
from ghostbot.web.status import bytes_of_status

NAME = "status.json"
DIAGNOSTIC = "orchestrator.diagnostic.json"
EVERY_S = 15.0
MERGED_S = 1.0  # changes within this cost one write


class StatusFile:
    """Keeps the file true."""

    def __init__(
        self, ghost: Ghost, bus: Bus, state_dir: Path, outlook: Outlook | None = None
    ) -> None:
        """Take whose status it is, where it goes, and who looks around."""
        self._ghost = ghost
        self._outlook = outlook
        self._bus = bus
        self._path = state_dir / NAME
        self._diagnostic = state_dir / DIAGNOSTIC

    async def run(self) -> None:
        """Write, for ever. Raises OSError when the disk refuses: whoever keeps it, says so."""
        with self._bus.listen() as feed:
            while True:
                status = bytes_of_status(self._ghost, self._outlook)
                await asyncio.to_thread(_replace, self._path, status)
                await asyncio.to_thread(_replace, self._diagnostic, self._exits())
                await asyncio.sleep(MERGED_S)
                try:
                    async with asyncio.timeout(EVERY_S - MERGED_S):
                        await feed.get()
                except TimeoutError:
                    continue
                feed.drain()

    def _exits(self) -> bytes:
        records, _, offset = self._ghost.records()
        return answers.bytes_of(shapes.diagnostic(records, offset), indent=2)


def _replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file at once; not synced, as it is written again soon."""
    beside = path.with_suffix(".json.new")
    with beside.open("wb") as file:
        file.write(data)
    beside.replace(path)
