"""`ghost claim`: a code by which somebody becomes Ghost's admin in Slack."""

from __future__ import annotations

from typing import Any

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api


@click.command()
@place.option
@click.option("--list", "listed", is_flag=True, help="Who became an admin by a code.")
@click.option("--revoke", metavar="USER", help="Take it back from somebody, by id or name.")
def claim(*, listed: bool, revoke: str | None) -> None:
    """Print a new code; whoever types it in Slack within ten minutes is admin."""
    api = Api(place.state_dir())
    if listed:
        for one in api.get("/api/claim")["admins"]:
            click.echo(words.safe(f"{one['user']}  {one['name']}  since {one['at'][:19]}Z"))
    elif revoke is not None:
        api.post("/api/claim/revoke", {"user": revoke})
        click.echo(words.safe(f"{revoke} is no admin any more"))
    else:
        click.echo(line(api.post("/api/claim", {})))


def line(found: dict[str, Any]) -> str:
    """Say where to type the code, and how soon."""
    minutes = max(1, round(found["left_s"] / 60))
    return f"type  {found['command']} claim {found['code']}  in Slack within {minutes} minutes"
