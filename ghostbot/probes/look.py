"""What looks for a probe, whatever its kind. The only module of this package that others call.

Rule 1: a looker never raises but CancelledError, and ends within the probe's `timeout`.
Rule 2: who asks sees to it that a looker is asked once at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, assert_never

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.probes.exec import Exec, Run
from ghostbot.probes.file import File
from ghostbot.probes.finding import Finding
from ghostbot.probes.http import Http, Session
from ghostbot.probes.log import Log
from ghostbot.probes.reader import BEHIND_MAX, Begin, Reader, Tape
from ghostbot.probes.tcp import Tcp
from ghostbot.probes.tunnel import Tunnel


class Looker(Protocol):
    """Looks for one probe."""

    async def look(self) -> Finding:
        """Look once."""


class _Nothing:
    """Stands for a probe that is told, and not looked for."""

    async def look(self) -> Finding:
        return Finding(ok=None, said="it tells by itself")


def open_session() -> Session:
    """Open what all lookers share. Called with a loop running; who calls it closes it."""
    return Session()


def looker(
    table: ProbeTable,
    *,
    port: int | None,
    log: Path | None,
    cwd: Path | None,
    env: Mapping[str, str],
    run: Run,
    session: Session,
    tape: Tape | None = None,
    begin: Begin | None = None,
) -> Looker:
    """Return what looks for a probe.

    `port`, `log`, `cwd` and `env` are the daemon's, for what the probe does not say itself. `tape`
    reads its own log over rotations, and `begin` is when its process began; both are None for
    what Ghost does not run.
    """
    match table.kind:
        case ProbeKind.HTTP:
            return Http(table, port, session)
        case ProbeKind.TCP:
            return Tcp(table, port)
        case ProbeKind.EXEC:
            given = {"PORT": str(port), **env} if port else env
            return Exec(table, cwd=cwd, env=given, run=run)
        case ProbeKind.LOG:
            read, begun = _log_of(table, log, tape, begin)
            assert read is not None, "a daemon has a log, and a check must name one"
            return Log(table, read, begun)
        case ProbeKind.TUNNEL:
            read, begun = _log_of(table, log, tape, begin)
            reader = Reader(read, begun, tail=BEHIND_MAX) if read is not None else None
            return Tunnel(table, reader, session)
        case ProbeKind.NOTIFY:
            return _Nothing()
        case _:
            assert_never(table.kind)


def _log_of(
    table: ProbeTable, log: Path | None, tape: Tape | None, begin: Begin | None
) -> tuple[Tape | None, Begin | None]:
    """Return the log of a probe, and what counts of it; another file than the daemon's all does."""
    if table.path is not None:
        return File(table.path), None
    if tape is not None or log is None:
        return tape, begin
    return File(log), begin
