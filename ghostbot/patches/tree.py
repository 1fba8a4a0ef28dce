"""The files of one root, reached only by descriptors of the folders on the way to them.

Rule 1: no link is ever followed below the root: each folder is opened in the one before it.
Rule 2: what is read and written is a regular file with one name. Nothing else is opened.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ghostbot.core.patch import EXECUTABLE, PLAIN, Place, Refused
from ghostbot.errors import Failed, NoSuch
from ghostbot.patches.disk import FOLDER
from ghostbot.patches.files import FILE_BYTES, File
from ghostbot.patches.paths import NO_RULES, Rules, checked

SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not hold us


@dataclass(frozen=True, slots=True)
class Held:
    """A regular file, with all that has to be as it was when it is put back."""

    data: bytes
    perm: int
    uid: int
    gid: int
    links: int

    @property
    def sha256(self) -> str:
        """Name its bytes."""
        return hashlib.sha256(self.data).hexdigest()


class Tree:
    """One root. It reads for a plan, and opens folders for those who write."""

    def __init__(self, root: Path, rules: Rules = NO_RULES) -> None:
        """Open the root; a link to it is followed, here alone. Raises NoSuch."""
        self.root = os.path.realpath(root)
        self.rules = rules
        try:
            self._fd = os.open(self.root, FOLDER)
        except OSError as error:
            why = (error.strerror or "error").lower()
            raise NoSuch(f"cannot open the root {root}: {why}", "root") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)

    @property
    def is_in_place(self) -> bool:
        """Whether the root is still found where it was."""
        try:
            there, here = Path(self.root).stat(), os.fstat(self._fd)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def checked(self, path: str) -> str:
        """Return a path as plans have it. Raises Refused."""
        return checked(path, self.root, self.rules)

    def read(self, path: str) -> File | None:
        """Return a file as a plan knows it, or None. Raises Refused, and Failed by the disk."""
        held = self.vetted(path)
        return None if held is None else File(held.data, mode_of(held.perm))

    def vetted(self, path: str) -> Held | None:
        """Return a file that may be patched, or None. Raises as `read` does."""
        name = self.checked(path)
        held = self.held(name)
        if held is not None and held.links > 1:
            raise _refused("hard_link", name, f"it has {held.links} names, and all would change")
        if held is not None and held.perm & SPECIAL_BITS:
            raise _refused("mode", name, f"its mode is {held.perm:04o}")
        return held

    def held(self, name: str) -> Held | None:
        """Return what stands at a checked path, whatever its mode. Raises Refused and Failed."""
        try:
            with self.folder(name) as (fd, leaf):
                return look(fd, leaf, name)
        except FileNotFoundError:
            return None
        except OSError as error:
            why = (error.strerror or "error").lower()
            raise Failed(f"cannot read {name}: {why}") from None

    @contextmanager
    def folder(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """Open the folder that holds a path; give its descriptor and the last part.

        `make` makes those that are missing. Raises FileNotFoundError, and Refused where a
        part on the way is a link or no folder.
        """
        *parts, leaf = name.split("/")
        fd = os.dup(self._fd)
        try:
            for part in parts:
                below = _enter(fd, part, name, make=make)
                os.close(fd)
                fd = below
            yield fd, leaf
        finally:
            os.close(fd)

    def missing(self, name: str) -> list[str]:
        """Return the folders on the way to a path that are not there, the outermost first."""
        parts = name.split("/")[:-1]
        for count in range(len(parts), 0, -1):
            try:
                with self.folder("/".join([*parts[:count], "x"])):
                    break
            except FileNotFoundError:
                continue
        else:
            count = 0
        return ["/".join(parts[:n]) for n in range(count + 1, len(parts) + 1)]


def look(fd: int, leaf: str, name: str) -> Held | None:
    """Return the regular file `leaf` of an open folder, or None. Raises Refused."""
    try:
        seen = os.stat(leaf, dir_fd=fd, follow_symlinks=False)
        if not stat.S_ISREG(seen.st_mode):  # opening a device may already do something
            raise _refused("not_regular", name, f"it is {_kind(seen.st_mode)}")
        file = os.open(leaf, READ, dir_fd=fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:  # it became a link since we looked
            raise _refused("not_regular", name, "it is a link") from None
        raise
    with os.fdopen(file, "rb") as opened:
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode):
            raise _refused("not_regular", name, f"it is {_kind(seen.st_mode)}")
        data = opened.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        raise _refused("too_large", name, f"it is over {FILE_BYTES // 1024 // 1024} MiB")
    return Held(data, stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid, seen.st_nlink)


def mode_of(perm: int) -> int:
    """Return the mode by which a plan knows a file."""
    return EXECUTABLE if perm & stat.S_IXUSR else PLAIN


def _enter(fd: int, part: str, name: str, *, make: bool) -> int:
    try:
        return os.open(part, FOLDER, dir_fd=fd)
    except FileNotFoundError:
        if not make:
            raise
    except OSError as error:
        if error.errno in {errno.ENOTDIR, errno.ELOOP}:  # open(2): O_DIRECTORY, O_NOFOLLOW
            raise _refused("not_regular", name, f"{part} on the way is no folder") from None
        raise
    try:
        os.mkdir(part, dir_fd=fd)
        os.fsync(fd)
    except FileExistsError:
        pass  # somebody else made it first
    return _enter(fd, part, name, make=False)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    return "a folder" if stat.S_ISDIR(mode) else "no regular file"


def _refused(code: str, name: str, why: str) -> Refused:
    return Refused(code, f"cannot patch {name!r}: {why}", Place(path=name))
