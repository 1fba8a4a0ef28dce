"""`ghost patch`: a patch into a folder, and out of it again, with or without a Ghost."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from ghostbot import errors
from ghostbot.cli import patch_root, patches, place, words
from ghostbot.cli.patch_face import Face
from ghostbot.cli.patch_log import log
from ghostbot.cli.patch_root import Settled, settings, tell, told
from ghostbot.core.patch import Plan, Refused
from ghostbot.core.proposal import Status
from ghostbot.patches import chain, marks
from ghostbot.patches.apply import drifted
from ghostbot.patches.carrying import Carried, Means, carry_out
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.marks import Mark
from ghostbot.patches.paths import Rules
from ghostbot.patches.recover import recover
from ghostbot.patches.revert import inverse
from ghostbot.patches.tree import Tree

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def patch() -> None:
    """Propose patches, say yes or no to them, and apply them or take them back."""


def _options(command: F) -> F:
    """Give a command what both that need no Ghost take."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
        click.option("--no-verify", is_flag=True, help="Run no checks, and restart nothing."),
        click.option("--state-dir", metavar="DIR", help="Where backups and the journal lie."),
        click.option("--yes", is_flag=True, help="Apply without asking; it is your own yes."),
        click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing."),
        place.option,
    ):
        command = option(command)
    return command


@patch.command("apply")
@click.argument("file", metavar="FILE")
@_options
@click.option("--root", required=True, metavar="DIR", help="The folder that is patched.")
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
    no_verify: bool,
    form: str | None,
    allow_overwrite: bool,
) -> int:
    """Apply the patch in FILE (- is stdin): all of it, or nothing.

    Exit 0: applied, or there was nothing to do. 1: refused, or failed and as it was before.
    """
    text = patches.text_of(file)
    with _opened(root, state_dir, no_verify=no_verify, as_json=as_json) as work:
        try:
            plan = compile_patch(
                text,
                root=work.settled.name,
                files=work.tree,
                format=form,
                allow_overwrite=allow_overwrite or work.settled.table.allow_overwrite,
            )
        except Refused as refused:
            return work.face.refused(refused)
        return _offer(plan, work, dry_run=dry_run, yes=yes)


@patch.command("revert")
@click.argument("patch_id", metavar="ID")
@_options
@click.option("--root", metavar="DIR", help="The folder, to do it without a Ghost.")
def revert_command(
    patch_id: str,
    *,
    root: str | None,
    dry_run: bool,
    yes: bool,
    state_dir: str | None,
    as_json: bool,
    no_verify: bool,
) -> int:
    """Take back the patch ID, as far as nobody has changed its files since.

    Without --root the running Ghost does, as it does everything with patches.
    """
    if root is None:
        return patches.revert(patch_id, yes=yes, dry_run=dry_run, as_json=as_json)
    with _opened(root, state_dir, no_verify=no_verify, as_json=as_json) as work:
        try:
            plan = inverse(work.state, patch_id, work.tree)
        except Refused as refused:
            return work.face.refused(refused)
        return _offer(plan, work, dry_run=dry_run, yes=yes)


@dataclass(frozen=True, slots=True)
class _Work:
    """One root, and all that is needed to change it."""

    settled: Settled
    tree: Tree
    state: Path
    face: Face


def _offer(plan: Plan, work: _Work, *, dry_run: bool, yes: bool) -> int:
    """Show a plan, ask where somebody is there to answer, and carry it out."""
    if not plan.changes:
        return work.face.ended(plan, None, Carried(status=Status.NOOP))
    if dry_run:
        return work.face.shown(plan, drifted(plan, work.tree))
    marks.refuse_marked(work.state, work.tree.root, work.settled.name)
    if not yes:
        _ask(plan, work.face)
    name = f"cli-{secrets.token_hex(4)}"
    said = told(plan, work.settled, name, is_unattended=yes)
    chain.append(work.state, {**said, "status": Status.APPROVED.value})
    carried = carry_out(
        plan,
        work.settled.table,
        work.state,
        name,
        rules=work.tree.rules,
        means=Means(moved=work.face.turned, live=work.settled.live),
    )
    if carried.status is Status.ATTENTION:
        root, left = work.tree.root, carried.left
        marks.mark(work.state, Mark(patch=name, root=root, at=time.time(), left=left))
    said |= {"status": carried.status.value, "reason": carried.reason}
    _log(work.state, said)
    tell(plan, work.settled, carried, said)
    return work.face.ended(plan, name, carried)


def _log(state: Path, said: Mapping[str, object]) -> None:
    """Write what became of it, which is true whether that can be written or not."""
    try:
        chain.append(state, said)
    except (OSError, errors.GhostError) as error:
        click.echo(words.safe(f"ghost: cannot write the log of patches: {error}"), err=True)


def _ask(plan: Plan, face: Face) -> None:
    if face.as_json or not sys.stdin.isatty():
        raise click.UsageError("cannot ask whether to apply it: say --yes, or --dry-run to look")
    face.diff(plan)
    click.confirm("Apply this?", abort=True, err=True)


@contextmanager
def _opened(root: str, state_dir: str | None, *, no_verify: bool, as_json: bool) -> Iterator[_Work]:
    """Open a root, undo what a crash left there, and find what ghost.toml says of it.

    The state directory may lie in it, though no patch may touch it.
    """
    state = patch_root.state_dir(state_dir)
    own = (os.path.realpath(state),)
    with Tree(Path(root), Rules(override=("**",), own=own)) as tree:
        settled = settings(tree.root, no_verify=no_verify)
        tree.rules = replace(tree.rules, own=(*own, *settled.rules.own))
        face = Face(settled, as_json=as_json)
        face.recovered(recover(state, tree.root))
        yield _Work(settled, tree, state, face)


for _command in (log, *patches.COMMANDS):
    patch.add_command(_command)
