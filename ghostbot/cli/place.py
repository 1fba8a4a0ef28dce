"""Which Ghost is meant: -c FILE, else $GHOST_CONFIG, else the nearest ghost.toml."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ghostbot.config import find

GIVEN = "ghost.config"  # the key in click's meta, which a group and its commands share

F = TypeVar("F", bound=Callable[..., Any])


def option(command: F) -> F:
    """Give a command the option -c; it may stand before or after the command's name."""
    return click.option(
        "-c",
        "--config",
        metavar="FILE",
        expose_value=False,
        callback=_given,
        help="The ghost.toml to use (else $GHOST_CONFIG, else the nearest one).",
    )(command)


def _given(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[GIVEN] = value


def config_path() -> Path:
    """Return the ghost.toml that is meant. Raises ConfigError where there is none."""
    given = click.get_current_context().meta.get(GIVEN)
    return find.find(given, os.environ, Path.cwd())


def new_path() -> Path:
    """Return where a new ghost.toml is to stand: at -c FILE, else in this folder."""
    return Path(click.get_current_context().meta.get(GIVEN) or find.FILE)


def state_dir() -> Path:
    """Return the state directory of the Ghost that is meant. Raises ConfigError."""
    return find.state_dir(config_path(), os.environ)
