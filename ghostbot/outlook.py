"""What stands around the daemons: the machine's load, memory and disk, and what logs show.

Rule 1: one look every 15 s, in a thread; a log that has not grown is not read again.
Rule 2: what cannot be measured is absent, never 0.
Rule 3: a line that looks like an error is shown with its log's age. It is no evidence of health.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from ghostbot import errors
from ghostbot.config.model import LogTable
from ghostbot.core.snapshot import LogSigns, Machine
from ghostbot.process.output import Tail
from ghostbot.process.rotation import Logs
from ghostbot.veil import hide

EVERY_S = 15.0
LINES = 50  # of each log are looked through
ERRORS_KEPT = 3
LINE_MAX = 300
_ERROR = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|PANIC|Traceback|Unhandled|[A-Z]\w*(?:Error|Exception))\b|[❌🔴]"
)


class Outlook:
    """Looks around."""

    def __init__(
        self, tables: Callable[[], Mapping[str, LogTable]], logs: Logs, state_dir: Path
    ) -> None:
        """Take which logs there are, who reads them, and whose disk it is."""
        self._tables = tables
        self._logs = logs
        self._state_dir = state_dir
        self.machine: Machine | None = None
        self.signs: dict[str, LogSigns] = {}

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            self.machine = await asyncio.to_thread(machine, self._state_dir)
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look at each log once."""
        tables = dict(self._tables())
        known = self.signs
        found = await asyncio.to_thread(_stats, {n: table.path for n, table in tables.items()})
        signs = {}
        for name, seen in found.items():
            old = known.get(name)
            if old and (old.path, old.written_at, old.size) == (
                seen.path,
                seen.written_at,
                seen.size,
            ):
                signs[name] = old
            else:
                signs[name] = await self._read(name, seen)
        self.signs = signs

    async def _read(self, name: str, seen: LogSigns) -> LogSigns:
        if seen.written_at is None:
            return seen
        try:
            tail = await self._logs.tail(name, LINES)
        except (OSError, errors.GhostError):
            return seen
        return LogSigns(seen.path, seen.written_at, seen.size, errors_in(tail))


def errors_in(tail: Tail) -> tuple[str, ...]:
    """Return the last lines that look like errors, oldest first, each cut to LINE_MAX."""
    found = [hide(line.text)[:LINE_MAX] for line in tail.lines if _ERROR.search(line.text)]
    return tuple(found[-ERRORS_KEPT:])


def machine(path: Path) -> Machine:
    """Measure the machine, and the filesystem of `path`. Blocks. Raises OSError."""
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(path)
    load = None
    with suppress(OSError, AttributeError):
        load = os.getloadavg()
    return Machine(load, os.cpu_count(), memory.total, memory.available, disk.total, disk.free)


def _stats(paths: Mapping[str, Path]) -> dict[str, LogSigns]:
    found = {}
    for name, path in paths.items():
        found[name] = LogSigns(str(path), None)
        with suppress(OSError):
            stat = path.stat()
            found[name] = LogSigns(str(path), stat.st_mtime if stat.st_size else None, stat.st_size)
    return found
