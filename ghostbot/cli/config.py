"""`ghost config`: questions about ghost.toml that need no running Ghost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from ghostbot.cli import place


@click.group
@place.option
def config() -> None:
    """Check ghost.toml before Ghost reads it, and see what it says."""


@config.command
@place.option
def check() -> None:
    """Say what is wrong in ghost.toml, all of it at once, each with its line.

    Exit code 2 where there are mistakes; warnings keep nothing from running.
    """
    from ghostbot.config.load import load  # noqa: PLC0415 - client verbs never read the whole file

    path = place.config_path()
    found = load(path, os.environ)
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    count = len(found.daemons)
    click.echo(f"{path} is fine: {count} daemon{'' if count == 1 else 's'}")


@config.command
@place.option
def show() -> None:
    """Print what is in force, defaults and all, as a ghost.toml with its secrets masked."""
    from ghostbot import veil  # noqa: PLC0415 - client verbs never read the whole file
    from ghostbot.config.load import load  # noqa: PLC0415 - the same
    from ghostbot.config.masks import masked_environment  # noqa: PLC0415 - the same
    from ghostbot.config.show import show as shown  # noqa: PLC0415 - the same

    path = place.config_path()
    veil.learn(load(path, os.environ))  # so that mistakes are told as they are, and not as masked
    click.echo(f"# {path}, with all that it leaves unsaid")
    click.echo(veil.hide(shown(load(path, masked_environment(os.environ)))), nl=False)


@config.command
def example() -> None:
    """Print every key of ghost.toml, with its default or an example, and a word on each."""
    click.echo(_example(), nl=False)


@config.command
def schema() -> None:
    """Print a JSON Schema of ghost.toml, for editors that complete and check TOML.

    \b
    Those with Taplo (Even Better TOML and others) read it beside the file:
      ghost config schema > ghost.schema.json
    and in the first line of ghost.toml:
      #:schema ./ghost.schema.json
    """
    from ghostbot.config.schema import schema as shape  # noqa: PLC0415 - as above

    click.echo(json.dumps(shape(_example()), indent=2, ensure_ascii=False))


def _example() -> str:
    """Return ghost.example.toml: inside the package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package, package.parent):
        if (path := folder / "ghost.example.toml").is_file():
            return path.read_text(encoding="utf-8")
    return ""
