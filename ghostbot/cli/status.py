"""`ghost status`: how the daemons are."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import click

from ghostbot.cli import place, table, words
from ghostbot.cli.api import Api

EVERY_S = 1.0  # how often --watch looks


@click.command()
@place.option
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
def status(names: Sequence[str], *, as_json: bool, watch: bool) -> None:
    """Show how the daemons are: all of them, or those named (group:G names a group)."""
    api = Api(place.state_dir())
    clear = watch and not as_json and words.is_terminal(sys.stdout)
    table.show(api, names, as_json=as_json, clear=clear)
    while watch:
        time.sleep(EVERY_S)
        table.show(api, names, as_json=as_json, clear=clear)
