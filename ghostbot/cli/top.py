"""`ghost top`: who takes most of the machine."""

from __future__ import annotations

import json
from typing import Any

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api

MIB = 2**20


@click.command()
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def top(*, as_json: bool) -> None:
    """Show who takes most of the machine, each with all its processes."""
    found = Api(place.state_dir()).get("/api/daemons")["daemons"]
    alive = sorted((d for d in found if d["pid"]), key=_weight, reverse=True)
    if as_json:
        click.echo(json.dumps({"daemons": alive}, indent=2, ensure_ascii=False))
        return
    if not alive:
        click.echo("no daemon is running")
        return
    width = max(len(d["name"]) for d in alive)
    click.echo(f"{'NAME':<{width}}  {'CPU':>7}  {'MEMORY':>10}  PID")
    for d in alive:
        cpu = "-" if d["cpu_percent"] is None else f"{d['cpu_percent']:.1f} %"
        rss = "-" if d["rss_bytes"] is None else f"{d['rss_bytes'] / MIB:,.0f} MiB"
        click.echo(words.safe(f"{d['name']:<{width}}  {cpu:>7}  {rss:>10}  {d['pid']}"))


def _weight(daemon: dict[str, Any]) -> tuple[float, int]:
    return daemon["cpu_percent"] or 0.0, daemon["rss_bytes"] or 0
