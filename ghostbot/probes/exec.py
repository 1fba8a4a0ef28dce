"""Whether a command says that all is well: it exits with 0.

Rule 1: it is ended with all that it started when it takes longer than `timeout`.
Rule 2: a command that Ghost could not start for reasons of its own says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ghostbot.config.model import ProbeTable
from ghostbot.errors import CannotSpawn
from ghostbot.probes import faults
from ghostbot.probes.finding import Finding
from ghostbot.process.errand import Ended
from ghostbot.process.output import plain

OUTPUT_BYTES = 4096
SAID_MAX = 200


class Run(Protocol):
    """Runs one bounded command (process/errand.py). Raises CannotSpawn and OSError."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None,
        env: Mapping[str, str],
        timeout_s: float,
        most_bytes: int,
    ) -> Awaitable[Ended]:
        """Run it to its end, or end it."""


class Exec:
    """Looks by a command."""

    def __init__(
        self, table: ProbeTable, *, cwd: Path | None, env: Mapping[str, str], run: Run
    ) -> None:
        """Take the probe, and where and with what its command runs."""
        self._table = table
        self._cwd = cwd
        self._env = env
        self._run = run

    async def look(self) -> Finding:
        """Look once."""
        table, loop = self._table, asyncio.get_running_loop()
        name = Path(table.command[0]).name
        began = loop.time()
        try:
            ended = await self._run(
                table.command,
                cwd=self._cwd,
                env=self._env,
                timeout_s=table.timeout_s,
                most_bytes=OUTPUT_BYTES,
            )
        except CannotSpawn as error:
            return Finding(ok=None if error.own else False, said=str(error))
        except OSError as error:  # no room for what it writes, or no descriptor
            return Finding(ok=None, said=f"cannot run {name}: {faults.words(error)}")
        took_s = loop.time() - began
        said = _said(name, ended, table.timeout_s)
        ok = None if ended.code is None and ended.signal is None else ended.code == 0
        return Finding(ok=ok and not ended.timed_out, said=said, took_s=took_s)


def _said(name: str, ended: Ended, timeout_s: float) -> str:
    lines = [text for raw in ended.output.splitlines() if (text := plain(raw).strip())]
    last = f": {lines[-1][:SAID_MAX]}" if lines else ""
    if ended.timed_out:
        return f"{name} did not end within {timeout_s:g} s{last}"
    if ended.signal is not None:
        return f"{name} was killed by signal {ended.signal}{last}"
    if ended.code is None:
        return f"nobody knows how {name} ended{last}"
    return f"{name} exited with {ended.code}{last}"
