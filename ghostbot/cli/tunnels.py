"""`ghost tunnels`: where each tunnel is reached from outside, and how both of its ends are."""

from __future__ import annotations

import json
from typing import Any

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api

COLOURS = {"ok": words.GREEN, "bad": words.RED, "unknown": words.FAINT}


@click.command()
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def tunnels(*, as_json: bool) -> int:
    """Show every tunnel: its public address, and whether that and this side of it answer.

    Exit code 1 where a public address does not answer.
    """
    found = Api(place.state_dir()).get("/api/tunnels")["tunnels"]
    if as_json:
        click.echo(json.dumps({"tunnels": found}, indent=2, ensure_ascii=False))
    else:
        for tunnel in found:
            click.echo("\n".join(_lines(tunnel)))
        if not found:
            click.echo('no tunnels in ghost.toml: write one as a daemon with kind = "tunnel"')
    return 1 if any(tunnel["public"] == "bad" for tunnel in found) else 0


def _lines(tunnel: dict[str, Any]) -> list[str]:
    url = tunnel["url"] or "no address yet"
    stale = (
        "" if tunnel["current"] or not tunnel["url"] else f" (its last; it is {tunnel['state']})"
    )
    age = tunnel["age_s"]
    seen = "never looked at" if age is None else f"looked at {words.duration(age)} ago"
    often = tunnel["reconnects_last_hour"]
    again = f", {often} reconnects in the last hour" if often else ""
    since = f", this address since {tunnel['since']}" if tunnel["since"] else ""
    sides = f"  public {_verdict(tunnel['public'])}, local {_verdict(tunnel['local'])}"
    lines = [
        words.safe(f"{tunnel['name']}  {url}{stale}"),
        f"{sides}{words.safe(f', {seen}{since}{again}')}",
    ]
    return [*lines, words.safe(f"  {tunnel['said']}")] if tunnel["said"] else lines


def _verdict(word: str) -> str:
    return words.colour(word, COLOURS[word]) if words.coloured() else word
