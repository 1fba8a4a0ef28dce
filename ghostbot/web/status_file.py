"""status.json in the state directory: what `/ghost/status.json` gives, for whoever reads files.

Written every 15 s, and within a second of a change; whole or old, never torn.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from ghostbot.bus import Bus
from ghostbot.ghost import Ghost
from ghostbot.web.status import bytes_of_status

NAME = "status.json"
EVERY_S = 15.0
MERGED_S = 1.0  # changes within this cost one write


class StatusFile:
    """Keeps the file true."""

    def __init__(self, ghost: Ghost, bus: Bus, state_dir: Path) -> None:
        """Take whose status it is, and where it goes."""
        self._ghost = ghost
        self._bus = bus
        self._path = state_dir / NAME

    async def run(self) -> None:
        """Write, for ever. Raises OSError when the disk refuses: whoever keeps it, says so."""
        with self._bus.listen() as feed:
            while True:
                await asyncio.to_thread(_replace, self._path, bytes_of_status(self._ghost))
                await asyncio.sleep(MERGED_S)
                try:
                    async with asyncio.timeout(EVERY_S - MERGED_S):
                        await feed.get()
                except TimeoutError:
                    continue
                feed.drain()


def _replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file at once; not synced, as it is written again soon."""
    beside = path.with_suffix(".json.new")
    with beside.open("wb") as file:
        file.write(data)
    beside.replace(path)
