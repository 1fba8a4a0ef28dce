"""A copy of a root in which a patch is tried before the root is touched.

Rule 1: it is a copy of what is there, committed or not; git is not asked, as it runs hooks.
Rule 2: what goes into it are files, folders and links as links; nothing is followed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from ghostbot.core.patch import Plan
from ghostbot.errors import Failed
from ghostbot.patches.apply import Status, apply, spoilt
from ghostbot.patches.checks import Hidden, Ran, run
from ghostbot.patches.disk import FOLDER, write
from ghostbot.patches.tree import Tree

FICLONE = 0x40049409  # ioctl_ficlonerange(2): the blocks are shared until one side writes
NOT_COPIED = frozenset({".git", ".ghost"})
TREE_BYTES = 2 * 1024 * 1024 * 1024
TREE_FILES = 200_000
BLOCK = 1024 * 1024
FRESH_S = 5.0  # between the making of a folder and its lock
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


@dataclass(slots=True)
class _Copying:
    """One copy that is being made: what is left out, linked, and how much it may still take."""

    root: Path
    own: Collection[str]  # absolute paths of Ghost's that lie in the root
    links: Collection[str]  # folders of the root that are too big to copy, as seen from it
    bytes_left: int = TREE_BYTES
    files_left: int = TREE_FILES
    reflinks: bool = field(default=True)


def verify(
    plan: Plan,
    tree: Tree,
    state_dir: Path,
    checks: Sequence[Sequence[str]],
    *,
    links: Collection[str] = (),
    timeout_s: float = 900.0,
    stop: threading.Event | None = None,
) -> list[Ran]:
    """Apply a plan to a copy, and run the checks there until one fails; return those that ran.

    Raises Failed where the copy cannot be made, or takes the plan otherwise than the root would,
    and Interrupted.
    """
    with folder_of(state_dir) as folder:
        copy, own = folder / "tree", folder / "own"
        _copy(_Copying(Path(tree.root), (str(state_dir), *tree.rules.own), links), copy)
        with Tree(copy, replace(tree.rules, own=())) as copied:  # the copy lies in what is Ghost's
            outcome = apply(plan, copied, folder / "state", "try")
            if outcome.status not in {Status.APPLIED, Status.NOOP}:
                raise Failed(f"cannot try the patch in a copy: {outcome.reason}")
            hidden = hidden_from(tree, state_dir, folder)
            return run_all(plan, copied, checks, own, timeout_s=timeout_s, stop=stop, hidden=hidden)


def run_all(
    plan: Plan,
    tree: Tree,
    checks: Sequence[Sequence[str]],
    own: Path,
    *,
    timeout_s: float,
    stop: threading.Event | None = None,
    hidden: Hidden | None = None,
) -> list[Ran]:
    """Run checks in a tree that a plan was applied to, until one fails. Raises Interrupted."""
    ran: list[Ran] = []
    for argv in checks:
        one = run(argv, Path(tree.root), own, timeout_s, stop=stop, hidden=hidden)
        ran.append(replace(one, spoilt=tuple(spoilt(plan, tree))))
        if ran[-1].failure is not None:
            break
    return ran


def hidden_from(tree: Tree, state_dir: Path, kept: Path) -> Hidden:
    """Return what the checks of a root do not see: Ghost's state and tokens, but for `kept`."""
    secrets = [own for own in tree.rules.own if own.endswith("/.env")]
    return Hidden(
        state=os.path.realpath(state_dir),
        kept=os.path.realpath(kept),
        secret=os.path.realpath(secrets[0]) if secrets else "",
    )


@contextmanager
def folder_of(state_dir: Path) -> Iterator[Path]:
    """Make a folder on the disk where the state lies, and remove it with all that is in it."""
    above = state_dir / "patches" / "scratch"
    above.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(above)
    folder = Path(tempfile.mkdtemp(dir=above))
    fd = os.open(folder, FOLDER)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH)
        yield folder
    finally:
        _remove(folder)
        os.close(fd)


def _sweep(above: Path) -> None:
    """Remove the copies that killed ones left: nobody holds them."""
    for folder in above.iterdir():
        try:
            fd = os.open(folder, FOLDER)
        except OSError:
            continue  # its owner was quicker, or it is none of ours
        try:
            if folder.stat().st_mtime < time.time() - FRESH_S:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
        except OSError:
            continue
        finally:
            os.close(fd)


def _remove(folder: Path) -> None:
    """Remove all that checks left, however deep it lies or closed it is; what cannot be stays."""
    try:
        top = os.open(folder, FOLDER)
    except OSError:
        return
    try:
        while _thinned(top):
            pass
    finally:
        os.close(top)
    with suppress(OSError):
        folder.rmdir()


def _thinned(top: int) -> bool:
    """Remove what lies in a folder, and bring up what lies deeper; tell whether that did it good.

    Going down instead would end where Python's stack does, or our descriptors.
    """
    did = False
    for name, is_folder in _entries(top):
        with suppress(OSError):
            if is_folder:
                _brought_up(top, name)
            else:
                os.unlink(name, dir_fd=top)
            did = True
    return did


def _brought_up(top: int, name: str) -> None:
    os.chmod(name, 0o700, dir_fd=top)  # a check may have closed it
    fd = os.open(name, FOLDER, dir_fd=top)
    try:
        for inner, is_folder in _entries(fd):
            if is_folder:
                os.chmod(inner, 0o700, dir_fd=fd)
                os.rename(inner, f"up-{uuid4().hex}", src_dir_fd=fd, dst_dir_fd=top)
            else:
                os.unlink(inner, dir_fd=fd)
    finally:
        os.close(fd)
    os.rmdir(name, dir_fd=top)


def _entries(fd: int) -> list[tuple[str, bool]]:
    with os.scandir(fd) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]


def _copy(copying: _Copying, into: Path) -> None:
    into.mkdir(mode=0o700)
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(copying.root / folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if _is_left_out(copying, entry.name, entry.path):
                continue
            if _copy_one(copying, name, into):
                waiting.append(name)


def _is_left_out(copying: _Copying, leaf: str, path: str) -> bool:
    return leaf in NOT_COPIED or any(path == own for own in copying.own)


def _copy_one(copying: _Copying, name: str, into: Path) -> bool:
    """Copy a file, a link, or a folder without what is in it; tell whether it is a folder."""
    source, target = copying.root / name, into / name
    try:
        seen = source.lstat()
        copying.files_left -= 1
        if name in copying.links:
            target.symlink_to(source)
        elif stat.S_ISLNK(seen.st_mode):
            target.symlink_to(_leading(copying.root, source, into))
        elif stat.S_ISDIR(seen.st_mode):
            target.mkdir()
            return True
        elif stat.S_ISREG(seen.st_mode):
            copying.bytes_left -= seen.st_size
            _room(copying)
            _copy_file(copying, source, target, seen)
    except FileNotFoundError:
        return False  # it vanished while we looked
    except OSError as error:
        raise Failed(f"cannot copy {source}: {(error.strerror or 'error').lower()}") from None
    _room(copying)
    return False


def _leading(root: Path, source: Path, into: Path) -> Path:
    """Return where a link leads in the copy: by its whole name it would lead back to the root."""
    link = source.readlink()
    real = Path(os.path.realpath(source))
    if link.is_absolute() and real.is_relative_to(root):
        return into / real.relative_to(root)
    return link


def _room(copying: _Copying) -> None:
    if copying.bytes_left < 0 or copying.files_left < 0:
        much = f"{TREE_FILES} files or {TREE_BYTES // 1024**3} GiB"
        raise Failed(f"cannot copy {copying.root}: it is over {much}; link what is big")


def _copy_file(copying: _Copying, source: Path, target: Path, seen: os.stat_result) -> None:
    reading = os.open(source, READ)
    try:
        writing = os.open(target, WRITE, stat.S_IMODE(seen.st_mode) | stat.S_IWUSR)
        try:
            _copy_bytes(copying, reading, writing, seen.st_size)
            os.fchmod(writing, stat.S_IMODE(seen.st_mode))
            os.utime(writing, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # make(1) looks at it
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_bytes(copying: _Copying, reading: int, writing: int, size: int) -> None:
    """Copy as much as there was: a log may grow as fast as it is read."""
    if copying.reflinks:
        try:
            fcntl.ioctl(writing, FICLONE, reading)
        except OSError as error:
            # another disk, or one that shares no blocks: then no other file will do either
            copying.reflinks = error.errno not in {errno.EXDEV, errno.EOPNOTSUPP, errno.ENOTTY}
        else:
            return
    while size > 0 and (data := os.read(reading, min(size, BLOCK))):
        write(writing, data)
        size -= len(data)
