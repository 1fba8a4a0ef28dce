"""`ghost test`: look at everything right now, and say what is found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api

WAIT_S = 15.0
ALERT = "alert"


@click.command()
@place.option
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def test(names: Sequence[str], *, as_json: bool) -> int:
    """Ask every probe and check now, or those of the daemons and checks that are named.

    What is found counts for nothing: nothing is restarted for it. Exit code 1 where one fails.
    `ghost test alert` tells people of a trouble that is none, and how long that took.
    """
    if list(names) == [ALERT]:
        return _alert(as_json=as_json)
    found = Api(place.state_dir()).post("/api/test", {"names": list(names)}, patience_s=WAIT_S)
    bad = any(result["ok"] is False for result in found["results"])
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return 1 if bad else 0
    for result in found["results"]:
        click.echo(_line(result))
    for subject in found["without"]:
        click.echo(words.safe(f"   {subject}: no probe, or it does not run"))
    if not found["results"] and not found["without"]:
        click.echo("nothing to look at: no daemon is in ghost.toml")
    return 1 if bad else 0


def _alert(*, as_json: bool) -> int:
    told = Api(place.state_dir()).post("/api/test/alert", {}, patience_s=WAIT_S)
    took = told["told_ms"]
    if as_json:
        click.echo(json.dumps(told, indent=2))
    elif took is None:
        click.echo("nobody was told: see `ghost status` for how Slack is")
    else:
        click.echo(f"told after {took:g} ms: look into the channel")
    return 0 if took is not None else 1


def _line(result: dict[str, Any]) -> str:
    word, colour = {
        True: ("ok", words.GREEN),
        False: ("failed", words.RED),
        None: ("unknown", words.YELLOW),
    }[result["ok"]]
    shown = words.colour(word, colour) if words.coloured() else word
    took = "" if result["took_ms"] is None else f" in {result['took_ms']:g} ms"
    rest = words.safe(f"{result['subject']} {result['label']}: {result['said']}{took}")
    return f"{shown}  {rest}"
