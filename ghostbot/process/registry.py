"""process-registry.json: every daemon's record, on disk soon after each change.

Rule 1: the file is whole or old, never torn: written beside, synced, renamed into place.
Rule 2: at most four writes a second in the long run, in a thread; changes between two writes
        cost one. A short burst is written at once, so that answers to people need not wait.
Rule 3: no trouble of the disk reaches whoever notes a change. It is told, and tried again.
Rule 4: a daemon that was read and never noted stays in the file until it is forgotten.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ghostbot.core.daemon import Daemon
from ghostbot.process.beside import keep_aside
from ghostbot.process.identity import boot_id
from ghostbot.process.records import from_json, to_json

WRITES_PER_S = 4.0
BURST = 4.0  # writes that need not wait after a quiet while
AGAIN_S = 1.0  # between tries while the disk refuses
MODE = 0o640


class Registry:
    """The records, in memory and on disk. For one event loop."""

    def __init__(
        self,
        path: Path,
        trouble: Callable[[str | None], None] = lambda _: None,
        *,
        run_of: Callable[[str], str | None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep `path`. `trouble` gets a line for people, and None once it is over."""
        self._path = path
        self._trouble = trouble
        self._run_of = run_of
        self._clock = clock
        self._records: dict[str, str] = {}  # as JSON, one line each
        self._changed: dict[str, Daemon] = {}  # since the last write
        self._noted = 0  # how many changes were noted
        self._tried = 0  # how many of them a write was tried for
        self._written = 0  # how many of them are on disk
        self._failed = False
        self._tokens = BURST
        self._counted_at = clock()
        self._due: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="registry")
        self.notes: tuple[str, ...] = ()

    def load(self) -> dict[str, Daemon]:
        """Read the file: each daemon as far as its record still holds. Sets `notes`."""
        raw, notes = self._read()
        found: dict[str, Daemon] = {}
        offset = time.time() - self._clock()
        for name, record in raw.items():
            try:
                daemon = from_json(name, record, boot=boot_id(), offset=offset)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
                notes.append(f"the record of {name} in {self._path} makes no sense; left out")
                continue
            self._records[name] = json.dumps(record, ensure_ascii=False)
            if daemon is not None:
                found[name] = daemon
        if any("left out" in note for note in notes) and (copy := keep_aside(self._path)):
            notes.append(f"a copy of {self._path} is {copy}")
        self.notes = tuple(notes)
        return found

    def note(self, daemon: Daemon) -> None:
        """Remember a change; it is on disk soon."""
        self._changed[daemon.name] = daemon
        self._note_change()

    def forget(self, name: str) -> None:
        """Drop a daemon that the config no longer names."""
        self._changed.pop(name, None)
        self._records.pop(name, None)
        self._note_change()

    async def flushed(self) -> bool:
        """Wait until all that was noted before is on disk; False where the disk refuses."""
        noted = self._noted
        while self._tried < noted:
            await self._settled()
        return self._written >= noted

    async def close(self) -> None:
        """Write what is left to write, at once, and end the thread."""
        if self._writing is not None:
            await self._settled()
        if self._written < self._noted:
            self._write()
            await self._settled()
        if self._due is not None:
            self._due.cancel()
        self._thread.shutdown(wait=True)

    async def _settled(self) -> None:
        """Wait until the next write has ended, well or not."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _note_change(self) -> None:
        self._noted += 1
        self._write_soon()

    def _write_soon(self) -> None:
        if self._due is not None or self._writing is not None:
            return  # that write, or the one after it, takes this change along
        now = self._clock()
        self._tokens = min(BURST, self._tokens + (now - self._counted_at) * WRITES_PER_S)
        self._counted_at = now
        wait_s = AGAIN_S if self._failed else max(0.0, (1 - self._tokens) / WRITES_PER_S)
        self._due = asyncio.get_running_loop().call_later(wait_s, self._write)

    def _write(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._tokens -= 1
        loop, noted, data = asyncio.get_running_loop(), self._noted, self._bytes()
        self._writing = loop.run_in_executor(self._thread, _replace, self._path, data)
        self._writing.add_done_callback(partial(self._wrote, noted))

    def _wrote(self, noted: int, writing: asyncio.Future[None]) -> None:
        self._writing = None
        self._tried = noted
        error = None if writing.cancelled() else writing.exception()
        if error is None:
            self._written = noted
            if self._failed:
                self._trouble(None)
        else:
            self._trouble(f"cannot write {self._path}: {getattr(error, 'strerror', error)}")
        self._failed = error is not None
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._written < self._noted:
            self._write_soon()

    def _bytes(self) -> bytes:
        offset, boot = time.time() - self._clock(), boot_id()
        for name, d in self._changed.items():
            record = to_json(d, boot=boot, offset=offset, run=self._run_of(name))
            self._records[name] = json.dumps(record, ensure_ascii=False)
        self._changed.clear()
        lines = (f"  {json.dumps(name)}: {record}" for name, record in self._records.items())
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8", "replace")

    def _read(self) -> tuple[dict[str, Any], list[str]]:
        try:
            raw = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}, []
        except (ValueError, RecursionError):
            raw = None
        except OSError as error:
            why = (error.strerror or "error").lower()
            return {}, [f"cannot read {self._path}: {why}; Ghost starts without it"]
        if isinstance(raw, dict):
            return raw, []
        copy = keep_aside(self._path)
        return {}, [f"{self._path} makes no sense; Ghost starts without it, a copy is {copy}"]


def _replace(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all, and last through a crash of the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
    try:
        with open(fd, "wb") as file:  # noqa: PTH123  the descriptor has its mode already
            file.write(data)
            file.flush()
            os.fsync(fd)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
