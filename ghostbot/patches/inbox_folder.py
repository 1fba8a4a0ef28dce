"""An inbox on the disk: what lies in it, and where it goes when it was taken.

Rule 1: whoever may write here may try anything: nothing is followed, all goes by the descriptors of
        three folders, and what is no plain file of one name is never read.
Rule 2: a file is whole when it has rested for a moment and nobody has it open for writing.
Rule 3: what became of a file is written before it is moved. A crash between the two is seen: the
        file is taken again, and its words are found.

Everything here blocks, and belongs into a thread.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from signal import SIGURG
from typing import Any

FILE_BYTES = 2 * 1024 * 1024
NAME_BYTES = 200  # of a file that is moved: its words are kept beside it, under a longer name
UNFINISHED = (".tmp", ".part", ".partial", ".swp", ".crdownload", "~")
WORDS = ".json"
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
SETSIG = 10  # F_SETSIG of fcntl(2), which Python does not name


class To(StrEnum):
    """Where a file goes."""

    DONE = "done"  # it is a proposal, or was so already
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Seen:
    """A name in the inbox, and what tells whether its file is still being written."""

    name: str
    inode: int
    size: int
    changed_ns: int
    is_plain: bool  # a regular file of one name


class NotTaken(Exception):
    """A file that is refused unread: a stable code, and why."""

    def __init__(self, code: str, words: str) -> None:
        """Take both."""
        self.code = code
        super().__init__(words)


class InboxFolder:
    """One inbox, and its `done` and `refused`."""

    def __init__(self, path: Path) -> None:
        """Open the folders, made where they are not there. Raises OSError."""
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._fds: list[int] = []
        try:
            self._here = self._opened(path, None)
            self._to = {to: self._below(to) for to in To}
        except OSError:
            self.close()
            raise

    def _opened(self, path: Path | str, at: int | None) -> int:
        fd = os.open(path, FOLDER, dir_fd=at)
        self._fds.append(fd)
        return fd

    def _below(self, name: str) -> int:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=self._here)
        return self._opened(name, self._here)

    def close(self) -> None:
        """Give the descriptors back."""
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()

    def look(self) -> list[Seen]:
        """Return what lies here and is no folder, the oldest first."""
        found = []
        for name in os.listdir(self._here):  # noqa: PTH208 - by its descriptor
            if name.startswith(".") or name.lower().endswith(UNFINISHED):
                continue
            with suppress(FileNotFoundError):
                held = os.stat(name, dir_fd=self._here, follow_symlinks=False)
                if not stat.S_ISDIR(held.st_mode):
                    plain = stat.S_ISREG(held.st_mode) and held.st_nlink == 1
                    found.append(Seen(name, held.st_ino, held.st_size, held.st_mtime_ns, plain))
        return sorted(found, key=lambda seen: (seen.changed_ns, seen.name))

    def read(self, seen: Seen) -> bytes | None:
        """Return what a file holds; None where it is still being written. Raises NotTaken."""
        if not seen.is_plain:
            raise NotTaken("not_regular", "it is no plain file of one name: links are not followed")
        if seen.size > FILE_BYTES:
            words = f"it has {seen.size} bytes, and {FILE_BYTES} is the most"
            raise NotTaken("too_large", words)
        how = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(seen.name, how, dir_fd=self._here)
        except FileNotFoundError:
            return None
        except OSError as error:
            why = (error.strerror or "error").lower()
            raise NotTaken("unreadable", f"it cannot be read: {why}") from None
        with os.fdopen(fd, "rb") as file:
            if _is_written(fd) or not _is_same(os.fstat(fd), seen):
                return None
            held = file.read(FILE_BYTES + 1)
            return held if _is_same(os.fstat(fd), seen) else None

    def move(self, seen: Seen, to: To, words: Mapping[str, Any], sha256: str | None) -> str:
        """Put a file away with words beside it, and return its name there."""
        name = self._free(seen.name, to, sha256)
        self.tell(to, name, words)
        os.rename(seen.name, name, src_dir_fd=self._here, dst_dir_fd=self._to[to])
        return name

    def _free(self, name: str, to: To, sha256: str | None) -> str:
        """Return a name that no other file there has; words that a crash left are of this one."""
        stem, dot, ending = _short(name).rpartition(".")
        if not stem:
            stem, dot, ending = _short(name), "", ""
        number = 1
        while True:
            made = f"{stem}{'' if number == 1 else f'-{number}'}{dot}{ending}"
            taken = self._is_there(made, to)
            if not taken and not self._is_there(made + WORDS, to):
                return made
            known = self._words(made, to)
            if not taken and sha256 is not None and known.get("sha256") == sha256:
                return made
            number += 1

    def _is_there(self, name: str, to: To) -> bool:
        try:
            os.stat(name, dir_fd=self._to[to], follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def tell(self, to: To, name: str, words: Mapping[str, Any]) -> None:
        """Write what became of a file: whole or not at all."""
        told = json.dumps(words, indent=2, ensure_ascii=False).encode("utf-8", "replace")
        draft, fd = f".{name}{WORDS}.tmp", self._to[to]
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=fd)
        how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(draft, how, 0o644, dir_fd=fd), "wb") as file:
            file.write(told + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, name + WORDS, src_dir_fd=fd, dst_dir_fd=fd)

    def unsettled(self) -> Iterator[tuple[str, str]]:
        """Give id and name of each file in `done` whose words say that it goes on."""
        for name in sorted(os.listdir(self._to[To.DONE])):  # noqa: PTH208 - the same
            if name.endswith(WORDS) and not name.startswith("."):
                words = self._words(name.removesuffix(WORDS), To.DONE)
                if isinstance(words.get("id"), str) and words.get("over") is False:
                    yield words["id"], name.removesuffix(WORDS)

    def _words(self, name: str, to: To) -> Mapping[str, Any]:
        how = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(name + WORDS, how, dir_fd=self._to[to])
            with os.fdopen(fd, "rb") as file:
                found = json.loads(file.read(FILE_BYTES))
        except (OSError, ValueError, RecursionError):  # it is others' folder: they may write in it
            return {}
        return found if isinstance(found, dict) else {}


def _short(name: str) -> str:
    """Return a name that leaves room for what is put behind it, its ending kept."""
    if len(os.fsencode(name)) <= NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if 0 < len(ending) <= 10 else ""  # noqa: PLR2004 - longer is no ending
    room = NAME_BYTES - len(os.fsencode(tail))
    return os.fsencode(stem if tail else name)[:room].decode("utf-8", "ignore") + tail


def _is_same(held: os.stat_result, seen: Seen) -> bool:
    now = (held.st_ino, held.st_size, held.st_mtime_ns)
    return now == (seen.inode, seen.size, seen.changed_ns)


def _is_written(fd: int) -> bool:
    """Tell whether somebody has a file open for writing, as far as the system says (fcntl(2)).

    A lease can be had only where nobody has. Should somebody open it just then, the signal that
    tells is one that is ignored.
    """
    lease = getattr(fcntl, "F_SETLEASE", None)
    if lease is None:
        return False
    try:
        fcntl.fcntl(fd, SETSIG, SIGURG)
        fcntl.fcntl(fd, lease, fcntl.F_RDLCK)
        fcntl.fcntl(fd, lease, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN  # any other: not ours to ask for
    return False
