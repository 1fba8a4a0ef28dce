"""`ghost upgrade`: let the Ghost that runs become the one that is installed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from ghostbot import errors
from ghostbot.cli import place
from ghostbot.cli.api import Api
from ghostbot.process import lock

LOOK_S = 0.02  # what a process is about to become cannot tell when it is
PATIENCE_S = 60.0


@click.command()
@place.option
def upgrade() -> None:
    """Replace the running Ghost by the installed version; the daemons run on.

    Nothing happens where the installed version cannot read ghost.toml.
    """
    state_dir = place.state_dir()
    api = Api(state_dir)
    before = api.post("/api/upgrade", {}, wait=False)
    now = _await_next(api, state_dir, before["turn"])
    if now["failed"]:
        raise errors.Failed(f"{now['failed']}; the Ghost before goes on")
    alive = sum(1 for d in api.get("/api/daemons")["daemons"] if d["pid"])
    click.echo(
        f"Ghost is upgraded (pid {now['pid']}): {alive} daemon{'' if alive == 1 else 's'} running, "
        f"nobody looked at them for {now['blind_ms']} ms"
    )


def _await_next(api: Api, state_dir: Path, turn: int) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            now = api.get("/api/upgrade")
        except errors.GhostError:
            if lock.holder(state_dir) is None:
                raise errors.Failed(
                    "cannot upgrade: the next Ghost ended at once, and the daemons run on; "
                    f"see {state_dir / 'ghost.log'}, then `ghost up`"
                ) from None
        else:
            if now["turn"] > turn:
                return now
        time.sleep(LOOK_S)
    raise errors.Failed(f"cannot upgrade: the next Ghost does not answer after {PATIENCE_S:g} s")
