"""`ghost incidents`, `ghost ack`, `ghost silence`: troubles, who has them in hand, and quiet."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api
from ghostbot.cli.orders import check_time
from ghostbot.core.meaning import meaning
from ghostbot.core.words import OFF

SHOWN = 20
COLOURS = {
    **dict.fromkeys(("recovered", "changed"), words.GREEN),
    "stopped": words.FAINT,
    **dict.fromkeys(("restarting", "healing"), words.YELLOW),
}


@click.command()
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def incidents(*, as_json: bool) -> None:
    """Show the troubles, those that are not over first."""
    found = Api(place.state_dir()).get("/api/incidents")
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for incident in found["incidents"][:SHOWN]:
        click.echo(line(incident))
    if not found["incidents"]:
        click.echo("no trouble yet")
    elif (more := len(found["incidents"]) - SHOWN) > 0:
        click.echo(f"and {more} more: ghost incidents --json")
    for silence in found["silences"]:
        until = f"{silence['until'][:19]}Z"
        click.echo(words.safe(f"{silence['name']} is silent until {until}, by {silence['by']}"))


@click.command()
@place.option
@click.argument("number", metavar="ID")
def ack(number: str) -> None:
    """Say that you have a trouble in hand, for a day: nobody is reminded of it meanwhile."""
    done = Api(place.state_dir()).post(f"/api/incidents/{quote(number, safe='')}/ack", {})
    click.echo(words.safe(done["said"]))


@click.command()
@place.option
@click.argument("name", metavar="NAME|all")
@click.argument("time", metavar="TIME|off")
def silence(name: str, time: str) -> None:
    """Have the troubles of a daemon, a check, or all, wait for a while, as in 30m or 2h.

    A page comes through. What is not over then is told.
    """
    if time != OFF:
        check_time("TIME", time)
    done = Api(place.state_dir()).post("/api/silences", {"name": name, "for": time})
    click.echo(words.safe(done["said"]))


def line(incident: dict[str, Any]) -> str:
    """Write one trouble."""
    phase = incident["phase"]
    if words.coloured():
        phase = words.colour(phase, COLOURS.get(phase, words.RED))
    began, changed = (datetime.fromisoformat(incident[k]) for k in ("opened_at", "changed_at"))
    lasted = f" after {words.duration((changed - began).total_seconds())}"
    usual = meaning(incident["cause"])
    cause = incident["cause"] + (f" ({usual})" if usual else "")
    notes = [
        f"{incident['deaths']} times" if incident["deaths"] > 1 else "",
        f"in hand: {incident['acked']['by']}" if incident["acked"] else "",
        f"silent until {incident['silenced']['until'][:19]}Z" if incident["silenced"] else "",
    ]
    more = "".join(f", {note}" for note in notes if note)
    names = words.safe(", ".join(incident["names"]))
    at = f"{incident['opened_at'][:19]}Z"
    over = lasted if incident["over"] else ""
    return f"{incident['id']:>4}  {at}  {names}  {phase}{over}: {words.safe(cause + more)}"
