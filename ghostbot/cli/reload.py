"""`ghost reload`: take what changed in ghost.toml."""

from __future__ import annotations

import json

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api


@click.command()
@place.option
@click.option("--dry-run", is_flag=True, help="Show the plan, and do nothing.")
@click.option("--no-wait", is_flag=True, help="Return once the plan is made.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def reload(*, dry_run: bool, no_wait: bool, as_json: bool) -> int:
    """Read ghost.toml again, show what it changes, and do that alone.

    Daemons whose process is the same are not touched. With a mistake in the file nothing is
    done, and every mistake is told (exit code 2).
    """
    done = Api(place.state_dir()).post(
        "/api/reload", {"dry_run": dry_run}, wait=not (no_wait or dry_run)
    )
    failed = [o for o in done["outcomes"] if not o["ok"]]
    if as_json:
        click.echo(json.dumps(done, indent=2, ensure_ascii=False))
        return 1 if failed else 0
    for line in done["warnings"]:
        click.echo(f"warning: {words.safe(line)}", err=True)
    for line in done["lines"]:
        click.echo(words.safe(line))
    for outcome in done["outcomes"]:
        said = words.safe(f"{outcome['name']} {outcome['said']}")
        click.echo(said if outcome["ok"] else f"ghost: {said}", err=not outcome["ok"])
    if done["going_on"]:
        click.echo("it goes on; see `ghost status`")
    return 1 if failed else 0
