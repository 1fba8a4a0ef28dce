"""What about a plan asks for a second look, in words that programs read too: `kind:detail`."""

from __future__ import annotations

import re

from ghostbot.core.patch import PLAIN, Change, Op, Plan
from ghostbot.patches.diff import count
from ghostbot.patches.globs import covering
from ghostbot.patches.paths import NO_RULES, Rules, protected_by, risky_by

LINES_MANY = 300
FILES_MANY = 10
LOOSE = ("unanchored", "regex")  # notes of places that the patch itself did not fix
TIERS = ("trailing", "indent", "punctuation")  # how a place was found that is not exactly there
TEST = re.compile(r"(^|/)(tests?|__tests__|spec)/|(^|/)test_[^/]*$|[._](test|spec)\.[^/]+$")


def risks(plan: Plan, rules: Rules = NO_RULES) -> tuple[str, ...]:
    """Return what is risky about a plan, each once, in a fixed order."""
    found = [risk for change in plan.changes for risk in _of(change, rules)]
    counts = [count(change) for change in plan.changes]
    lines = sum(one.added + one.removed for one in counts)
    if lines > LINES_MANY:
        found.append(f"lines:{lines}")
    if len(plan.changes) > FILES_MANY:
        found.append(f"files:{len(plan.changes)}")
    return tuple(dict.fromkeys(found))


def tier(change: Change) -> str:
    """Return how the places in a file were found: exactly, or by which loose comparison."""
    return next((tier for tier in reversed(TIERS) if tier in change.notes), "exact")


def _of(change: Change, rules: Rules) -> list[str]:
    found = []
    for path in filter(None, (change.path, change.source)):
        if rules.allow and covering(path, rules.allow) is None:
            found.append("not_allowed")
        if (rule := protected_by(path, rules)) is not None:
            found.append(f"protected:{rule}")
        if (rule := risky_by(path, rules)) is not None:
            found.append(f"path:{rule}")
    if change.op is Op.DELETE:
        found.append("delete")
        if TEST.search(change.path):
            found.append("deleted_test")
    if "overwrite" in change.notes:
        found.append("overwrite")
    if change.new_mode not in {None, change.base_mode or PLAIN}:
        found.append("mode")
    found += [note for note in change.notes if note in LOOSE or note.startswith("matches:")]
    return [*found, *(f"tier:{note}" for note in TIERS if note in change.notes)]
