"""`ghost checks`: what Ghost looks at and does not run, and what it tried for it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api

COLOURS = {"well": words.GREEN, "unknown": words.FAINT}


@click.group(invoke_without_command=True)
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def checks(ctx: click.Context, *, as_json: bool) -> None:
    """Show every check: how it is, and how often a heal was tried."""
    if ctx.invoked_subcommand is not None:
        return
    found = Api(place.state_dir()).get("/api/checks")
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for check in found["checks"]:
        click.echo(_line(check))
    if not found["checks"]:
        click.echo("no checks in ghost.toml: write one as [check.NAME]")


@checks.command()
@place.option
@click.argument("name")
def heal(name: str) -> None:
    """Have a sick check healed now, and count its heals anew."""
    Api(place.state_dir()).post(f"/api/checks/{quote(name, safe='')}/heal", {})
    click.echo(words.safe(f"a heal of {name} has begun; see ghost tasks"))


def _line(check: dict[str, Any]) -> str:
    state = check["state"]
    if words.coloured():
        state = words.colour(state, COLOURS.get(check["state"], words.RED))
    tried = f", healed {check['tried']} of {check['attempts']} times" if check["tried"] else ""
    now = f", {check['healing']} is on its way" if check["healing"] else ""
    said = f": {check['said']}" if check["said"] else ""
    return f"{words.safe(check['name'])}  {state}{words.safe(f'{tried}{now}{said}')}"
