"""`ghost up`: start Ghost and its daemons."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import BinaryIO

import click

from ghostbot import errors
from ghostbot.cli import claim, place, words
from ghostbot.cli.api import Api
from ghostbot.process import lock
from ghostbot.upgrade import own_command

OUT = "ghost.out"  # what a detached Ghost would have printed
LOOK_S = 0.05  # a process that is not there yet cannot tell when it is
PATIENCE_S = 60.0
LAST_LINES = 20
PAGE_S = 5.0  # Ghost answers a little before it says where everything is


@click.command()
@place.option
@click.option("--playground", is_flag=True, help="Open a Slack on this machine, to try Ghost in.")
@click.option("--detach", is_flag=True, help="Return once Ghost runs; it stays in the background.")
def up(*, playground: bool, detach: bool) -> int:
    """Start Ghost and the daemons in ghost.toml; Ctrl-C stops them all.

    Daemons that an earlier Ghost left running are taken over, not started twice.
    """
    path = place.config_path()
    if detach:
        return _detach(path, playground=playground)
    from ghostbot.life import main  # noqa: PLC0415 - it brings everything along

    return main(path, playground=playground)


def _detach(path: Path, *, playground: bool) -> int:
    state_dir = place.state_dir()
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (pid := lock.holder(state_dir)) is not None:
        raise errors.AlreadyRunning(
            f"cannot start Ghost: another one (pid {pid}) holds {state_dir}; see `ghost status`"
        )
    out = state_dir / OUT
    command = [*own_command(), "up", "-c", str(path), *(["--playground"] if playground else [])]
    with _own(out) as file:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    if _answers(child, state_dir):
        click.echo(f"Ghost is up (pid {child.pid}); its output goes to {out}")
        if playground and (url := _page(out)):
            click.echo(f"The playground is {url}: open it in a browser")
        _tell_code(state_dir)
        return 0
    click.echo("ghost: cannot start Ghost; it said:", err=True)
    for line in out.read_text(errors="replace").splitlines()[-LAST_LINES:]:
        click.echo(f"  {words.safe(line)}", err=True)
    return 1


def _own(out: Path) -> BinaryIO:
    """Open it empty, for its owner alone: the code that makes an admin is printed there."""
    fd = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.fchmod(fd, 0o600)
    return os.fdopen(fd, "wb")


def _page(out: Path) -> str | None:
    """Return where the playground is, as Ghost printed it, or is about to."""
    from ghostbot.terminal import PLAYGROUND  # noqa: PLC0415 - it brings much along

    until = time.monotonic() + PAGE_S
    while time.monotonic() < until:
        lines = out.read_text(errors="replace").splitlines()
        found = [line for line in lines if line.startswith(PLAYGROUND)]
        if found:
            return found[0].removeprefix(PLAYGROUND)
        time.sleep(LOOK_S)
    return None


def _tell_code(state_dir: Path) -> None:
    """Say how somebody becomes the first admin, where nobody is."""
    try:
        found = Api(state_dir).get("/api/claim")
    except errors.GhostError:
        return
    if found["code"] is not None:
        click.echo(f"To be its admin, {claim.line(found)}")


def _answers(child: subprocess.Popen[bytes], state_dir: Path) -> bool:
    """Wait until Ghost answers; False where it ended first."""
    until = time.monotonic() + PATIENCE_S
    while child.poll() is None:
        try:
            Api(state_dir).get("/api/daemons")
        except errors.NotRunning:
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_S)
        else:
            return child.poll() is None
    return False
