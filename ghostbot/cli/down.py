"""`ghost down`: stop the daemons, then Ghost."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api
from ghostbot.config.masks import masked
from ghostbot.process import lock

LOOK_S = 0.02  # flock(2) has no waiting with an end, so the lock is looked at
BEGIN_S = 10.0  # a Ghost that holds the lock answers soon
NAMES_MAX = 10
PATIENCE_S = 120.0  # daemons stop level by level, each within its own stop_timeout


@click.command()
@place.option
@click.option("--keep", is_flag=True, help="End Ghost alone: the daemons run on, for the next up.")
def down(*, keep: bool) -> int:
    """Stop all daemons, then Ghost itself; return once both are gone.

    The next `ghost up` starts them again, all but those that somebody stopped. Where Ghost is
    gone already, the daemons that it left are stopped.
    """
    state_dir = place.state_dir()
    api = Api(state_dir)
    try:
        daemons = _ask(api, state_dir)
    except errors.NotRunning:
        if keep or not state_dir.is_dir():
            raise
        return _stop_remains(state_dir)
    alive = [d for d in daemons if d["pid"]]
    api.post("/api/down", {"keep": keep})
    _await_end(state_dir)
    if not alive:
        click.echo("Ghost is down; no daemon was running")
        return 0
    named = _named([f"{d['name']} ({d['pid']})" if keep else d["name"] for d in alive])
    click.echo(f"Ghost is down; {'left running' if keep else 'stopped'}: {named}")
    return 0


def _named(names: Sequence[str]) -> str:
    """Name daemons, or count them where nobody would read so many names."""
    return words.safe(", ".join(names)) if len(names) <= NAMES_MAX else f"{len(names)} daemons"


def _ask(api: Api, state_dir: Path) -> list[dict[str, Any]]:
    """Return the daemons of a Ghost that is there, or about to be."""
    until = time.monotonic() + BEGIN_S
    while True:
        try:
            daemons: list[dict[str, Any]] = api.get("/api/daemons")["daemons"]
        except errors.NotRunning:
            if lock.holder(state_dir) is None or time.monotonic() > until:
                raise
            time.sleep(LOOK_S)
        else:
            return daemons


def _stop_remains(state_dir: Path) -> int:
    from ghostbot import remains  # noqa: PLC0415 - seldom needed, and brings much along
    from ghostbot.orders import local  # noqa: PLC0415

    name = getpass.getuser()
    held = lock.Lock(state_dir)
    try:
        done = remains.stop(place.config_path(), state_dir, os.environ, local(name))
    finally:
        held.release()
    for mistake in done.mistakes:
        click.echo(f"ghost: {mistake}", err=True)
    for pid, command in done.left:
        click.echo(f"ghost: still running: {pid} ({words.safe(masked(command))})", err=True)
    if not done.names and not done.left:
        raise errors.NotRunning("Ghost is not running here, and nothing of it was left")
    if done.names:
        click.echo(f"Ghost was not running; stopped what it had left: {_named(done.names)}")
    return 1 if done.left else 0


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
