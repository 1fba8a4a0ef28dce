"""`ghost doctor`: whether Ghost can do its work here, and what to do where it cannot."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Generator, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api
from ghostbot.config.model import Config

LOW_BYTES = 500_000_000  # a busy log takes this in minutes
NONE_BYTES = 10_000_000


class Level(StrEnum):
    """How well a thing is."""

    OK = "ok"
    WARN = "warn"  # Ghost works, and something does less than it could
    BAD = "bad"


class Finding(NamedTuple):
    """One line: what was looked at, how it is, and the way out."""

    level: Level
    what: str
    said: str
    way_out: str = ""


@click.command()
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def doctor(*, as_json: bool) -> int:
    """Look whether Ghost can work here: file, folder, socket, Slack, ports, kernel.

    Exit code 1 where something is bad.
    """
    found = list(_findings())
    if as_json:
        click.echo(json.dumps({"findings": [f._asdict() for f in found]}, indent=2))
    else:
        for f in found:
            way_out = f": {f.way_out}" if f.way_out else ""
            click.echo(words.safe(f"{f.level.value:<4}  {f.what}: {f.said}{way_out}"))
    return 1 if any(f.level is Level.BAD for f in found) else 0


def _findings() -> Iterator[Finding]:
    yield _python()
    try:
        path = place.config_path()
    except errors.ConfigError as error:
        yield Finding(Level.BAD, "config", str(error))
        return
    config = yield from _config(path)
    state_dir = place.state_dir()
    yield from _state_dir(state_dir)
    said = yield from _ghost(state_dir)
    yield from _slack(path.absolute().parent, said)
    if config is not None:
        yield from _webhooks(config)
    if config is not None and said is None:
        yield from _ports(config)
    yield from _kernel(state_dir)


def _python() -> Finding:
    at = ".".join(map(str, sys.version_info[:3]))
    return Finding(Level.OK, "python", f"{at} ({sys.executable})")


def _config(path: Path) -> Generator[Finding, None, Config | None]:
    from ghostbot.config.load import load  # noqa: PLC0415  with -c alone it takes long

    try:
        config = load(path, os.environ)
    except errors.ConfigError as error:
        for mistake in error.mistakes:
            yield Finding(Level.BAD, "config", mistake)
        return None
    for warning in config.warnings:
        yield Finding(Level.WARN, "config", warning)
    count = len(config.daemons)
    yield Finding(Level.OK, "config", f"{path}, {count} daemon{'' if count == 1 else 's'}")
    return config


def _state_dir(state_dir: Path) -> Iterator[Finding]:
    nearest = next(p for p in (state_dir, *state_dir.parents) if p.is_dir())
    if not os.access(nearest, os.W_OK | os.X_OK):
        way_out = f"make it yours: chown {os.geteuid()} {nearest}"
        yield Finding(Level.BAD, "state", f"cannot write to {nearest}", way_out)
    elif nearest == state_dir and state_dir.stat().st_uid != os.geteuid():
        way_out = "run Ghost as its owner"
        yield Finding(Level.WARN, "state", f"{state_dir} is another user's", way_out)
    else:
        kind = state_dir if nearest == state_dir else f"{state_dir}, made at the first start"
        yield Finding(Level.OK, "state", str(kind))
    free = shutil.disk_usage(nearest).free
    said = f"{free // 1_000_000:,} MB free"
    if free < LOW_BYTES:
        level = Level.BAD if free < NONE_BYTES else Level.WARN
        yield Finding(level, "disk", said, "make room, or set [ghost] log_total lower")
    else:
        yield Finding(Level.OK, "disk", said)


def _ghost(state_dir: Path) -> Generator[Finding, None, dict[str, Any] | None]:
    """Look whether a Ghost runs and answers; give what it says of itself."""
    from ghostbot.process import lock  # noqa: PLC0415

    try:
        pid = lock.holder(state_dir)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        yield Finding(Level.BAD, "ghost", f"cannot look at the lock: {why}")
        return None
    if pid is None:
        yield Finding(Level.WARN, "ghost", "none runs here", "start it with `ghost up`")
        return None
    try:
        found: dict[str, Any] = Api(state_dir).get("/api/daemons")
    except errors.GhostError as error:
        way_out = f"see {state_dir / 'ghost.log'}; `kill {pid}` ends it, and no daemon"
        yield Finding(Level.BAD, "ghost", f"pid {pid} runs, and does not answer: {error}", way_out)
        return None
    yield Finding(Level.OK, "ghost", f"pid {pid} answers on {state_dir / 'ghost.sock'}")
    for trouble in found["troubles"]:
        yield Finding(Level.WARN, "ghost", trouble)
    for daemon in found["daemons"]:
        if daemon["state"] == "blocked":
            way_out = f"`ghost why {daemon['name']}`"
            yield Finding(Level.WARN, "daemon", f"{daemon['name']} is blocked", way_out)
    return found


def _slack(folder: Path, said: dict[str, Any] | None) -> Iterator[Finding]:
    from ghostbot.config.secrets import secrets  # noqa: PLC0415

    found = secrets(folder, os.environ)
    for mistake in found.mistakes:
        yield Finding(Level.BAD, "slack", mistake)
    if said is not None:
        link = said["slack"]
        level = Level.OK if link == "connected" else Level.WARN
        yield Finding(level, "slack", f"{link}, as Ghost says")
    elif found.missing:
        missing = " and ".join(found.missing)
        way_out = "`ghost slack setup` says where to get it, and takes it"
        yield Finding(Level.WARN, "slack", f"off, {missing} missing", way_out)
    elif not found.mistakes:
        yield Finding(Level.OK, "slack", "both tokens are there; nobody tried them yet")


def _webhooks(config: Config) -> Iterator[Finding]:
    """Say which programs may send patches, and which could not, for want of a secret."""
    if not config.webhooks:
        return
    from ghostbot.web.keys import Keys  # noqa: PLC0415

    keys = Keys(config.path.parent)
    for name, source in config.webhooks.items():
        wrong = list(keys.mistakes(source))
        for is_shut, said in wrong:
            yield Finding(Level.BAD if is_shut else Level.WARN, "webhook", said)
        if not wrong:
            said = f"{name} may send patches, proved by {source.scheme.value}"
            yield Finding(Level.OK, "webhook", said)


def _ports(config: Config) -> Iterator[Finding]:
    """Name who holds a port that Ghost or a daemon will want. With a Ghost running, it tells."""
    from ghostbot.process.identity import owner_of_port  # noqa: PLC0415
    from ghostbot.process.ports import is_free  # noqa: PLC0415

    wanted = [(t.port, f"[daemon.{n}]") for n, t in config.daemons.items() if t.port is not None]
    if config.web.listen is not None:
        wanted.insert(0, (config.web.listen[1], "[web] listen"))
    if config.web.public is not None:
        wanted.insert(0, (config.web.public[1], "[web] public"))
    taken = [(port, whose) for port, whose in wanted if not is_free(port)]
    for port, whose in taken:
        owner = owner_of_port(port)
        by = f"{owner[1]} ({owner[0]})" if owner else "another program"
        way_out = "a daemon that an earlier Ghost left is taken over; end anything else"
        yield Finding(Level.WARN, "port", f"{port} of {whose} is held by {by}", way_out)
    if wanted and not taken:
        said = "it is free" if len(wanted) == 1 else f"all {len(wanted)} are free"
        yield Finding(Level.OK, "port", said)


def _kernel(state_dir: Path) -> Iterator[Finding]:
    from ghostbot.process import features  # noqa: PLC0415

    nearest = next(p for p in (state_dir, *state_dir.parents) if p.is_dir())
    for has, what, without in (
        (features.has_pidfd(), "pidfd", "deaths are seen all the same, less exactly"),
        (features.tells_codes(), "exit codes of adopted daemons", "some will be unknown"),
        (features.collapses(nearest), "rotation without loss", "a little may be lost, and counted"),
    ):
        if has is None:
            yield Finding(Level.WARN, "kernel", f"{what}: cannot try here")
        elif has:
            yield Finding(Level.OK, "kernel", what)
        else:
            yield Finding(Level.WARN, "kernel", f"no {what}", f"{without}; docs/platforms.md")
