"""What became of all patches: `patch-log.jsonl`, a chain in which each line names the one before.

Rule 1: a line is only ever appended, by one writer at a time, and on the disk before it is told.
Rule 2: each holds the SHA-256 of the line before it, so that none can be changed, taken out or put
        elsewhere without breaking the chain.
Rule 3: the newest link is kept beside it, too. A log whose end was cut off goes on from there, so
        that the gap stays to be seen.
Rule 4: a line that a crash tore is no line. It stays, is told, and breaks nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ghostbot.errors import Failed
from ghostbot.patches.disk import settle_folder, write

LOG, HEAD = "patch-log.jsonl", "patch-log.head"
FIRST = "0" * 64  # what the first line says of the line before it
WORD_MOST = 2000  # characters of one value; the log tells, and keeps no output
BLOCK = 64 * 1024
FAULTS_MOST = 20  # a log that is another's breaks at every line
PATIENCE_S, LOOK_S = 10.0, 0.01
OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Link:
    """One place of the chain: which line, and what names it."""

    seq: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What breaks the chain, in words, and in which line of the file."""

    line: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a look at the whole log found."""

    count: int  # lines that are whole
    head: Link | None  # the last of them
    faults: tuple[Fault, ...] = ()
    torn: tuple[int, ...] = ()  # lines that a crash cut short

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed, as far as a chain can show."""
        return not self.faults


def append(state_dir: Path, told: Mapping[str, object], *, at: float | None = None) -> Link:
    """Add a line, and return once it is on the disk. Blocks. Raises OSError and Failed."""
    with _locked(state_dir) as fd:
        last, is_torn = _last(fd)
        head = _head(state_dir)
        before = head if head is not None and (last is None or last.seq < head.seq) else last
        if head is not None and last is not None and last.seq == head.seq:
            before = head  # where they differ, the file was changed: that is to be seen
        line = _line(before, told, time.time() if at is None else at)
        write(fd, (b"\n" if is_torn else b"") + line + b"\n")
        os.fsync(fd)
        link = Link(1 if before is None else before.seq + 1, _sha256(line))
        _keep(state_dir, link)
        return link


def entries(state_dir: Path) -> Iterator[dict[str, Any]]:
    """Give what the log says, the oldest first; lines that make no sense are passed over."""
    for _, line in _lines(state_dir):
        if (entry := _parsed(line)) is not None:
            yield entry


def verify(state_dir: Path, known: Link | None = None) -> Verified:
    """Look at every link; `known` is one that somebody wrote down elsewhere. Raises OSError."""
    try:
        with _locked(state_dir, make=False):
            return _verified(state_dir, known)
    except FileNotFoundError:
        return _verified(state_dir, known)


def _verified(state_dir: Path, known: Link | None) -> Verified:
    look = _Look()
    for number, line in _lines(state_dir):
        look.at(number, line)
    links = [("the link beside it", _head(state_dir)), ("the one you know", known)]
    for whose, link in links:
        if link is not None:
            look.compare(whose, link)
    if look.last is not None and links[0][1] is None:
        look.fault("the link beside it is gone: that no end was cut off cannot be told")
    return Verified(
        count=len(look.seen), head=look.last, faults=tuple(look.faults), torn=tuple(look.torn)
    )


class _Look:
    """A walk along the chain."""

    def __init__(self) -> None:
        self.last: Link | None = None
        self.seen: dict[int, str] = {}
        self.faults: list[Fault] = []
        self.torn: list[int] = []
        self._number = 0

    def at(self, number: int, line: bytes) -> None:
        """Compare one line with the one before it."""
        self._number = number
        entry = _parsed(line)
        if entry is None:
            self.torn.append(number)
            return
        seq, due = entry["seq"], 1 if self.last is None else self.last.seq + 1
        if seq != due:
            self.fault(f"it is number {seq}, and {due} was due: {_why(seq, due)}")
        elif entry["prev"] != (FIRST if self.last is None else self.last.sha256):
            self.fault("the line before it is not the one that stood there, or this one is not")
        self.last = Link(seq, _sha256(line))
        self.seen[seq] = self.last.sha256

    def compare(self, whose: str, link: Link) -> None:
        """Compare a link that is known with the one of that number."""
        if link.seq not in self.seen:
            self.fault(f"{whose} is number {link.seq}, and there is none: the end was cut off")
        elif self.seen[link.seq] != link.sha256:
            self.fault(f"number {link.seq} is not the line that {whose} names")

    def fault(self, said: str) -> None:
        """Note what breaks the chain here."""
        if len(self.faults) < FAULTS_MOST:
            self.faults.append(Fault(self._number, said))


def _why(seq: int, due: int) -> str:
    return "lines are missing" if seq > due else "lines were moved or doubled"


@contextmanager
def _locked(state_dir: Path, *, make: bool = True) -> Iterator[int]:
    """Open the log, for this writer alone. Raises Failed where another never lets it go."""
    if make:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = state_dir / LOG
    is_new = make and not path.exists()
    fd = os.open(path, OPEN if make else OPEN & ~os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Failed(f"cannot write {path}: another process holds it") from None
                select.select([], [], [], LOOK_S)
        if is_new:
            settle_folder(state_dir)
        yield fd
    finally:
        os.close(fd)


def _line(before: Link | None, told: Mapping[str, object], at: float) -> bytes:
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    own = {
        "seq": 1 if before is None else before.seq + 1,
        "at": when.replace("+00:00", "Z"),
        "prev": FIRST if before is None else before.sha256,
    }
    said = {key: _cut(value) for key, value in told.items() if key not in own}
    return json.dumps(
        {**own, **said}, separators=(",", ":")
    ).encode()  # ASCII: paths may be no UTF-8


def _cut(value: object) -> object:
    return f"{value[:WORD_MOST]}…" if isinstance(value, str) and len(value) > WORD_MOST else value


def _last(fd: int) -> tuple[Link | None, bool]:
    """Return the last whole line of the log, and whether a torn one follows it."""
    at = os.fstat(fd).st_size
    held, is_torn = b"", False
    while at > 0:
        size = min(BLOCK, at)
        at -= size
        held = os.pread(fd, size, at) + held
        *lines, rest = held.split(b"\n") if at == 0 else held.split(b"\n")[1:] or [b""]
        is_torn = bool(rest)
        for line in (rest, *reversed(lines)):  # one that lost but its end is whole
            if (entry := _parsed(line)) is not None:
                return Link(entry["seq"], _sha256(line)), is_torn
    return None, is_torn


def _lines(state_dir: Path) -> Iterator[tuple[int, bytes]]:
    """Give the lines of the log with their numbers."""
    try:
        with (state_dir / LOG).open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield number, line.removesuffix(b"\n")
    except FileNotFoundError:
        return


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(entry, dict) and type(entry.get("seq")) is int and "prev" in entry
    return entry if is_one else None


def _head(state_dir: Path) -> Link | None:
    try:
        seq, sha256 = (state_dir / HEAD).read_text("ascii").split()
        return Link(int(seq), sha256)
    except (FileNotFoundError, ValueError):
        return None


def _keep(state_dir: Path, link: Link) -> None:
    """Write the newest link beside the log: whole, or as it was."""
    path, temp = state_dir / HEAD, state_dir / f"{HEAD}.new"
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        write(fd, f"{link.seq} {link.sha256}\n".encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    temp.replace(path)
    settle_folder(state_dir)


def _sha256(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
