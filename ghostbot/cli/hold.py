"""`ghost hold`: leave daemons as they are, and keep Ghost from starting them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ghostbot.cli import orders, place


@click.command()
@place.option
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Hold all daemons.")
@click.option("--group", metavar="G", help="Hold the daemons of a group.")
@click.option("--for", "time", metavar="TIME", help="Only for so long, as in 30m or 2h.")
def hold(names: Sequence[str], *, every: bool, group: str | None, time: str | None) -> int:
    """Leave daemons as they are: what runs, runs on; what ends, is not started again.

    `ghost start` ends it, and so does its time.
    """
    orders.check_time("--for", time)
    whom = orders.whom(names, every=every, group=group)
    more = {} if time is None else {"for": time}
    return orders.give({"verb": "hold", **whom, **more}, wait=True)
