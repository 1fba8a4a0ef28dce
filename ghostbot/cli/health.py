"""`ghost health`: how Ghost itself is, part by part."""

from __future__ import annotations

import json

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api

COLOURS = {"ok": words.GREEN, "active": words.GREEN, "unknown": words.FAINT}


@click.command()
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def health(*, as_json: bool) -> int:
    """Say how Ghost's own parts and its five guards are, and how old that is.

    Exit code 1 where one is in trouble.
    """
    found = Api(place.state_dir()).get("/api/health")
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return 0 if found["status"] == "ok" else 1
    for part in found["parts"]:
        state = part["state"]
        if words.coloured():
            state = words.colour(state, COLOURS.get(state, words.RED))
        age = "" if part["age_s"] is None else f" ({words.duration(part['age_s'])} ago)"
        click.echo(f"{part['name']:<12} {state}  {words.safe(part['said'])}{age}")
    return 0 if found["status"] == "ok" else 1
