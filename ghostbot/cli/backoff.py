"""`ghost backoff`: how near each daemon is to being blocked, and when it is tried next."""

from __future__ import annotations

import json

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api


@click.command()
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def backoff(*, as_json: bool) -> None:
    """Show the daemons with deaths not yet forgiven, and when each is tried again."""
    found = Api(place.state_dir()).get("/api/backoff")
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    shown = [d for d in found["daemons"] if d["unforgiven"] or d["breaker"] != "closed"]
    if not shown:
        click.echo("no daemon has a death that is not forgiven")
    for d in shown:
        click.echo(
            words.safe(
                f"{d['name']}  {d['state']}, breaker {d['breaker']}: {d['recent_deaths']} of "
                f"{d['max_restarts']} deaths within {d['restart_window_s']:g} s; {d['next']}"
            )
        )
