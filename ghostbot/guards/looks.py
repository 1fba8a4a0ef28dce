"""Makes what looks for a probe. What speaks HTTP is imported when the first probe needs it.

Rule 1: supervising begins without it: the import takes longer than a daemon's whole start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ghostbot.config.model import CheckTable, DaemonTable, ProbeKind, ProbeTable
from ghostbot.errors import NoSuch
from ghostbot.probes.finding import Finding
from ghostbot.probes.reader import Begin, Tape

FRESH_S = 10.0  # from a start to the first look at it, at most
OF_LOGS = (ProbeKind.LOG, ProbeKind.TUNNEL)

Looking = Callable[[], Awaitable[Finding]]


class Looker(Protocol):
    """Looks once for a probe, within its time."""

    async def look(self) -> Finding:
        """Look. Raises nothing."""


class Looks:
    """Everything that can look, for the probes of all daemons and checks."""

    def __init__(
        self,
        errand: Callable[..., Awaitable[Any]],
        folder: Path,
        *,
        tape: Callable[[str], Tape],
        begun: Mapping[str, Begin],
    ) -> None:
        """Take what runs a bounded command, and the folder in which those of checks run.

        `tape` gives a daemon's log, `begun` where it was when this Ghost last started a daemon.
        """
        self._errand = errand
        self._folder = folder
        self._tape = tape
        self._begun = begun
        self._session: Any = None
        self._opening = asyncio.Lock()

    def of(self, table: DaemonTable | CheckTable, probe: ProbeTable) -> Looking:
        """Return what looks for one probe of a daemon or check."""
        looker: Looker | None = None
        begin = self._begin(table.name) if isinstance(table, DaemonTable) else None

        async def look() -> Finding:
            nonlocal looker
            if looker is None:
                looker = await self._looker(table, probe, begin)
            return await looker.look()

        return look

    def _begin(self, name: str) -> Begin:
        """Return when a daemon began; of one that is adopted, all its log may be its own."""
        now = time.time()
        begun = self._begun.get(name) or Begin(now)
        # A rotation since then would have moved what was where the log ended.
        return begun if abs(now - begun.at) < FRESH_S else Begin(begun.at)

    def _tape_of(self, table: DaemonTable) -> Tape | None:
        try:
            return self._tape(table.name)
        except NoSuch:  # let go by a reload, this very moment
            return None

    async def _looker(
        self, table: DaemonTable | CheckTable, probe: ProbeTable, begin: Begin | None
    ) -> Looker:
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
            tape=self._tape_of(daemon) if daemon and probe.kind in OF_LOGS else None,
            begin=begin,
        )
        return made

    async def close(self) -> None:
        """Close what was opened; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None
