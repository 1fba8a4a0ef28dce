"""A house in which daemons may misbehave: a state directory, its runs, and what they post."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

from ghostbot.config.model import DaemonTable, LogTable, ProbeKind, ProbeTable
from ghostbot.core.daemon import Event, Exited, Gone, Proc, Spawned
from ghostbot.process.exits import Exits
from ghostbot.process.identity import proc_of
from ghostbot.process.journal import Journal
from ghostbot.process.runs import Runs
from ghostbot.process.tree import Snapshot, send

PROGRAMS = Path(__file__).parent.parent / "programs"


async def until(is_true: Callable[[], object], *, within_s: float = 30.0) -> None:
    """Wait until it is true; looking is the only way where nothing tells."""
    async with asyncio.timeout(within_s):
        while not is_true():  # noqa: ASYNC110  what the system does tells nobody else
            await asyncio.sleep(0.005)


def program(name: str, *words: object) -> tuple[str, ...]:
    """Return the command of one of tests/programs."""
    return (sys.executable, "-S", "-E", str(PROGRAMS / f"{name}.py"), *map(str, words))


NOTIFIES = (ProbeTable(kind=ProbeKind.NOTIFY, label="notify"),)


@dataclass
class House:
    """A state directory with its runs, and the mail they post."""

    path: Path
    state_id: str
    exits: Exits
    journal: Journal
    runs: Runs
    mail: list[Event] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)  # by the test itself

    def table(self, *command: str, name: str = "web", **keys: object) -> DaemonTable:
        log = LogTable(path=self.path / "logs" / f"{name}.log")
        return DaemonTable(name=name, command=command, cwd=self.path, log=log, **keys)  # type: ignore[arg-type]

    def spawn(self, table: DaemonTable) -> Proc:
        outcome = self.runs.spawn(table, self.mail.append)
        assert isinstance(outcome, Spawned), outcome
        return outcome.proc

    async def said(self, table: DaemonTable, words: str = "ready") -> str:
        """Wait until the daemon's log holds `words`; return the log."""
        path = table.log.path
        await until(lambda: path.exists() and words in path.read_text())
        return path.read_text()

    async def exited(self, proc: Proc) -> Exited:
        await until(lambda: any(isinstance(e, Exited) and e.proc == proc for e in self.mail))
        return next(e for e in self.mail if isinstance(e, Exited) and e.proc == proc)

    async def gone(self, proc: Proc) -> None:
        await until(lambda: Gone(proc) in self.mail)

    def marked(self) -> list[Proc]:
        """Return who carries this house's marker."""
        return [proc_of(stat) for stat in Snapshot.take().marked(f"{self.state_id}/")]

    def end(self) -> None:
        """End whatever is left of this house, and collect it."""
        for proc in send(self.marked(), SIGKILL):
            self.ended.add(proc.pid)
        for pid in self.ended - self.exits.pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def children_of(log: str) -> dict[str, int]:
    """Return kind and pid of what fork_children.py said it left."""
    words = (line.split() for line in log.splitlines() if line.startswith("child "))
    return {kind: int(pid) for _, kind, pid in words}
