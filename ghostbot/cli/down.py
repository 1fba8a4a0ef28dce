"""`ghost down`: stop the daemons, then Ghost."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api
from ghostbot.process import lock

LOOK_S = 0.02  # flock(2) has no waiting with an end, so the lock is looked at
PATIENCE_S = 120.0  # daemons stop level by level, each within its own stop_timeout


@click.command()
@place.option
@click.option("--keep", is_flag=True, help="End Ghost alone: the daemons run on, for the next up.")
def down(*, keep: bool) -> None:
    """Stop all daemons, then Ghost itself; return once both are gone.

    The next `ghost up` starts them again, all but those that somebody stopped.
    """
    state_dir = place.state_dir()
    api = Api(state_dir)
    alive = [d for d in api.get("/api/daemons")["daemons"] if d["pid"]]
    api.post("/api/down", {"keep": keep})
    _await_end(state_dir)
    if not alive:
        click.echo("Ghost is down; no daemon was running")
        return
    named = words.safe(", ".join(f"{d['name']} ({d['pid']})" if keep else d["name"] for d in alive))
    click.echo(f"Ghost is down; {'left running' if keep else 'stopped'}: {named}")


def _await_end(state_dir: Path) -> None:
    """Return once the lock is free, which Ghost gives up last, after its socket."""
    until = time.monotonic() + PATIENCE_S
    while (pid := lock.holder(state_dir)) is not None:
        if time.monotonic() > until:
            raise errors.Failed(
                f"cannot end Ghost (pid {pid}) within {PATIENCE_S:g} s: it is still stopping "
                f"daemons; see `ghost status`"
            )
        time.sleep(LOOK_S)
