"""Makes what looks for a probe. What speaks HTTP is imported when the first probe needs it.

Rule 1: supervising begins without it: the import takes longer than a daemon's whole start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ghostbot.config.model import CheckTable, DaemonTable, ProbeTable
from ghostbot.probes.finding import Finding

Looking = Callable[[], Awaitable[Finding]]


class Looker(Protocol):
    """Looks once for a probe, within its time."""

    async def look(self) -> Finding:
        """Look. Raises nothing."""


class Looks:
    """Everything that can look, for the probes of all daemons and checks."""

    def __init__(self, errand: Callable[..., Awaitable[Any]], folder: Path) -> None:
        """Take what runs a bounded command, and the folder in which those of checks run."""
        self._errand = errand
        self._folder = folder
        self._session: Any = None
        self._opening = asyncio.Lock()

    def of(self, table: DaemonTable | CheckTable, probe: ProbeTable) -> Looking:
        """Return what looks for one probe of a daemon or check."""
        looker: Looker | None = None

        async def look() -> Finding:
            nonlocal looker
            if looker is None:
                looker = await self._looker(table, probe)
            return await looker.look()

        return look

    async def _looker(self, table: DaemonTable | CheckTable, probe: ProbeTable) -> Looker:
        module = await asyncio.to_thread(import_module, "ghostbot.probes.look")
        async with self._opening:
            if self._session is None:
                self._session = module.open_session()
        daemon = table if isinstance(table, DaemonTable) else None
        made: Looker = module.looker(
            probe,
            port=probe.port or (daemon.port if daemon else None),
            log=probe.path or (daemon.log.path if daemon else None),
            cwd=daemon.cwd if daemon else self._folder,
            env=daemon.env if daemon else {},
            run=self._errand,
            session=self._session,
        )
        return made

    async def close(self) -> None:
        """Close what was opened; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None
