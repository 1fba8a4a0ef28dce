"""`ghost start`, `ghost stop`, `ghost restart`: one order, for one daemon or many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api
from ghostbot.core.words import span_s

HELP = {
    "start": "Start daemons, first what they come after. A daemon that runs already is left be.",
    "stop": "Stop daemons, and leave them stopped until somebody starts them again.",
    "restart": "Stop daemons and start them again.",
}


def _command(verb: str) -> click.Command:
    @click.command(verb, help=f"{HELP[verb]}\n\nReturns once that is true, or has failed.")
    @place.option
    @click.argument("names", nargs=-1, metavar="[NAME]...")
    @click.option("--all", "every", is_flag=True, help=f"{verb.title()} all daemons.")
    @click.option("--group", metavar="G", help=f"{verb.title()} the daemons of a group.")
    @click.option("--no-wait", is_flag=True, help="Return at once.")
    def command(names: Sequence[str], *, every: bool, group: str | None, no_wait: bool) -> int:
        meant = whom(names, every=every, group=group)
        return give({"verb": verb, **meant}, wait=not no_wait)

    return command


def whom(names: Sequence[str], *, every: bool, group: str | None) -> dict[str, Any]:
    """Return whom an order is for, as the API takes it. Raises UsageError."""
    given: dict[str, Any] = {}
    if names:
        given["names"] = list(names)
    if every:
        given["all"] = True
    if group is not None:
        given["group"] = group
    if len(given) != 1:
        raise click.UsageError("give NAME..., or --all, or --group G")
    return given


def check_time(what: str, time: str | None) -> None:
    """Say no to what is no time. Raises UsageError."""
    if time is not None and span_s(time) is None:
        raise click.UsageError(f"cannot read {what} {time!r}: give a time, as in 30m or 2h")


def give(order: dict[str, Any], *, wait: bool) -> int:
    """Give an order, say for each daemon what became of it, and return the exit code."""
    api = Api(place.state_dir())
    try:
        answer = api.post("/api/orders", order, wait=wait)
    except KeyboardInterrupt:
        click.echo("ghost: no longer waiting; the order goes on", err=True)
        raise
    failed = 0
    for outcome in answer["outcomes"]:
        failed += not outcome["ok"]
        _tell(outcome)
    return 1 if failed else 0


def _tell(outcome: dict[str, Any]) -> None:
    said = words.safe(f"{outcome['name']} {outcome['said']}")
    if outcome["ok"]:
        pid = outcome["daemon"]["pid"]
        click.echo(f"{said} (pid {pid})" if pid and said.endswith("is up") else said)
    else:
        click.echo(f"ghost: {said}", err=True)


start, stop, restart = (_command(verb) for verb in HELP)
