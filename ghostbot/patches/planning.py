"""From what came in to what a person can say yes to: the plan, its digest, its risk, its diff.

Everything here blocks, and belongs into a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ghostbot.config.model import Config, RootTable
from ghostbot.core.patch import Change, Plan, Refused
from ghostbot.core.proposal import FileLine, Proposal, Status, Submitter
from ghostbot.patches import policy
from ghostbot.patches.apply import drifted
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.diff import count, unified
from ghostbot.patches.revert import inverse
from ghostbot.patches.risk import tier
from ghostbot.patches.tree import Tree
from ghostbot.store.proposals import Asked

# Refusals of what may not be; all others are of what cannot be read or found.
POLICY = frozenset(
    {
        *("bad_path", "outside_root", "protected_path", "not_regular", "hard_link", "binary"),
        *("mode", "secret", "regex_dangerous", "shell_refused", "too_large", "too_many"),
    }
)
REVERT = "revert"  # the format of a plan that takes another back


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, and all that people are told of it."""

    plan: Plan
    digest: str
    risk: tuple[str, ...]
    needs: int
    auto: bool
    files: tuple[FileLine, ...]
    diff: str


def planned(asked: Asked, root: RootTable, submitter: Submitter, config: Config) -> Planned:
    """Plan a patch. Raises Refused, and what the disk raises: GhostError, OSError."""
    own = policy.own_of(config)
    policy_of_shell = asked.shell_policy or root.shell_policy
    # what it may not change it may not see either: a refusal shows the lines that come nearest
    rules = replace(policy.rules(root, own), only=asked.paths)
    with Tree(root.path, rules) as tree:
        plan = compile_patch(
            asked.text,
            root=root.name,
            files=tree,
            format=asked.format,
            ignore_shell=policy_of_shell == "ignore",
            allow_overwrite=root.allow_overwrite,
        )
    if asked.formats and plan.format not in asked.formats:
        words = f"cannot take {plan.format} from {submitter.name}: it may send "
        raise Refused("unknown_format", words + ", ".join(asked.formats))
    return _told(plan, root, submitter, own)


def planned_back(
    patch: str, root: RootTable, submitter: Submitter, config: Config, state_dir: Path
) -> Planned:
    """Plan the way back of a patch that was applied. Raises as `planned`."""
    own = policy.own_of(config)
    with Tree(root.path, policy.rules(root, own)) as tree:
        return _told(inverse(state_dir, patch, tree), root, submitter, own)


def drift(plan: Plan, digest: str, root: RootTable, config: Config) -> str | None:
    """Say what has changed since a plan was made, so that it is no longer the one to approve."""
    if plan.digest(policy.identity(root)) != digest:
        return f"the settings of [root.{root.name}] have changed since"
    rules = policy.rules(root, policy.own_of(config))
    with Tree(root.path, rules) as tree:
        try:
            found = drifted(plan, tree)
        except Refused as refused:
            return refused.words
    return f"{', '.join(found)} changed since it was planned" if found else None


def status_of(refused: Refused) -> Status:
    """Return how a patch ends that is refused."""
    if refused.code == "no_effect":
        return Status.NOOP
    return Status.REJECTED if refused.code in POLICY else Status.FAILED


def plan_of(p: Proposal, changes: Sequence[Change]) -> Plan:
    """Return the plan that a proposal is of."""
    return Plan(root=p.root or "", format=p.format or "", changes=tuple(changes), skipped=p.skipped)


def _told(plan: Plan, root: RootTable, submitter: Submitter, own: Iterable[str]) -> Planned:
    verdict = policy.judged(plan, root, submitter, own=own)
    return Planned(
        plan=plan,
        digest=plan.digest(policy.identity(root)),
        risk=verdict.risk,
        needs=verdict.needs,
        auto=verdict.auto,
        files=tuple(_line(change) for change in plan.changes),
        diff=unified(plan),
    )


def _line(change: Change) -> FileLine:
    lines = count(change)
    return FileLine(
        path=change.path,
        op=change.op.value,
        tier=tier(change),
        added=lines.added,
        removed=lines.removed,
        source=change.source,
        notes=change.notes,
    )
