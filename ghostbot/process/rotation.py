"""The one owner of all logs: keeps them short, and is where everybody reads them.

Rule 1: what daemons write never passes through here. Once a second each log is looked at, and one
        that grows fast sooner: in half the time that it would take to be too long.
Rule 2: what is allowed holds for each log (`max_size`, `keep`) and for all together (`log_total`).
        The oldest archives go first; where there are none, the older half of the longest log.
Rule 3: what ails one log is told, and hinders no other.
Rule 4: archives are packed by another process, niced, one at a time, the newest first: under a
        storm the oldest go before they could be packed. It may outlive Ghost.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ghostbot import errors
from ghostbot.config.model import LogTable
from ghostbot.process import compress, output
from ghostbot.process.cutting import Counts, Limits
from ghostbot.process.output import Follower, Line, Tail
from ghostbot.process.tape import Tape

EVERY_S = 1.0
SOONEST_S = 0.02
UNSURE_S = 0.1  # to the second look, which is the first to tell how fast a long log grows
PACKED_S = 0.2  # between looks whether an archive is packed by now
TURN_S = 0.5  # for cutting one log, before the others get their turn
LOOK_S = 0.2  # a log is a plain file: whoever writes to it tells nobody
CHUNK_BYTES = 256 * 1024  # what a slow follower holds in memory
TOLD = 3  # ailing logs that are named at once

log = logging.getLogger("ghost.logs")


@dataclass(slots=True)
class _Kept:
    """A log that is looked after."""

    name: str  # of the daemon
    tape: Tape
    number: int  # the descriptor by which the daemon writes to it
    compress: bool
    due: float = 0.0  # monotonic


class Logs:
    """All logs of all daemons."""

    def __init__(
        self,
        tables: Callable[[], Mapping[str, LogTable]],
        leaders: Callable[[], Mapping[str, int]],
        total_bytes: int,
        tell: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Take which logs there are, and the pid of each daemon's leader, asked at each look."""
        self._tables = tables
        self._leaders = leaders
        self._total_bytes = total_bytes
        self._tell = tell
        self._kept: dict[Path, _Kept] = {}
        self._ailing: dict[Path, str] = {}
        self._packer: tuple[subprocess.Popen[bytes], Tape, int] | None = None
        self._unpackable: set[tuple[Path, int]] = set()
        self._is_ending = False

    # Reading.

    async def tail(
        self, name: str, lines: int, grep: str | None = None, since_s: float | None = None
    ) -> Tail:
        """Return the last lines of a daemon, those that hold `grep` literally.

        With `since_s`, only what was written in so many last seconds, as far as that is known.
        Raises NoSuch, and OSError where the log cannot be read.
        """
        tape = self._tape(name)

        def read() -> Tail:
            since = 0 if since_s is None else tape.timeline.since(time.time() - since_s)
            found = output.tail(tape, lines, grep, since)
            return found if tape.is_there else Tail((), is_there=False)

        return await asyncio.to_thread(read)

    def follower(self, name: str, offset: int) -> Follower:
        """Return who reads a daemon's log from `offset` on. Raises NoSuch."""
        return Follower(self._tape(name), offset)

    async def follow(self, name: str, offset: int) -> AsyncIterator[Line]:
        """Give each line from `offset` on, once and in order, for ever. Raises NoSuch."""
        follower = self.follower(name, offset)
        while True:
            found = await asyncio.to_thread(follower.poll, CHUNK_BYTES)
            for line in found:
                yield line
            if not found:
                await asyncio.sleep(LOOK_S)

    def tape(self, name: str) -> Tape:
        """Return a daemon's log as a whole, for a thread. Raises NoSuch."""
        return self._tape(name)

    def counts(self, name: str) -> Counts:
        """Return what became of a daemon's log since this Ghost began. Raises NoSuch."""
        return self._tape(name).counts

    def _tape(self, name: str) -> Tape:
        table = self._tables().get(name)
        if table is None:
            raise errors.NoSuch(f"cannot read the log of {name}: no such daemon")
        if table.path not in self._kept:
            self._take()
        return self._kept[table.path].tape

    # Keeping.

    async def run(self) -> None:
        """Look, for ever."""
        self._is_ending = False
        try:
            while True:
                self._take()
                pause_s = await self._looked()
                self._tell_all()
                await asyncio.sleep(pause_s)
        finally:
            if self._packer is not None:  # it ends by itself, and nobody needs to know
                self._packer[0].returncode = 0
                self._packer = None

    async def _looked(self) -> float:
        """Look in a thread, and wait for its end also when cancelled: it may be cutting."""
        looking = asyncio.get_running_loop().run_in_executor(None, self.look)
        try:
            return await asyncio.shield(looking)
        except asyncio.CancelledError:
            self._is_ending = True
            await asyncio.wait({looking})
            raise

    def _take(self) -> None:
        """Know the logs there are now, how much of each is kept, and who writes to it."""
        leaders = self._leaders()
        wanted: dict[Path, tuple[str, int, LogTable]] = {}
        for name, table in self._tables().items():
            wanted[table.path] = (name, 1, table)
            if table.stderr is not None:
                wanted[table.stderr] = (name, 2, table)
        kept = {}
        for path, (name, number, table) in wanted.items():
            limits = Limits(table.max_bytes, table.keep)
            known = self._kept.get(path)
            tape = known.tape if known else Tape(path, limits)
            tape.limits = limits
            pid = leaders.get(name)
            tape.writer = Path(f"/proc/{pid}/fd/{number}") if pid else None
            due = known.due if known else 0.0
            kept[path] = _Kept(name, tape, number, table.compress, due)
        self._kept = kept
        self._ailing = {path: why for path, why in self._ailing.items() if path in kept}

    def look(self) -> float:
        """Look at each log that is due, cut what is too long; return seconds to the next look.

        Blocks; for a thread.
        """
        now = time.monotonic()
        for kept in tuple(self._kept.values()):
            if kept.due <= now and not self._is_ending:
                self._ailing.pop(kept.tape.path, None)
                try:
                    self._keep_short(kept)
                except OSError as error:
                    why = (error.strerror or str(error)).lower()
                    self._ailing[kept.tape.path] = f"cannot keep the log of {kept.name}: {why}"
                    kept.due = now + EVERY_S
        self._keep_total()
        self._pack()
        soon_s = EVERY_S if self._packer is None else PACKED_S
        dues = [kept.due for kept in self._kept.values()]
        return max(SOONEST_S, min([now + soon_s, *dues]) - time.monotonic())

    def _keep_short(self, kept: _Kept) -> None:
        tape, began = kept.tape, time.monotonic()
        tape.look()
        was_long = tape.is_long
        while tape.cut():
            if time.monotonic() - began > TURN_S or self._is_ending:
                break
        if tape.strayed:
            self._ailing[tape.path] = (
                f"the log of {kept.name} was taken away: it writes to what {tape.path.name} was, "
                f"and to a new one when it is started again"
            )
        if (trouble := tape.timeline.trouble) is not None:
            why = (trouble.strerror or str(trouble)).lower()
            self._ailing[tape.path] = f"cannot note when the log of {kept.name} was written: {why}"
        room, pause_s = max(0, tape.limits.max_bytes - tape.size), EVERY_S
        if tape.rate > 0:
            pause_s = min(EVERY_S, max(SOONEST_S, room / tape.rate / 2))
        elif was_long:
            pause_s = UNSURE_S
        kept.due = time.monotonic() + pause_s

    def _keep_total(self) -> None:
        """Remove the oldest archives of all until all logs together are as small as allowed."""
        tapes = [kept.tape for kept in self._kept.values()]
        over = sum(tape.disk_bytes for tape in tapes) - self._total_bytes
        while over > 0:
            full = [tape for tape in tapes if tape.archives]
            if not full:
                break
            over -= min(full, key=lambda tape: tape.archives[0].written_at).drop_oldest()
        if over > 0:
            longest = max(tapes, key=lambda tape: tape.size)
            with suppress(OSError):  # it is told when it is cut
                longest.shrink()

    def _pack(self) -> None:
        """See whether the last archive is packed, and begin with the next."""
        if self._packer is not None:
            process, tape, start = self._packer
            if process.poll() is None:
                return
            self._packer = None
            tape.find_packed(start)
            if not any(a.start == start and a.packed for a in tape.archives):
                self._unpackable.add((tape.path, start))  # no second try: it is read as it is
        waiting = [
            (archive.written_at, kept.tape, archive)
            for kept in self._kept.values()
            for archive in kept.tape.archives
            if kept.compress and not archive.packed
            if (kept.tape.path, archive.start) not in self._unpackable
        ]
        if not waiting:
            return
        _, tape, archive = max(waiting, key=lambda one: one[0])
        command = [sys.executable, "-I", "-S", compress.__file__, os.fspath(archive.path)]
        with suppress(OSError):  # no process slots: the next look tries again
            self._packer = (_start(command), tape, archive.start)

    def _tell_all(self) -> None:
        whys = sorted(self._ailing.values())
        more = f"; and {len(whys) - TOLD} more" if len(whys) > TOLD else ""
        self._tell("; ".join(whys[:TOLD]) + more if whys else None)


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        start_new_session=True,
    )
