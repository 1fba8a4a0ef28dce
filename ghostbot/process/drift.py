"""Whether what runs is still what ghost.toml describes, and whether it runs twice.

Rule 1: what a process was started with stands in its own environment, GHOST_SPEC, as hashes: so
        it is known when every file is lost, and no secret is written down.
Rule 2: a process is told by what it was started as. What it makes of its name and arguments
        afterwards (setproctitle) is its own business.
Rule 3: whoever cannot be looked at (another user's) has not drifted, as far as Ghost knows.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ghostbot.config.model import DaemonTable
from ghostbot.core.daemon import Proc
from ghostbot.errors import CannotSpawn
from ghostbot.process.identity import LINUX, command_of, proc_of, stat_of
from ghostbot.process.tree import KTHREADD, Snapshot, variable_of
from ghostbot.process.variables import SPEC, said_by_file, spec

DELETED = " (deleted)"  # proc(5): what exe points to was replaced or removed
PARTS = ("command", "environment", "start options")  # as `variables.spec` has them


def drift(table: DaemonTable, proc: Proc) -> list[str]:
    """Say in what a running daemon differs from its table, in words. Blocks; reads its files."""
    found = []
    was = variable_of(proc.pid, SPEC)
    if was is not None:
        try:
            now = spec(table, said_by_file(table))
        except CannotSpawn as error:
            return [f"could not be started now: {error}"]
        pairs = zip(PARTS, was.split(":"), now.split(":"), strict=False)
        found = [f"its {part} changed" for part, old, new in pairs if old != new]
    if _is_replaced(proc.pid):
        found.append("its program file was replaced since it started")
    return found if _is_same(proc) else []


def is_stopped(proc: Proc) -> bool:
    """Tell whether a process was stopped by a signal (SIGSTOP): it lives, and does nothing."""
    stat = stat_of(proc.pid)
    return stat is not None and stat.ticks == proc.ticks and stat.state == "T"


@dataclass(frozen=True, slots=True)
class Copy:
    """A process that is the same as a daemon, and that Ghost did not start."""

    daemon: str
    proc: Proc
    command: str


def copies(
    tables: Iterable[DaemonTable], prefix: str, known: Collection[int] = ()
) -> tuple[Copy, ...]:
    """Find second copies of daemons. Blocks: about 20 µs for each process of the machine.

    The same arguments in the same folder are a copy. `prefix` is how our markers begin; what
    carries one, and what descends from it, is ours.
    """
    if not LINUX:
        return ()
    snapshot = Snapshot.take()
    ours = _ours(snapshot, prefix, known)
    wanted = {(table.command[1:], os.fspath(table.cwd)): table for table in tables}
    found = []
    for stat in snapshot.stats.values():
        if stat.pid in ours or stat.is_gone or stat.ppid == KTHREADD:
            continue
        table = _same(stat.pid, wanted)
        if table is not None:
            found.append(Copy(table.name, proc_of(stat), command_of(stat.pid)))
    return tuple(copy for copy in found if _is_same(copy.proc))


def _ours(snapshot: Snapshot, prefix: str, known: Collection[int]) -> set[int]:
    """Return Ghost, its ancestors, and whatever belongs to one of its daemons."""
    found = snapshot.untouchable()
    todo = [*known, *(stat.pid for stat in snapshot.marked(prefix))]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo.extend(snapshot.children(pid))
    return found


def _same(
    pid: int, wanted: Mapping[tuple[tuple[str, ...], str], DaemonTable]
) -> DaemonTable | None:
    words = _words(pid)
    # A script has its interpreter, and perhaps one option of it, before its name.
    for skip in range(min(3, len(words))):
        rest = tuple(words[skip + 1 :])
        if not any(rest == args for args, _ in wanted):
            continue
        table = wanted.get((rest, _folder(pid)))
        if table is not None and Path(words[skip]).name == Path(table.command[0]).name:
            return table
    return None


def _words(pid: int) -> list[str]:
    try:
        held = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in held.split(b"\0")[:-1]]


def _folder(pid: int) -> str:
    try:
        return os.fspath(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def _is_replaced(pid: int) -> bool:
    try:
        return LINUX and os.fspath(Path(f"/proc/{pid}/exe").readlink()).endswith(DELETED)
    except OSError:
        return False


def _is_same(proc: Proc) -> bool:
    stat = stat_of(proc.pid)
    return stat is not None and stat.ticks == proc.ticks and not stat.is_gone
