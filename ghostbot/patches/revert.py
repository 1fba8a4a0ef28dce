"""The way back: a plan that makes a patch undone, and goes through everything that plans do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ghostbot.core.patch import Change, Op, Plan
from ghostbot.errors import Failed, NoSuch
from ghostbot.patches.journal import Journal, Kind, Mark, Record, journal_of
from ghostbot.patches.staging import mark_of
from ghostbot.patches.tree import Tree, mode_of


def inverse(state_dir: Path, patch: str, tree: Tree) -> Plan:
    """Return the plan that undoes an applied patch.

    Raises NoSuch where its backups are not kept, and Failed where it was not applied, or a file
    has changed since.
    """
    journal = journal_of(state_dir, patch)
    if not journal.folder.is_dir():
        raise NoSuch(f"cannot revert {patch}: no backups of it are kept", "patch")
    record = journal.record()
    if Kind.DONE not in journal.kinds():
        raise Failed(f"cannot revert {patch}: it is not applied")
    if record.root != tree.root:
        raise Failed(f"cannot revert {patch}: it is of {record.root}, not of {tree.root}")
    changes = _changes(journal, record, tree)
    return Plan(
        root=record.name, format="revert", changes=tuple(sorted(changes, key=lambda c: c.path))
    )


def _changes(journal: Journal, record: Record, tree: Tree) -> list[Change]:
    numbers = {step.path: number for number, step in enumerate(record.steps)}
    moved = {step.source for step in record.steps if step.source is not None}
    found = []
    for number, step in enumerate(record.steps):
        held = tree.vetted(step.path)
        if mark_of(held) != step.new:
            raise Failed(f"cannot revert {record.id}: {step.path} has changed since")
        if step.path in moved:
            continue  # told with where it went
        base = None if held is None else held.data
        if step.source is None:
            old = journal.backup(number, step) if step.old else None
            found.append(_change(step.path, base, step.new, old, step.old))
            continue
        at = numbers[step.source]
        old, mark = journal.backup(at, record.steps[at]), record.steps[at].old
        back = _change(step.source, base, step.new, old, mark)
        found.append(replace(back, op=Op.MOVE, source=step.path))
    return found


def _change(
    path: str, base: bytes | None, base_mark: Mark | None, new: bytes | None, new_mark: Mark | None
) -> Change:
    op = Op.ADD if base is None else Op.DELETE if new is None else Op.UPDATE
    if op is Op.UPDATE and base == new:
        op = Op.MODE
    return Change(
        path=path,
        op=op,
        base=base,
        base_mode=None if base_mark is None else mode_of(base_mark.perm),
        new=new,
        new_mode=_mode(new_mark, whole=op is Op.ADD),
    )


def _mode(mark: Mark | None, *, whole: bool) -> int | None:
    """Return a mode as plans have it; that of a file which comes back is told whole."""
    if mark is None:
        return None
    return 0o100000 | mark.perm if whole else mode_of(mark.perm)
