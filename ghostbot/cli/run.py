"""`ghost run`: an action of ghost.toml, now."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import quote

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api


@click.command()
@place.option
@click.argument("action", required=False)
@click.option("--yes", is_flag=True, help="Do not ask where the action wants to be confirmed.")
@click.option("--no-wait", is_flag=True, help="Return at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def run(action: str | None, *, yes: bool, no_wait: bool, as_json: bool) -> None:
    """Run an action, and say what came of it; without ACTION, list what there is."""
    api = Api(place.state_dir())
    known = api.get("/api/actions")["actions"]
    if action is None:
        _list(known, as_json=as_json)
        return
    table = next((a for a in known if a["name"] == action), None)
    confirmed = yes or (table is not None and table["confirm"] and _agrees(action))
    path = f"/api/actions/{quote(action, safe='')}/run"
    task = api.post(path, {"confirm": bool(confirmed)}, wait=not no_wait)
    if as_json:
        click.echo(json.dumps(task, indent=2, ensure_ascii=False))
    elif task["state"] == "done":
        click.echo(words.safe(f"{action} is done: {task['said']}"))
    else:
        click.echo(words.safe(f"{action} is {task['state']}: task {task['id']}, see ghost tasks"))


def _agrees(action: str) -> bool:
    """Ask whoever sits there. Raises Failed where nobody does, or who does says no."""
    if not words.is_terminal(sys.stdin):
        raise errors.Failed(f"cannot run {action}: it wants to be confirmed; give --yes")
    if not click.confirm(f"Run {action}?"):
        raise errors.Failed(f"{action} was not run")
    return True


def _list(known: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"actions": known}, indent=2, ensure_ascii=False))
        return
    for table in known:
        asks = ", asks first" if table["confirm"] else ""
        about = f"  {table['description']}" if table["description"] else ""
        click.echo(words.safe(f"{table['name']}  ({table['kind']}{asks}){about}"))
    if not known:
        click.echo("no actions in ghost.toml: write one as [action.NAME]")
