"""The spawn journal: which processes Ghost started, known before they are and after they end.

Rule 1: a line is appended before a spawn, after it, and once the run is gone: one write each,
        with no fsync, as it must survive Ghost's death and not the machine's.
Rule 2: reading never fails: lines that make no sense are kept in a copy beside and reported.
Rule 3: a disk that refuses a line is told, and stops nothing: the marker is the second net.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from ghostbot.core.daemon import Proc
from ghostbot.process.beside import keep_aside

COMPACT_BYTES = 1_000_000  # about 5,000 lines; then only the last of each daemon is kept
MODE = 0o640
_encode = json.JSONEncoder(separators=(",", ":")).encode

Trouble = Callable[[str | None], None]


class Kind(StrEnum):
    """What a line says of a run."""

    SPAWN = "spawn"  # about to be started; `ticks` is the earliest it can have begun
    SPAWNED = "spawned"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `pid` is None before the spawn, and where it never came to one."""

    at: str  # ISO 8601, UTC
    event: Kind
    name: str
    run: str
    pid: int | None
    ticks: int | None
    boot: str

    @property
    def proc(self) -> Proc | None:
        """The process of the run, where one was saved."""
        if self.event is Kind.SPAWN or self.pid is None or self.ticks is None:
            return None
        return Proc(self.pid, self.ticks, self.boot)


class Journal:
    """Appends to journal/spawns.jsonl, and remembers the last line of each daemon."""

    def __init__(self, path: Path, trouble: Trouble = lambda _: None) -> None:
        """Keep `path`; `trouble` gets a line for people, and None once it is over."""
        self._path = path
        self._trouble = trouble
        self._fd: int | None = None
        self._size = 0
        self._torn = False
        self._failed = False
        self.last: dict[str, Entry] = {}
        self.notes: tuple[str, ...] = ()

    def read(self) -> dict[str, Entry]:
        """Return the last line of each daemon, and compact the file. Sets `notes`."""
        entries, garbage = self._parse()
        self.notes = ()
        if garbage:
            copy = keep_aside(self._path)
            self.notes = (f"{garbage} lines of {self._path} make no sense; a copy is {copy}",)
        self.last = {}
        for entry in entries:
            self._remember(entry)
        with suppress(OSError):
            self._compact()
        return self.last

    def spawn(self, name: str, run: str, *, boot: str, ticks: int) -> None:
        """Note that a run is about to be started, at tick `ticks` or later."""
        self._append(Entry(_now(), Kind.SPAWN, name, run, None, ticks, boot))

    def spawned(self, name: str, run: str, proc: Proc) -> None:
        """Note which process it became."""
        self._append(Entry(_now(), Kind.SPAWNED, name, run, proc.pid, proc.ticks, proc.boot))

    def gone(self, name: str, run: str, proc: Proc | None, boot: str) -> None:
        """Note that nothing of the run is left, or that it never began."""
        pid, ticks = (proc.pid, proc.ticks) if proc else (None, None)
        self._append(Entry(_now(), Kind.GONE, name, run, pid, ticks, boot))

    def rewrite(self) -> None:
        """Put the last line of each daemon into a new file."""
        try:
            self._compact()
        except OSError as error:
            self._told(error)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _remember(self, entry: Entry) -> bool:
        """Make `entry` the last of its daemon, unless it ends a run that another has followed."""
        last = self.last.get(entry.name)
        if last is not None and entry.event is Kind.GONE and entry.run != last.run:
            return False
        self.last[entry.name] = entry
        return True

    def _append(self, entry: Entry) -> None:
        if not self._remember(entry):
            return
        try:
            if self._fd is None:
                self._open()
            line = (b"\n" if self._torn else b"") + _line(entry)
            self._write(line)
            if self._size > COMPACT_BYTES or self._failed or self._is_deleted():
                self._compact()  # with those that were refused
        except OSError as error:
            self._told(error)
        else:
            if self._failed:
                self._failed = False
                self._trouble(None)

    def _told(self, error: OSError) -> None:
        self._failed = True
        self._trouble(f"cannot write {self._path}: {(error.strerror or 'error').lower()}")

    def _is_deleted(self) -> bool:
        assert self._fd is not None, "opened by _append"
        return os.fstat(self._fd).st_nlink == 0

    def _write(self, line: bytes) -> None:
        assert self._fd is not None, "opened by _compact"
        written = os.write(self._fd, line)
        self._size += written
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, "no space left on device")  # told by a short write

    def _compact(self) -> None:
        """Replace the file by the last line of each daemon, whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        data = b"".join(_line(entry) for entry in self.last.values())
        temporary = self._path.with_name(f".{self._path.name}.new")
        temporary.write_bytes(data)
        temporary.chmod(MODE)
        temporary.replace(self._path)
        self.close()
        self._open()
        self._torn = False

    def _open(self) -> None:
        """Open the file for appending. Its last line may be torn: an empty one does no harm."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path, flags, MODE)
        self._size = os.fstat(self._fd).st_size
        self._torn = self._size > 0

    def _parse(self) -> tuple[list[Entry], int]:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return [], 0
        except OSError as error:
            self._trouble(f"cannot read {self._path}: {(error.strerror or 'error').lower()}")
            return [], 0
        entries = [parsed for line in lines if line.strip() and (parsed := _entry(line))]
        return entries, sum(1 for line in lines if line.strip()) - len(entries)


def entries(path: Path) -> list[Entry]:
    """Read every line that makes sense, and change nothing."""
    return Journal(path)._parse()[0]  # noqa: SLF001  of this module


def _now() -> str:
    now = datetime.fromtimestamp(time.time(), UTC)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line(e: Entry) -> bytes:
    line = {"at": e.at, "event": e.event.value, "name": e.name, "run": e.run}
    return _encode({**line, "pid": e.pid, "ticks": e.ticks, "boot": e.boot}).encode() + b"\n"


def _entry(line: bytes) -> Entry | None:
    try:
        raw: dict[str, Any] = json.loads(line)
        entry = Entry(
            at=str(raw["at"]),
            event=Kind(raw["event"]),
            name=str(raw["name"]),
            run=str(raw["run"]),
            pid=_whole(raw["pid"]),
            ticks=_whole(raw["ticks"]),
            boot=str(raw["boot"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return entry


def _whole(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value
