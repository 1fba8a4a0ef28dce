"""Undoing: a patch that a crash cut short, that failed midway, or whose checks failed.

Rule 1: it goes back, never on: the tree is as it was before.
Rule 2: a file that is neither as the patch found it nor as it left it is somebody's work. It
        stays, and is told.
Rule 3: it may be cut short itself, and done again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ghostbot.core.patch import Refused
from ghostbot.errors import Failed, GhostError
from ghostbot.patches import locks
from ghostbot.patches.disk import settle
from ghostbot.patches.journal import ENDS, Journal, Kind, Record, Step, journals
from ghostbot.patches.staging import Drifted, drop, mark_of, put, stage
from ghostbot.patches.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What became of an undo. It is whole where nothing is `left`."""

    id: str
    root: str
    restored: tuple[str, ...] = ()
    left: tuple[str, ...] = ()  # "path: why it is not as it was"


def recover(state_dir: Path, root: str | None = None) -> list[Undone]:
    """Undo what crashes left, in one root (its real path) or in all. Those in use are passed over.

    It is told what was undone, and what needs a person.
    """
    found = []
    for journal in _unfinished(state_dir):
        patch, place = journal.folder.name, "unknown"
        try:
            record = journal.record()
            place = record.root
            if root in {None, place}:
                with Tree(Path(place)) as tree, locks.held(state_dir, place):
                    if ENDS.isdisjoint(journal.kinds()):  # nobody else did it meanwhile
                        found.append(undo(journal, record, tree))
        except locks.Busy:
            continue
        except (GhostError, OSError) as error:  # a disk may come back, so it stays unfinished
            found.append(Undone(id=patch, root=place, left=(str(error),)))
    return found


def recover_held(state_dir: Path, tree: Tree) -> list[Undone]:
    """Undo what crashes left in a root whose lock is held."""
    found = []
    for journal in _unfinished(state_dir):
        with suppress(Failed):  # whose root it was is told where all are looked at
            record = journal.record()
            if record.root == tree.root:
                found.append(undo(journal, record, tree))
    return found


def unlike(record: Record) -> list[str]:
    """Say which files of a patch that was undone are not as it found them, and why."""
    try:
        with Tree(Path(record.root)) as tree:
            return [f"{s.path}: it is not as it was" for s in record.steps if not _is_old(s, tree)]
    except GhostError as error:
        return [str(error)]


def prune(state_dir: Path, older_than_s: float, kept: Collection[str] = ()) -> int:
    """Forget the backups of patches that ended, or never began, so long ago; tell how many.

    Those of the ids in `kept` stay.
    """
    found = [j for j in journals(state_dir) if j.folder.name not in kept]
    old = [j for j in found if time.time() - j.changed_at() > older_than_s]
    gone = [j for j in old if not (k := j.kinds()) or not ENDS.isdisjoint(k)]
    for journal in gone:
        journal.forget()
    return len(gone)


def undo(
    journal: Journal, record: Record, tree: Tree, touched: Collection[str] | None = None
) -> Undone:
    """Bring every file back to what it was, and remove what was on its way.

    `touched` are the paths where something may have been put; after a crash nobody knows.
    """
    restored: list[str] = []
    left: list[str] = []
    unable = False
    _drop_staged(record, tree)
    for number, step in reversed(list(enumerate(record.steps))):
        if touched is not None and step.path not in touched:
            continue
        try:
            if _restore(journal, number, step, tree):
                restored.append(step.path)
        except Drifted:
            left.append(f"{step.path}: somebody changed it meanwhile")
        except Refused as refused:
            left.append(f"{step.path}: {refused.words}")
        except (OSError, Failed) as error:
            unable = True  # a full disk gets room, so that it is tried again
            left.append(f"{step.path}: {error}")
    _remove_made(record, tree)
    if not unable:
        journal.mark(Kind.ATTENTION if left else Kind.UNDONE)
    return Undone(
        id=record.id, root=record.root, restored=tuple(sorted(restored)), left=tuple(sorted(left))
    )


def _unfinished(state_dir: Path) -> list[Journal]:
    found = [(journal, journal.kinds()) for journal in journals(state_dir)]
    return [j for j, kinds in found if Kind.BEGIN in kinds and ENDS.isdisjoint(kinds)]


def _drop_staged(record: Record, tree: Tree) -> None:
    for step in record.steps:
        try:
            with tree.folder(step.path) as (fd, _):
                drop(fd, step.temp)
                drop(fd, _old_temp(step))
        except (OSError, Refused):
            continue  # its folder is gone, or is no folder: what stands there is not ours


def _restore(journal: Journal, number: int, step: Step, tree: Tree) -> bool:
    """Bring one file back; tell whether that took anything. Raises Drifted."""
    held = tree.held(step.path)
    now = mark_of(held)
    if now == step.old:
        return False
    if now != step.new:
        raise Drifted(step.path)
    if step.old is None:
        with tree.folder(step.path) as (fd, leaf):
            put(fd, leaf, "", now, gone=True, path=step.path)
            os.fsync(fd)
        return True
    data = journal.backup(number, step)
    with tree.folder(step.path, make=True) as (fd, leaf):
        temp = _old_temp(step)
        drop(fd, temp)
        staged = stage(fd, temp, data, step.old.perm, step)
        try:
            settle([staged])
            put(fd, leaf, temp, now, gone=False, path=step.path)
            os.fsync(fd)
        finally:
            os.close(staged)
            drop(fd, temp)
    return True


def _remove_made(record: Record, tree: Tree) -> None:
    for path in reversed(record.made):
        try:
            with tree.folder(path) as (fd, leaf):
                os.rmdir(leaf, dir_fd=fd)
        except (OSError, Refused):
            continue  # it was never made, or somebody keeps something there


def _is_old(step: Step, tree: Tree) -> bool:
    try:
        return mark_of(tree.held(step.path)) == step.old
    except (Refused, Failed):
        return False


def _old_temp(step: Step) -> str:
    return f"{step.temp.removesuffix('.tmp')}.old.tmp"
