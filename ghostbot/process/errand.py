"""One bounded command, run to its end: what actions and probes have done outside of Ghost.

Rule 1: it is started like a daemon (own session, no pipe to Ghost), and ended as a tree where it
        takes too long, writes too much, or nobody waits for it any more.
Rule 2: it is not journaled, as it lives shorter than Ghost; by its marker the next Ghost ends what
        a killed one left.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGKILL

from ghostbot.config.model import DaemonTable, LogTable
from ghostbot.core.daemon import Proc
from ghostbot.errors import CannotSpawn
from ghostbot.process.exits import Exits
from ghostbot.process.identity import proc_of, stat_of
from ghostbot.process.spawn import spawn
from ghostbot.process.tree import Snapshot, members, send

LOOK_S = 1.0  # how often is looked how much it wrote
WROTE_MAX = 64_000_000  # bytes on disk; a command that writes more is ended
CLEAR_ROUNDS = 5  # who is being killed may fork once more
GONE_S = 5.0  # how long is waited for what was killed

log = logging.getLogger("ghost.errands")


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. `code` is its exit code, `signal` what killed it; both None: nobody knows."""

    code: int | None
    signal: int | None
    output: bytes  # the end of what it wrote
    timed_out: bool = False


class Errands:
    """Runs commands for Ghost."""

    def __init__(
        self, *, state_id: str, folder: Path, inherited: Mapping[str, str], exits: Exits
    ) -> None:
        """Take the parts; `folder` holds what a command writes, for as long as it runs."""
        self._prefix = f"{state_id}/errand/"
        self._folder = folder
        self._inherited = inherited
        self._exits = exits
        self._life = uuid.uuid4().hex[:8]  # an earlier one in this process may have left some
        self._numbers = itertools.count(1)

    def clear(self) -> None:
        """End what an earlier Ghost began: nobody waits for it. Blocks; before the first `run`."""
        for _ in range(CLEAR_ROUNDS):
            left = [proc_of(stat) for stat in Snapshot.take().marked(self._prefix)]
            if not left:
                break
            log.warning("errands of an earlier Ghost ended pids=%s", [proc.pid for proc in left])
            send(left, SIGKILL)
        for path in self._folder.glob("*.out"):
            path.unlink(missing_ok=True)

    async def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None,
        env: Mapping[str, str],
        timeout_s: float,
        most_bytes: int,
    ) -> Ended:
        """Run it to its end, and return the last `most_bytes` of what it wrote.

        Raises CannotSpawn where it does not begin. Cancelled, it ends the command first.
        """
        name = f"{self._life}-{next(self._numbers)}"
        path, marker = self._folder / f"{name}.out", f"{self._prefix}{name}"
        proc, end = self._spawn(command, cwd or self._folder, env, path, marker)
        timed_out = True
        try:
            async with asyncio.timeout(timeout_s):
                code = await _watched(end, path)
            timed_out = code is _TOO_MUCH
        except TimeoutError:
            pass
        finally:
            if not end.done():
                await asyncio.shield(_killed(proc, marker, end))
            output = _tail(path, most_bytes)
            path.unlink(missing_ok=True)
        found = end.result() if end.done() else None
        if found is None or found >= 0:
            return Ended(found, None, output, timed_out)
        return Ended(None, -found, output, timed_out)

    def _spawn(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], path: Path, marker: str
    ) -> tuple[Proc, asyncio.Future[int | None]]:
        log = LogTable(path=path)
        table = DaemonTable(
            name=Path(command[0]).name, command=tuple(command), cwd=cwd, env=env, log=log
        )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            popen = spawn(table, marker=marker, inherited=self._inherited)
        except CannotSpawn:
            path.unlink(missing_ok=True)
            raise
        popen.returncode = 0  # its exit is collected by Exits
        stat = stat_of(popen.pid)
        assert stat is not None, "a child that nobody has reaped is at least a zombie"
        proc = proc_of(stat)
        end: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._exits.watch(proc, partial(_set, end))
        return proc, end


_TOO_MUCH = object()


def _set(end: asyncio.Future[int | None], code: int | None) -> None:
    if not end.done():
        end.set_result(code)


async def _watched(end: asyncio.Future[int | None], path: Path) -> object:
    """Wait for its end, or until it has written too much."""
    while True:
        done, _ = await asyncio.wait({end}, timeout=LOOK_S)
        if done:
            return end.result()
        if _size(path) > WROTE_MAX:
            return _TOO_MUCH


async def _killed(proc: Proc, marker: str, end: asyncio.Future[int | None]) -> None:
    """End the whole tree, and wait for its leader."""
    found = await asyncio.to_thread(lambda: members(Snapshot.take(), proc, marker))
    send(found, SIGKILL)
    await asyncio.wait({end}, timeout=GONE_S)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _tail(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most_bytes))
            return file.read(most_bytes)
    except OSError as error:
        return f"cannot read what it wrote: {error.strerror}".encode()
