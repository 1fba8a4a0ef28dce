"""Carries an approved plan out: tried in a copy, applied, tried in place, and kept or taken back.

Rule 1: what is carried out is what was approved, to the byte and to the checks: else nothing is.
Rule 2: the bytes that were tried are those that stay. A check that changes them has failed.
Rule 3: whatever fails once the tree is touched, the tree goes back; then the house does, too.
Rule 4: it may be killed anywhere. Whoever comes next asks `after_crash`, and it is as it was.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ghostbot.config.masks import masked
from ghostbot.config.model import RootTable
from ghostbot.core.patch import Plan, Refused
from ghostbot.core.proposal import CheckLine, Status
from ghostbot.errors import Failed
from ghostbot.patches import policy, scratch
from ghostbot.patches.apply import Outcome, apply, drifted
from ghostbot.patches.checks import Ran
from ghostbot.patches.committing import commit
from ghostbot.patches.journal import ENDS, Kind, journal_of
from ghostbot.patches.live import Live, nothing_live
from ghostbot.patches.paths import NO_RULES, Rules
from ghostbot.patches.recover import recover, unlike
from ghostbot.patches.staging import Drifted
from ghostbot.patches.tree import Tree

PATIENCE_S = 60.0  # while another patch is carried out in the same root
CUT_SHORT = "Ghost ended while it was carried out, so it was taken back"

Moved = Callable[[Status], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of a plan."""

    status: Status
    code: str | None = None  # of `core.patch.CODES`, where it may not be any more
    reason: str | None = None
    left: tuple[str, ...] = ()  # "path: why it is not as it was", or what of the house is not
    checks: tuple[CheckLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What carrying out asks of others."""

    moved: Moved = lambda _: None  # told before each turn; where it raises, all is taken back
    live: Live = nothing_live
    stop: threading.Event = field(default_factory=threading.Event)  # set where Ghost ends
    veil: Callable[[str], str] = masked  # hides secrets in what checks write


def carry_out(
    plan: Plan,
    root: RootTable,
    state_dir: Path,
    patch: str,
    *,
    digest: str | None = None,
    rules: Rules = NO_RULES,
    title: str = "",
    means: Means | None = None,
) -> Carried:
    """Carry a plan out in a root, and say what became of it. Blocks, up to the checks' limits.

    `digest` is what was approved. Raises Busy where another patch takes the root for too long,
    and Interrupted where `means.stop` was set: ask `after_crash` the next time.
    """
    means = means or Means()
    if digest is not None and plan.digest(policy.identity(root)) != digest:
        why = "the plan, its checks or the root's settings are not those that were approved"
        return Carried(status=Status.SUPERSEDED, reason=why)
    with Tree(root.path, rules) as tree:
        carrying = _Carrying(plan, root, tree, state_dir, means)
        try:
            outcome = apply(
                plan,
                tree,
                state_dir,
                patch,
                precheck=carrying.try_copy,
                verify=carrying.try_place,
                undoing=lambda: means.moved(Status.ROLLING_BACK),
                patience_s=PATIENCE_S,
            )
        except Refused as refused:
            return Carried(status=Status.FAILED, code=refused.code, reason=refused.words)
        return carrying.ended(outcome, f"{title or 'Patch'} ({patch})")


def after_crash(root: RootTable, state_dir: Path, patch: str, *, live: Live) -> Carried:
    """Say what became of a patch while Ghost was away, and take it back where that is due.

    The daemons are restarted then, as they may run what is no more. Raises Failed where it
    cannot be undone yet: the disk is full, or another patch is being applied there.
    """
    undone = recover(state_dir, os.path.realpath(root.path))
    left = [line for one in undone if one.id == patch for line in one.left]
    journal = journal_of(state_dir, patch)
    kinds = journal.kinds()
    if Kind.DONE in kinds:
        return Carried(status=Status.APPLIED)
    if Kind.BEGIN not in kinds:
        return Carried(status=Status.ROLLED_BACK, reason="Ghost ended before anything was touched")
    if ENDS.isdisjoint(kinds):
        raise Failed(f"cannot take {patch} back: {'; '.join(left) or 'its root is in use'}")
    if Kind.ATTENTION in kinds and not left:
        left = list(unlike(journal.record()))  # somebody else took it back, and was told
    lines = live() if Kind.COMMIT in kinds else ()
    left += [line.said for line in lines if not line.ok]
    attention = bool(left) or Kind.ATTENTION in kinds
    return Carried(
        status=Status.ATTENTION if attention else Status.ROLLED_BACK,
        reason=CUT_SHORT,
        left=tuple(left),
        checks=lines,
    )


class _Carrying:
    """One plan on its way, and what was seen of it."""

    def __init__(
        self, plan: Plan, root: RootTable, tree: Tree, state_dir: Path, means: Means
    ) -> None:
        self.lines: list[CheckLine] = []
        self._plan = plan
        self._root = root
        self._tree = tree
        self._state_dir = state_dir
        self._means = means
        self._restarted = False

    def try_copy(self) -> str | None:
        """Run the checks where nothing can break. Raises Drifted, Interrupted."""
        failure = None
        if self._root.verify and not self._root.verify_live:
            self._means.moved(Status.PRECHECKING)
            try:
                failure = self._tried(self._in_copy(), "")
            except (Refused, Failed, OSError) as error:
                failure = _words(error)
            if failure is not None and (paths := drifted(self._plan, self._tree)):
                raise Drifted(paths[0])
        if failure is None:
            self._means.moved(Status.APPLYING)
        return failure

    def try_place(self) -> str | None:
        """Run the checks in the root, and restart what runs its code. Raises Interrupted."""
        if not self._root.verify and not self._root.restart:
            return None
        self._means.moved(Status.VERIFYING)
        failure = self._tried(self._in_place(), ", in place") if self._root.verify else None
        if failure is None and self._root.restart:
            self._restarted = True
            failure = self._live("")
        return failure

    def ended(self, outcome: Outcome, message: str) -> Carried:
        """Say what became of it; where it was taken back, the house goes back first."""
        left = list(outcome.left)
        status = Status(outcome.status.value)
        if self._restarted and status in {Status.ROLLED_BACK, Status.ATTENTION}:
            failure = self._live(", after it was taken back")
            if failure is not None:
                status = Status.ATTENTION
                left.append(failure)
        if status is Status.APPLIED and self._root.commit:
            self.lines.append(commit(self._tree.root, self._plan, message))
        return Carried(
            status=status, reason=outcome.reason, left=tuple(left), checks=tuple(self.lines)
        )

    def _in_copy(self) -> list[Ran]:
        return scratch.verify(
            self._plan,
            self._tree,
            self._state_dir,
            self._root.verify,
            links=self._root.verify_link,
            timeout_s=self._root.verify_timeout_s,
            stop=self._means.stop,
        )

    def _in_place(self) -> list[Ran]:
        with scratch.folder_of(self._state_dir) as own:
            return scratch.run_all(
                self._plan,
                self._tree,
                self._root.verify,
                own,
                timeout_s=self._root.verify_timeout_s,
                stop=self._means.stop,
                hidden=scratch.hidden_from(self._tree, self._state_dir, own),
            )

    def _tried(self, ran: Sequence[Ran], where: str) -> str | None:
        """Note what checks said; return why one failed."""
        veil = self._means.veil
        for one in ran:
            self.lines.append(
                CheckLine(
                    name=veil(" ".join(one.argv)) + where,
                    ok=one.failure is None,
                    took_s=one.took_s,
                    said=veil(one.failure or ""),
                    output=veil(one.output),
                )
            )
        return next((line.said for line in self.lines if not line.ok), None)

    def _live(self, when: str) -> str | None:
        lines = self._means.live()
        self.lines += [
            CheckLine(name=one.name + when, ok=one.ok, took_s=one.took_s, said=one.said)
            for one in lines
        ]
        return "; ".join(one.said for one in lines if not one.ok) or None


def _words(error: Refused | Failed | OSError) -> str:
    if isinstance(error, OSError):
        return f"cannot try the patch in a copy: {(error.strerror or 'error').lower()}"
    return str(error)
