"""The journal of one patch: what it found, what it is about to do, and how far it came.

Rule 1: plan.json and the backups are on the disk before `begin`, and `begin` before the tree is
        touched; every new file is whole before `commit`, and in its place before `done`.
Rule 2: what has begun and not ended is undone, whatever was done of it.
Rule 3: the last line may be torn by a crash; it then was not written.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from ghostbot.errors import BadRequest, Failed
from ghostbot.patches.disk import settle_folder, write, write_all

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")  # it becomes part of file names
PLAN, LINES = "plan.json", "journal.jsonl"


class Kind(StrEnum):
    """A line of the journal."""

    BEGIN = "begin"  # backups are safe; files may be staged
    COMMIT = "commit"  # all are staged; they may take their places
    DONE = "done"
    UNDONE = "undone"
    ATTENTION = "needs_attention"  # undone, but for files that somebody else has changed


ENDS = frozenset({Kind.DONE, Kind.UNDONE, Kind.ATTENTION})


@dataclass(frozen=True, slots=True)
class Mark:
    """By what a file is known again."""

    sha256: str
    perm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One path: what stood there, and what will. None is absence."""

    path: str
    temp: str  # its name while it is staged, in the folder of `path`
    old: Mark | None
    new: Mark | None
    uid: int  # whose it was, and will be; -1 for what is new
    gid: int
    source: str | None = None  # of a move: where the bytes stood before


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is to be done, written before anything is."""

    id: str
    root: str  # its real path
    name: str  # its name in ghost.toml
    format: str
    digest: str
    made: tuple[str, ...]  # folders that are not there yet, the outermost first
    steps: tuple[Step, ...]


class Journal:
    """One patch's folder in the state directory."""

    def __init__(self, folder: Path) -> None:
        """Take a folder that `begin` has made."""
        self.folder = folder

    @classmethod
    def begin(cls, state_dir: Path, record: Record, backups: Sequence[bytes | None]) -> Self:
        """Write everything that an undo needs, a backup for each step, and then `begin`.

        Raises OSError, and Failed where the id is taken; then nothing is left behind.
        """
        above = home(state_dir)
        folder = above / _valid(record.id)
        journal = cls(folder)
        if folder.exists() and Kind.BEGIN not in journal.kinds():
            journal.forget()  # a crash came before `begin`, so nothing was touched
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            raise Failed(f"cannot apply {record.id}: a patch of this id was applied") from None
        saved = [(f"old-{n}", data) for n, data in enumerate(backups) if data is not None]
        try:
            write_all(folder, [(PLAN, _to_json(record)), *saved])
            settle_folder(above)
            journal.mark(Kind.BEGIN)
            settle_folder(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return journal

    def mark(self, kind: Kind) -> None:
        """Append a line, and wait until it is on the disk."""
        told = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": kind.value}
        path = self.folder / LINES
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(fd).st_size
            torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
            write(fd, (b"\n" if torn else b"") + json.dumps(told).encode() + b"\n")
            os.fsync(fd)
        finally:
            os.close(fd)

    def kinds(self) -> list[Kind]:
        """Return how far it came; lines that make no sense were not written."""
        try:
            lines = (self.folder / LINES).read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                found.append(Kind(json.loads(line)["event"]))
            except (ValueError, LookupError, TypeError):
                continue
        return found

    def record(self) -> Record:
        """Return what was written before `begin`. Raises Failed where it makes no sense."""
        try:
            return _from_json((self.folder / PLAN).read_bytes())
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise Failed(f"cannot read {self.folder / PLAN}: {error}") from None

    def backup(self, number: int, step: Step) -> bytes:
        """Return the old bytes of a step. Raises Failed where they are not what they were."""
        path = self.folder / f"old-{number}"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Failed(f"cannot read the backup {path}: {error.strerror}") from None
        if step.old is None or hashlib.sha256(data).hexdigest() != step.old.sha256:
            raise Failed(f"cannot use the backup {path}: its bytes have changed")
        return data

    def changed_at(self) -> float:
        """Return when it came this far, in seconds since 1970."""
        return max(path.stat().st_mtime for path in (self.folder, *self.folder.glob(LINES)))

    def forget(self) -> None:
        """Remove everything about this patch."""
        shutil.rmtree(self.folder, ignore_errors=True)


def home(state_dir: Path) -> Path:
    """Return the folder of all journals, which is for our eyes only. Raises Failed."""
    folder = state_dir / "patches" / "journals"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    seen = os.lstat(folder)
    if seen.st_uid != os.geteuid():
        raise Failed(f"cannot keep backups in {folder}: it belongs to another user")
    folder.chmod(0o700)
    return folder


def journals(state_dir: Path) -> list[Journal]:
    """Return those of every patch whose backups are kept, in the order of their ids."""
    folder = state_dir / "patches" / "journals"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [Journal(path) for path in found if ID.fullmatch(path.name)]


def journal_of(state_dir: Path, patch: str) -> Journal:
    """Return that of one patch, which may not exist."""
    return Journal(state_dir / "patches" / "journals" / _valid(patch))


def _valid(patch: str) -> str:
    if not ID.fullmatch(patch):
        raise BadRequest(f"cannot read the id {patch!r}: it has other signs than a-z, 0-9 and -")
    return patch


def _to_json(record: Record) -> bytes:
    return json.dumps(asdict(record), indent=1).encode()  # ASCII: names may be no UTF-8


def _from_json(data: bytes) -> Record:
    told = json.loads(data)
    steps = tuple(
        Step(**{**step, "old": _mark(step["old"]), "new": _mark(step["new"])})
        for step in told["steps"]
    )
    return Record(**{**told, "made": tuple(told["made"]), "steps": steps})


def _mark(told: dict[str, Any] | None) -> Mark | None:
    return None if told is None else Mark(**told)
