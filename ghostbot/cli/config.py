"""`ghost config`: questions about ghost.toml that need no running Ghost."""

from __future__ import annotations

import os

import click

from ghostbot.cli import place


@click.group
@place.option
def config() -> None:
    """Check ghost.toml before Ghost reads it."""


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
