"""`ghost registry`: every daemon's record."""

from __future__ import annotations

import json

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api


@click.command()
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def registry(*, as_json: bool) -> None:
    """Show every daemon's record: state, wish, process, and how often it was started."""
    found = Api(place.state_dir()).get("/api/registry")
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for name, record in found.items():
        wish = f"{record['wanted']} by {record['by']}" if record["by"] else record["wanted"]
        pid = f", pid {record['pid']}" if record["pid"] else ""
        ends = f", {len(record['exits'])} exits known" if record["exits"] else ""
        click.echo(
            words.safe(
                f"{name}  {record['state']} since {record['timestamp'] or 'ever'}{pid}, "
                f"wanted {wish}, {record['starts']} starts{ends}"
            )
        )
