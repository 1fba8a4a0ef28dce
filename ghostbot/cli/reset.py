"""`ghost reset`: close the breaker, forgive, and try again now."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ghostbot.cli import orders, place


@click.command()
@place.option
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Reset all daemons.")
@click.option("--group", metavar="G", help="Reset the daemons of a group.")
@click.option("--no-wait", is_flag=True, help="Return at once.")
def reset(names: Sequence[str], *, every: bool, group: str | None, no_wait: bool) -> int:
    """Forgive daemons their deaths; those that wait for their next try are started now."""
    whom = orders.whom(names, every=every, group=group)
    return orders.give({"verb": "reset", **whom}, wait=not no_wait)
