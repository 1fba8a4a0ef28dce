"""`ghost events`: what happened, and who did it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api
from ghostbot.core.words import span_s

LINES, LINES_MAX = 20, 1_000
COLOURS = {
    "death": words.RED,
    "refusal": words.RED,
    "incident": words.YELLOW,
    "restart": words.GREEN,
    "claim": words.YELLOW,
}


@click.command()
@place.option
@click.option("-f", "--follow", is_flag=True, help="Go on with new ones, until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(1, LINES_MAX), help=f"Default: {LINES}.")
@click.option("--since", metavar="TIME", help="Only what happened since, as in 10m or 2h.")
@click.option("--kind", "kinds", multiple=True, help="Only these: order, refusal, death …")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def events(
    *, follow: bool, lines: int | None, since: str | None, kinds: tuple[str, ...], as_json: bool
) -> None:
    """Show what happened: deaths, restarts, troubles, orders with who gave them, refusals."""
    if since is not None and span_s(since) is None:
        raise click.UsageError(f"cannot read --since {since!r}: give a time, as in 10m or 2h")
    asked = {"limit": str(lines or (LINES if since is None else LINES_MAX))}
    asked |= {"since": since} if since else {}
    asked |= {"kind": ",".join(kinds)} if kinds else {}
    api = Api(place.state_dir())
    found: Iterable[dict[str, Any]]
    if follow:
        found = api.stream(f"/events?{urlencode({**asked, 'lines': 'true'})}")
    else:
        found = api.get(f"/api/events?{urlencode(asked)}")["events"]
    for one in found:
        click.echo(json.dumps(one, ensure_ascii=False) if as_json else line(one))
    if follow:
        raise errors.NotRunning("cannot follow events any longer: Ghost has ended")


def line(event: dict[str, Any]) -> str:
    """Write one event."""
    at = datetime.fromisoformat(event["at"]).astimezone().strftime("%m-%d %H:%M:%S")
    kind = f"{event['kind']:<8}"
    if words.coloured() and event["kind"] in COLOURS:
        kind = words.colour(kind, COLOURS[event["kind"]])
    who = f"  ({event['who']})" if event["who"] else ""
    return f"{at}  {kind}  {words.safe(event['what'] + who)}"
