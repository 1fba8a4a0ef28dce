"""`ghost patch`: a patch into a folder, and out of it again, with or without a Ghost."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.core.patch import Plan, Refused
from ghostbot.patches import locks
from ghostbot.patches.apply import Outcome, Status, apply, drifted
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.diff import count, unified, visible
from ghostbot.patches.paths import Rules
from ghostbot.patches.recover import Undone, recover
from ghostbot.patches.revert import inverse
from ghostbot.patches.risk import risks, tier
from ghostbot.patches.tree import Tree

BODY_BYTES = 2 * 1024 * 1024
BUSY_S = 10.0  # a patch without checks takes less
BUSY_LOOK_S = 0.05
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

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def patch() -> None:
    """Apply a patch to a folder, and take it back."""


def _options(command: F) -> F:
    """Give a command what all of `ghost patch` take."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
        click.option("--state-dir", metavar="DIR", help="Where backups and the journal lie."),
        click.option("--yes", is_flag=True, help="Apply without asking; it is your own yes."),
        click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing."),
        click.option("--root", required=True, metavar="DIR", help="The folder that is patched."),
        place.option,
    ):
        command = option(command)
    return command


@patch.command("apply")
@click.argument("file", metavar="FILE")
@_options
@click.option("--no-verify", is_flag=True, help="Run no checks.")
@click.option("--allow-overwrite", is_flag=True, help="Let it add files where some are.")
@click.option("--format", "form", metavar="NAME", help="Read FILE as this format.")
def apply_command(
    file: str,
    *,
    root: str,
    dry_run: bool,
    yes: bool,
    state_dir: str | None,
    as_json: bool,
    no_verify: bool,  # noqa: ARG001  a folder without settings has no checks to leave out
    form: str | None,
    allow_overwrite: bool,
) -> int:
    """Apply the patch in FILE (- is stdin): all of it, or nothing.

    Exit 0: applied, or there was nothing to do. 1: refused, or failed and as it was before.
    """
    text = _text(file)
    state = _state_dir(state_dir)
    with _opened(root, state) as tree:
        face = _Face(tree, as_json=as_json)
        face.recovered(recover(state, tree.root))
        try:
            plan = compile_patch(
                text, root=tree.root, files=tree, format=form, allow_overwrite=allow_overwrite
            )
        except Refused as refused:
            return face.refused(refused)
        return _offer(plan, tree, state, face, dry_run=dry_run, yes=yes)


@patch.command("revert")
@click.argument("patch_id", metavar="ID")
@_options
def revert_command(
    patch_id: str,
    *,
    root: str,
    dry_run: bool,
    yes: bool,
    state_dir: str | None,
    as_json: bool,
) -> int:
    """Take back the patch ID, as far as nobody has changed its files since."""
    state = _state_dir(state_dir)
    with _opened(root, state) as tree:
        face = _Face(tree, as_json=as_json)
        face.recovered(recover(state, tree.root))
        try:
            plan = inverse(state, patch_id, tree)
        except Refused as refused:
            return face.refused(refused)
        return _offer(plan, tree, state, face, dry_run=dry_run, yes=yes)


def _offer(plan: Plan, tree: Tree, state: Path, face: _Face, *, dry_run: bool, yes: bool) -> int:
    """Show a plan, ask where somebody is there to answer, and apply it."""
    if not plan.changes:
        return face.ended(plan, None, Outcome(status=Status.NOOP))
    if dry_run:
        return face.shown(plan, drifted(plan, tree))
    if not yes:
        _ask(plan, face)
    name = f"cli-{secrets.token_hex(4)}"
    try:
        outcome = _patiently(lambda: apply(plan, tree, state, name))
    except Refused as refused:
        return face.refused(refused)
    return face.ended(plan, name, outcome)


def _ask(plan: Plan, face: _Face) -> None:
    if face.as_json or not sys.stdin.isatty():
        raise click.UsageError("cannot ask whether to apply it: say --yes, or --dry-run to look")
    face.diff(plan)
    click.confirm("Apply this?", abort=True, err=True)


def _patiently(do: Callable[[], Outcome]) -> Outcome:
    """Try again while another patch is being applied to the same root."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            return do()
        except locks.Busy:
            if time.monotonic() > until:
                raise
            time.sleep(BUSY_LOOK_S)


def _text(file: str) -> bytes:
    try:
        if file == "-":
            text = sys.stdin.buffer.read(BODY_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                text = opened.read(BODY_BYTES + 1)
    except OSError as error:
        why = (error.strerror or "error").lower()
        raise errors.NoSuch(f"cannot read {file}: {why}", "file") from None
    return text


def _state_dir(given: str | None) -> Path:
    """Return --state-dir, else that of the Ghost that is meant, else one of this user's own."""
    if given is not None:
        return Path(given).absolute()
    try:
        return place.state_dir()
    except errors.ConfigError:
        home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return Path(home).expanduser() / "ghost"


def _opened(root: str, state: Path) -> Tree:
    """Open the root, in which the state directory may lie, though no patch may touch it."""
    return Tree(Path(root), Rules(override=("*",), own=(os.path.realpath(state),)))


class _Face:
    """Tells what becomes of a patch, to a person or to a program."""

    def __init__(self, tree: Tree, *, as_json: bool) -> None:
        self.as_json = as_json
        self._root = tree.root

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
            click.echo(f"nothing was changed; the plan is {plan.digest()}", err=True)
        return 1 if changed else 0

    def ended(self, plan: Plan, name: str | None, outcome: Outcome) -> int:
        """Tell what became of a plan."""
        if self.as_json:
            told = self._told(plan, name, outcome.status.value, outcome.reason)
            self._json({**told, "left": list(outcome.left)})
        else:
            why = f": {outcome.reason}" if outcome.reason else ""
            click.echo(visible(f"{WORDS[outcome.status]}{why}"), err=_is_bad(outcome))
            for line in outcome.left:
                click.echo(visible(f"needs you: {line}"), err=True)
            if outcome.status is Status.APPLIED:
                self._summary(plan)
                click.echo(f"`ghost patch revert {name} --root {visible(self._root)}` undoes it")
        return 1 if _is_bad(outcome) else 0

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
        if found := risks(plan):
            click.echo(visible(f"risks: {', '.join(found)}"), err=True)

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
            "risk": list(risks(plan)) if plan else [],
            "needs": 0,
            "approvals": [],
            "expires_at": None,
            "plan_digest": plan.digest() if plan else None,
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


def _is_bad(outcome: Outcome) -> bool:
    return outcome.status not in {Status.APPLIED, Status.NOOP}
