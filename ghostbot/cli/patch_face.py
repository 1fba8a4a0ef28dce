"""What `ghost patch` says: to a person at a terminal, or in JSON to a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from ghostbot.cli import words
from ghostbot.cli.patch_root import Settled
from ghostbot.core.patch import Plan, Refused
from ghostbot.core.proposal import CheckLine, Status
from ghostbot.core.risks import sentences
from ghostbot.patches.carrying import Carried
from ghostbot.patches.diff import count, unified, visible
from ghostbot.patches.recover import Undone
from ghostbot.patches.risk import risks, tier

# Refusals of what may not be; all others are of what cannot be read or found.
POLICY = frozenset(
    {
        *("bad_path", "outside_root", "protected_path", "not_regular", "hard_link", "binary"),
        *("mode", "secret", "regex_dangerous", "shell_refused", "too_large", "too_many"),
    }
)
WORDS = {
    Status.APPLIED: "applied",
    Status.NOOP: "nothing to do",
    Status.SUPERSEDED: "not applied",
    Status.FAILED: "not applied",
    Status.ROLLED_BACK: "rolled back",
    Status.ATTENTION: "rolled back, but for what needs you",
}
TURNS = {
    Status.PRECHECKING: "trying it in a copy",
    Status.VERIFYING: "trying it in place",
    Status.ROLLING_BACK: "taking it back",
}
OUTPUT_LINES = 20  # of a check that failed


class Face:
    """Tells what becomes of a patch, to a person or to a program."""

    def __init__(self, settled: Settled, *, as_json: bool) -> None:
        """Take the root that is spoken of."""
        self.as_json = as_json
        self._settled = settled
        self._root = settled.name

    def recovered(self, found: Sequence[Undone]) -> None:
        """Tell what an earlier crash left, and what became of it."""
        for undone in found:
            click.echo(f"ghost: {undone.id} was cut short; it is undone", err=True)
            for line in undone.left:
                click.echo(words.safe(f"ghost: needs you: {line}"), err=True)

    def refused(self, refused: Refused) -> int:
        """Tell why a patch cannot be applied, and where in it."""
        noop = refused.code == "no_effect"
        status = "noop" if noop else "rejected" if refused.code in POLICY else "failed"
        if self.as_json:
            told = self._told(None, None, status, refused.words)
            self._json({**told, "code": refused.code, "where": asdict(refused.place)})
        else:
            at = refused.place
            parts = (at.path, *(str(n) for n in (at.line, at.column) if n is not None))
            where = ":".join(part for part in parts if part)
            line = f"{refused.code}: {refused.words}" + (f" ({where})" if where else "")
            click.echo(visible_lines(line), err=not noop)
        return 0 if noop else 1

    def shown(self, plan: Plan, changed: Sequence[str]) -> int:
        """Show what a plan would do."""
        reason = f"{', '.join(changed)} changed meanwhile" if changed else None
        if self.as_json:
            self._json(self._told(plan, None, "superseded" if changed else "validated", reason))
        else:
            self.diff(plan)
            click.echo(
                f"nothing was changed; the plan is {plan.digest(self._settled.identity)}", err=True
            )
        return 1 if changed else 0

    def turned(self, status: Status) -> None:
        """Tell what is being done, where that takes its time."""
        if status in TURNS and not self.as_json:
            click.echo(f"ghost: {TURNS[status]}", err=True)

    def ended(self, plan: Plan, name: str | None, carried: Carried) -> int:
        """Tell what became of a plan."""
        if self.as_json:
            told = self._told(plan, name, carried.status.value, carried.reason)
            checks = [asdict(line) for line in carried.checks]
            code = {} if carried.code is None else {"code": carried.code}
            self._json({**told, **code, "left": list(carried.left), "checks": checks})
            return 1 if _is_bad(carried) else 0
        why = f": {carried.reason}" if carried.reason else ""
        click.echo(visible(f"{WORDS[carried.status]}{why}"), err=_is_bad(carried))
        for line in carried.left:
            click.echo(visible(f"needs you: {line}"), err=True)
        for check in carried.checks:
            self._check(check)
        if carried.status is Status.APPLIED:
            self._summary(plan)
            where = visible(self._settled.place)
            click.echo(f"`ghost patch revert {name} --root {where}` undoes it")
        return 1 if _is_bad(carried) else 0

    def _check(self, line: CheckLine) -> None:
        mark = "ok" if line.ok else "failed"
        said = f": {line.said}" if line.said else ""
        click.echo(visible(f"{mark}: {line.name}{said} ({line.took_s:.1f} s)"), err=True)
        if not line.ok:
            for row in line.output.splitlines()[-OUTPUT_LINES:]:
                click.echo(visible(f"    {row}"), err=True)

    def diff(self, plan: Plan) -> None:
        """Show every line that changes, and what is risky about it."""
        click.echo(unified(plan), nl=False)
        self._summary(plan)

    def _summary(self, plan: Plan) -> None:
        counts = [count(change) for change in plan.changes]
        added, removed = sum(c.added for c in counts), sum(c.removed for c in counts)
        files = f"{len(counts)} file" + ("s" if len(counts) > 1 else "")
        click.echo(f"{files}, {added} lines added, {removed} removed", err=True)
        for what in plan.skipped:
            click.echo(visible(f"not done: {what}"), err=True)
        for risk in sentences(risks(plan, self._settled.rules), str):
            click.echo(visible(f"risk: {risk}"), err=True)

    def _told(
        self, plan: Plan | None, name: str | None, status: str, reason: str | None
    ) -> dict[str, Any]:
        """Return what programs are told of a patch, in the words of every other answer on it."""
        return {
            "id": name,
            "status": status,
            "reason": reason,
            "where": None,
            "root": self._root,
            "format": plan.format if plan else None,
            "risk": list(risks(plan, self._settled.rules)) if plan else [],
            "needs": 0,
            "approvals": [],
            "expires_at": None,
            "plan_digest": plan.digest(self._settled.identity) if plan else None,
            "files": [
                {"path": one.path, "op": one.op.value, "tier": tier(one), "notes": list(one.notes)}
                for one in (plan.changes if plan else ())
            ],
        }

    def _json(self, told: dict[str, Any]) -> None:
        click.echo(json.dumps(told, indent=2))


def visible_lines(text: str) -> str:
    """Make everything visible, and keep lines apart."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _is_bad(carried: Carried) -> bool:
    return carried.status not in {Status.APPLIED, Status.NOOP}
