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
from urllib.parse import urlsplit

from ghostbot.config.addresses import Known, filled, missing
from ghostbot.config.model import CheckTable, DaemonTable, ProbeKind, ProbeTable
from ghostbot.errors import NoSuch
from ghostbot.probes.finding import Finding
from ghostbot.probes.reader import Begin, Tape

FRESH_S = 10.0  # from a start to the first look at it, at most
AGENT_S = 1.0  # for an agent on this machine to name its address
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
        known: Known = lambda _: None,
    ) -> None:
        """Take what runs a bounded command, and the folder in which those of checks run.

        `tape` gives a daemon's log, `begun` where it was when this Ghost last started a daemon,
        `known` the addresses of tunnels.
        """
        self._errand = errand
        self._folder = folder
        self._tape = tape
        self._begun = begun
        self._known = known
        self._session: Any = None
        self._opening = asyncio.Lock()

    def of(self, table: DaemonTable | CheckTable, probe: ProbeTable) -> Looking:
        """Return what looks for one probe of a daemon or check."""
        looker: Looker | None = None
        begin = self._begin(table.name) if isinstance(table, DaemonTable) else None
        made: ProbeTable = probe

        async def look() -> Finding:
            nonlocal looker, made
            if why := missing(probe, self._known):
                return Finding(ok=None, said=f"cannot look: {why} is not known yet")
            asked = filled(probe, self._known)
            if looker is None or asked != made:
                looker, made = await self._looker(table, asked, begin), asked
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
        session = await self._opened()
        module = await asyncio.to_thread(import_module, "ghostbot.probes.look")
        daemon = table if isinstance(table, DaemonTable) else None
        made: Looker = module.looker(
            probe,
            port=probe.port or (daemon.port if daemon else None),
            log=probe.path or (daemon.log.path if daemon else None),
            cwd=daemon.cwd if daemon else self._folder,
            env=filled(daemon.env, self._known) if daemon else {},
            run=self._errand,
            session=session,
            tape=self._tape_of(daemon) if daemon and probe.kind in OF_LOGS else None,
            begin=begin,
        )
        return made

    async def _opened(self) -> Any:
        module = await asyncio.to_thread(import_module, "ghostbot.probes.look")
        async with self._opening:
            if self._session is None:
                self._session = module.open_session()
            return self._session

    async def named_by(self, url: str) -> str | None:
        """Return the public address that a tunnel's agent names, "" for none; None: no agent."""
        session, at = await self._opened(), urlsplit(url)
        http = await asyncio.to_thread(import_module, "ghostbot.probes.http")
        agents = await asyncio.to_thread(import_module, "ghostbot.probes.agents")

        async def get(path: str) -> Any:
            asked = at._replace(path=path, query="", fragment="").geturl()
            return await http.fetch(session, asked, headers={}, timeout_s=AGENT_S)

        said = await agents.agent(get)
        return None if said is None else said.url or ""

    async def close(self) -> None:
        """Close what was opened; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None
