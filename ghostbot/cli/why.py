"""`ghost why`: what happened to a daemon, and what comes next."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api


@click.command()
@place.option
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def why(name: str, *, as_json: bool) -> None:
    """Say why a daemon is as it is: its deaths, who stopped or holds it, and what comes next."""
    api = Api(place.state_dir())
    told = api.get(f"/api/daemons/{quote(name, safe='')}/why")
    told["probes"] = []
    with suppress(errors.NoSuch):  # a Ghost that was started before it was upgraded
        told["probes"] = [p for p in api.get("/api/probes")["probes"] if p["subject"] == name]
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for line in _page(told):
        click.echo(words.safe(line))


def _page(told: dict[str, Any]) -> list[str]:
    daemon, b = told["daemon"], told["backoff"]
    lines = [f"{daemon['name']} is {daemon['word']}"]
    lines += [f"  {line}" for line in told["happened"]]
    lines.append(f"  next: {told['next']}")
    lines.append(
        f"  breaker {b['breaker']}: {b['recent_deaths']} of {b['max_restarts']} deaths within "
        f"{b['restart_window_s']:g} s, {b['slow_deaths']} of {b['slow_restarts']} within "
        f"{b['slow_window_s']:g} s"
    )
    lines += [_probe(probe) for probe in told["probes"]]
    if told["exits"]:
        lines += ["", "last exits:", *(f"  {e['at']}  {e['reason']}" for e in told["exits"])]
    if told["lines"]:
        lines += ["", "last lines of its log:", *(f"  {line}" for line in told["lines"])]
    return lines


def _probe(probe: dict[str, Any]) -> str:
    day = probe["trend"]["24h"]
    age = "" if probe["age_s"] is None else f", {words.duration(probe['age_s'])} ago"
    well = ""
    if day["success_percent"] is not None:
        well = f"; in a day {day['success_percent']:g} % well, {day['mean_ms']:g} ms on average"
    return (
        f"  probe {probe['label']} ({probe['role']}): {probe['health']}, {probe['said']}{age}{well}"
    )
