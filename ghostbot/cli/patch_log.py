"""`ghost patch log`: all that became of patches, and whether anybody changed what it says."""

from __future__ import annotations

import json
from typing import Any

import click

from ghostbot.cli import patch_root, place, words
from ghostbot.patches import chain
from ghostbot.patches.chain import Link

SHOWN = 20


@click.group(invoke_without_command=True)
@place.option
@click.option("-n", "--lines", default=SHOWN, type=click.IntRange(1), help="How many, at most.")
@click.option("--state-dir", metavar="DIR", help="Where the log lies.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs, one a line.")
@click.pass_context
def log(ctx: click.Context, *, lines: int, state_dir: str | None, as_json: bool) -> None:
    """Show what became of patches, the newest last."""
    ctx.obj = patch_root.state_dir(state_dir)
    if ctx.invoked_subcommand is not None:
        return
    found = list(chain.entries(ctx.obj))[-lines:]
    for entry in found:
        click.echo(json.dumps(entry) if as_json else words.safe(_line(entry)))
    if not found and not as_json:
        click.echo("no patch yet")


@log.command()
@place.option
@click.option("--head", metavar="SEQ:SHA256", help="A link that you wrote down elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def verify(ctx: click.Context, *, head: str | None, as_json: bool) -> int:
    """Look whether the log is whole. Exit 0: it is. 1: somebody changed it."""
    found = chain.verify(ctx.obj, _link(head))
    if as_json:
        told = {
            "whole": found.is_whole,
            "lines": found.count,
            "head": f"{found.head.seq}:{found.head.sha256}" if found.head else None,
            "faults": [{"line": fault.line, "said": fault.said} for fault in found.faults],
            "torn": list(found.torn),
        }
        click.echo(json.dumps(told, indent=2))
        return 0 if found.is_whole else 1
    for fault in found.faults:
        click.echo(f"ghost: line {fault.line}: {fault.said}", err=True)
    for line in found.torn:
        click.echo(f"line {line} was cut short by a crash, and counts for nothing", err=True)
    if found.is_whole:
        click.echo(f"the log is whole: {found.count} lines")
    if found.head is not None:
        click.echo(f"its head is {found.head.seq}:{found.head.sha256}")
    return 0 if found.is_whole else 1


def _link(head: str | None) -> Link | None:
    if head is None:
        return None
    seq, _, sha256 = head.partition(":")
    if not seq.isdecimal() or len(sha256) != len(chain.FIRST):
        raise click.UsageError("a head is NUMBER:SHA256, as `ghost patch log verify` says it")
    return Link(int(seq), sha256)


def _line(entry: dict[str, Any]) -> str:
    told = {**entry, "by": entry.get("by") or ""}
    parts = [str(told.get(key) or "") for key in ("at", "id", "status", "root", "by", "reason")]
    return "  ".join(part for part in parts if part)
