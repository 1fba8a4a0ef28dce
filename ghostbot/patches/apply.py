"""From a plan to the tree: all of it or nothing, whatever happens on the way.

Rule 1: nothing is touched where a file is not what the plan was made for.
Rule 2: whoever applies holds the root's lock, from the first look to the end of the checks.
Rule 3: the files that the checks saw are those that stay.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from ghostbot.core.patch import EXECUTABLE, PLAIN, Change, Op, Place, Plan, Refused
from ghostbot.errors import Failed
from ghostbot.patches import locks
from ghostbot.patches.disk import settle
from ghostbot.patches.journal import Journal, Kind, Mark, Record, Step
from ghostbot.patches.paths import overlapping
from ghostbot.patches.recover import Undone, recover_held, undo
from ghostbot.patches.staging import Drifted, drop, put, stage
from ghostbot.patches.tree import Held, Tree, mode_of

Check = Callable[[], str | None]  # gives why it failed, or None


def no_check() -> None:
    """Ask nothing."""


def untold() -> None:
    """Tell nobody."""


class Status(StrEnum):
    """What became of a patch."""

    APPLIED = "applied"
    NOOP = "noop"  # there was nothing to do
    SUPERSEDED = "superseded"  # a file has changed since; nothing was touched
    FAILED = "failed"  # nothing was touched
    ROLLED_BACK = "rolled_back"
    ATTENTION = "needs_attention"  # rolled back, but for what is `left`


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a patch, and why."""

    status: Status
    reason: str | None = None
    left: tuple[str, ...] = ()  # "path: why it is not as it was"


@dataclass(frozen=True, slots=True)
class _Work:
    step: Step
    old: bytes | None
    new: bytes | None


class Swap:
    """One plan on its way into one tree. Whoever has it holds the root's lock."""

    def __init__(self, plan: Plan, tree: Tree, state_dir: Path, patch: str) -> None:
        """Compare every base. Raises Drifted, and Refused; nothing is touched."""
        self._tree = tree
        self._state_dir = state_dir
        self._works = _works(plan, tree, patch)
        made = {
            path for w in self._works if w.new is not None for path in tree.missing(w.step.path)
        }
        self.record = Record(
            id=patch,
            root=tree.root,
            name=plan.root,
            format=plan.format,
            digest=plan.digest(),
            made=tuple(sorted(made)),
            steps=tuple(w.step for w in self._works),
        )
        self._journal: Journal | None = None
        self._touched: set[str] = set()  # paths where something may have been put
        self._folders: dict[str, int] = {}  # where something was staged or put, by its path

    def forward(self) -> None:
        """Put every file in its place. Raises Drifted, Refused, OSError, Failed: go back then."""
        backups = [work.old for work in self._works]
        self._journal = Journal.begin(self._state_dir, self.record, backups)
        self._stage()
        self._journal.mark(Kind.COMMIT)
        for step in self.record.steps:
            self._put(step)
        settle(list(self._folders.values()))

    @property
    def has_begun(self) -> bool:
        """Whether there may be something to undo."""
        return self._journal is not None

    @property
    def is_in_place(self) -> bool:
        """Whether what was put somewhere is found where it is looked for."""
        return self._tree.is_in_place

    def keep(self) -> None:
        """Say that it is done. Raises OSError: go back then."""
        assert self._journal is not None, "it went forward"
        self._journal.mark(Kind.DONE)

    def back(self) -> Undone | None:
        """Undo what was done; None where nothing was begun."""
        if self._journal is None:
            return None
        for step in self.record.steps:  # also where the folder was moved away meanwhile
            if (fd := self._folders.get(os.path.dirname(step.path))) is not None:  # noqa: PTH120  a name, not a place
                drop(fd, step.temp)
        return undo(self._journal, self.record, self._tree, self._touched)

    def close(self) -> None:
        """Give the descriptors back."""
        while self._folders:
            os.close(self._folders.popitem()[1])

    def _stage(self) -> None:
        fds: list[int] = []
        try:
            for work in self._works:
                step = work.step
                if work.new is None or step.new is None:
                    continue
                with self._tree.folder(step.path, make=True) as (fd, _):
                    self._remember(step, fd)
                    fds.append(stage(fd, step.temp, work.new, step.new.perm, step))
            settle(fds)
        finally:
            for fd in fds:
                os.close(fd)

    def _put(self, step: Step) -> None:
        with self._tree.folder(step.path) as (fd, leaf):
            self._remember(step, fd)
            self._touched.add(step.path)
            try:
                put(fd, leaf, step.temp, step.old, gone=step.new is None, path=step.path)
            except (Drifted, Refused):
                self._touched.discard(step.path)  # what stands there is another's
                raise

    def _remember(self, step: Step, fd: int) -> None:
        folder = os.path.dirname(step.path)  # noqa: PTH120  a name, not a place
        if folder not in self._folders:
            self._folders[folder] = os.dup(fd)


def apply(
    plan: Plan,
    tree: Tree,
    state_dir: Path,
    patch: str,
    *,
    precheck: Check = no_check,
    verify: Check = no_check,
    undoing: Callable[[], None] = untold,
    patience_s: float = 0.0,
) -> Outcome:
    """Apply a plan under the id `patch`, and say what became of it.

    `precheck` is asked before anything is touched, `verify` while it can still be undone;
    `undoing` is told before it is. `precheck` may raise Drifted.
    Raises Busy after `patience_s`, and Refused for a plan that may not be. What crashes left is
    undone first.
    """
    if not plan.changes:
        return Outcome(status=Status.NOOP, reason="the tree is already as the patch wants it")
    with locks.held(state_dir, tree.root, patience_s):
        if left := [line for undone in recover_held(state_dir, tree) for line in undone.left]:
            reason = "an earlier patch was cut short, and could not be undone"
            return Outcome(status=Status.FAILED, reason=reason, left=tuple(left))
        try:
            swap = Swap(plan, tree, state_dir, patch)
            failure = precheck()
        except Drifted as drifted:
            return Outcome(status=Status.SUPERSEDED, reason=str(drifted))
        if failure is not None:
            return Outcome(status=Status.FAILED, reason=failure)
        try:
            return _carry_out(swap, verify, undoing)
        finally:
            swap.close()


def drifted(plan: Plan, tree: Tree) -> list[str]:
    """Return the paths that are not what a plan was made for. Raises Refused."""
    expected = [
        (path, base, mode) for change in plan.changes for path, base, mode in _bases(change)
    ]
    return [path for path, base, mode in expected if not _is(tree.vetted(path), base, mode)]


def spoilt(plan: Plan, tree: Tree) -> list[str]:
    """Return the paths that are not what a plan made of them."""
    found = []
    for change in plan.changes:
        for path, new in ((change.path, change.new), (change.source, None)):
            if path is None:
                continue
            try:
                held = tree.held(path)
            except (Refused, Failed):
                found.append(path)  # it is no file any more, or in no folder
                continue
            if not _is(held, new, change.new_mode):
                found.append(path)
    return found


def _carry_out(swap: Swap, verify: Check, undoing: Callable[[], None]) -> Outcome:
    status = Status.ROLLED_BACK
    try:
        swap.forward()
        failure = verify()
        if failure is None and not swap.is_in_place:
            failure = "the root is not where it was"
        if failure is None:
            swap.keep()
            return Outcome(status=Status.APPLIED)
    except Drifted as error:
        status, failure = Status.SUPERSEDED, str(error)
    except (Refused, OSError, Failed) as error:
        failure = str(error)
    except BaseException:
        swap.back()
        raise
    try:
        if status is Status.ROLLED_BACK and swap.has_begun:
            undoing()
    finally:
        undone = swap.back()
    if undone is None:
        return Outcome(status=Status.FAILED, reason=failure)
    if undone.left:
        status = Status.ATTENTION
    return Outcome(status=status, reason=failure, left=undone.left)


def _works(plan: Plan, tree: Tree, patch: str) -> list[_Work]:
    """Return what is to be done to each path; what vanishes goes last."""
    if (two := overlapping(_paths(plan))) is not None:
        raise Refused("overlap", f"cannot patch {two[0]} and {two[1]} at once", Place(path=two[1]))
    found = {}
    for change in plan.changes:
        for path, base, mode in _bases(change):
            held = found[path] = tree.vetted(path)
            if not _is(held, base, mode):
                raise Drifted(path)
    works = [work for change in plan.changes for work in _of(change, found)]
    works.sort(key=lambda work: work.new is None)
    return [
        replace(work, step=replace(work.step, temp=f".ghost-{patch}-{n}.tmp"))
        for n, work in enumerate(works)
    ]


def _paths(plan: Plan) -> list[str]:
    return [path for change in plan.changes for path in (change.path, change.source) if path]


def _bases(change: Change) -> list[tuple[str, bytes | None, int | None]]:
    """Return what a change expects to find, and where."""
    if change.op is Op.MOVE:
        assert change.source is not None, "a move has a source"
        return [(change.source, change.base, change.base_mode), (change.path, None, None)]
    return [(change.path, change.base, change.base_mode)]


def _is(held: Held | None, base: bytes | None, mode: int | None) -> bool:
    if held is None or base is None:
        return held is None and base is None
    seen = mode_of(held.perm) if mode in {PLAIN, EXECUTABLE} else 0o100000 | held.perm
    return held.data == base and seen == mode


def _of(change: Change, found: dict[str, Held | None]) -> list[_Work]:
    held = found[change.source or change.path]
    old = Mark(held.sha256, held.perm) if held else None
    new = None
    if change.new is not None:
        new = Mark(hashlib.sha256(change.new).hexdigest(), _perm(change, held))
    uid, gid = (held.uid, held.gid) if held else (-1, -1)
    at = Step(path=change.path, temp="", old=old, new=new, uid=uid, gid=gid)
    if change.op is not Op.MOVE:
        return [_Work(at, change.base, change.new)]
    assert change.source is not None, "a move has a source"
    there = replace(at, old=None, source=change.source)
    gone = replace(at, path=change.source, new=None)
    return [_Work(there, None, change.new), _Work(gone, change.base, None)]


def _perm(change: Change, held: Held | None) -> int:
    """Return the mode to write: that of the file, but for whether it runs."""
    mode = change.new_mode
    if mode is None or mode & ~0o100777:
        raise Refused("mode", f"cannot give {change.path} the mode {mode or 0:o}")
    if held is None or mode not in {PLAIN, EXECUTABLE}:
        return mode & 0o777
    if mode == change.base_mode:
        return held.perm
    if mode == EXECUTABLE:
        return held.perm | (held.perm & 0o444) >> 2  # who may read it may run it
    return held.perm & ~0o111
