"""`ghost sweep`: what Ghost once started and no record knows, with or without a Ghost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api

PATIENCE_S = 30.0  # TERM, KILL, and a machine that is busy


@click.command()
@place.option
@click.option("--kill", is_flag=True, help="End them: TERM, and KILL for what is left.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def sweep(*, kill: bool, as_json: bool) -> int:
    """List processes that Ghost started and no record knows; end them with --kill.

    They are found by a mark that Ghost leaves in their environment, never by their name.
    """
    state_dir = place.state_dir()
    try:
        swept = Api(state_dir).post(
            "/api/sweep", {"kill": kill, "spare": [os.getpid()]}, patience_s=PATIENCE_S
        )
    except errors.NotRunning:
        swept = _without_ghost(state_dir, kill=kill)
    if as_json:
        click.echo(json.dumps(swept, indent=2, ensure_ascii=False))
    else:
        _tell(swept)
    return 1 if swept["killed"] and swept["left"] else 0


def _without_ghost(state_dir: Path, *, kill: bool) -> dict[str, Any]:
    """Sweep here, holding the lock so that no Ghost starts a daemon meanwhile."""
    from ghostbot.process import lock, sweep  # noqa: PLC0415  only without a Ghost
    from ghostbot.process.presence import state_id  # noqa: PLC0415
    from ghostbot.web.upkeep import shape  # noqa: PLC0415

    held = lock.Lock(state_dir) if state_dir.is_dir() else None
    try:
        swept = sweep.sweep(
            state_id(state_dir),
            lambda: sweep.known_on_disk(state_dir),
            kill=kill,
            spare=[os.getpid()],
        )
    finally:
        if held is not None:
            held.release()
    return shape(swept, killed=kill)


def _tell(swept: dict[str, Any]) -> None:
    left = {s["pid"] for s in swept["left"]}
    for s in swept["strays"]:
        how = "" if not swept["killed"] else "lives on  " if s["pid"] in left else "ended  "
        age = words.duration(s["age_s"])
        click.echo(words.safe(f"{how}{s['pid']}  {s['daemon']}  {age}  {s['command']}"))
    if not swept["strays"]:
        click.echo("nothing that Ghost started runs without a record")
    elif not swept["killed"]:
        click.echo("`ghost sweep --kill` ends them")
