"""`ghost tasks`: long work that is queued, runs or ran, and how it is cancelled."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api

SHOWN = 20
COLOURS = {"done": words.GREEN, "running": words.YELLOW, "queued": words.YELLOW}


@click.group(invoke_without_command=True)
@place.option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--all", "every", is_flag=True, help=f"Show all that is kept, not the last {SHOWN}.")
@click.pass_context
def tasks(ctx: click.Context, *, as_json: bool, every: bool) -> None:
    """Show long work, newest first: restarts of many, actions, heals."""
    if ctx.invoked_subcommand is not None:
        return
    found = Api(place.state_dir()).get("/api/tasks")
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    shown = found["tasks"] if every else found["tasks"][:SHOWN]
    for task in shown:
        click.echo(line(task))
    if not shown:
        click.echo("no tasks yet")
    elif len(shown) < len(found["tasks"]):
        click.echo(f"and {len(found['tasks']) - len(shown)} more: ghost tasks --all")


@tasks.command()
@place.option
@click.argument("number", metavar="ID")
def cancel(number: str) -> None:
    """End a task that is queued or runs."""
    task = Api(place.state_dir()).post(f"/api/tasks/{quote(number, safe='')}/cancel", {})
    over = "is cancelled" if task["state"] == "cancelled" else "is being cancelled"
    click.echo(words.safe(f"task {task['id']} ({task['title']}) {over}"))


def line(task: dict[str, Any]) -> str:
    """Write one task."""
    state = task["state"]
    if words.coloured():
        state = words.colour(state, COLOURS.get(state, words.RED))
    took = ""
    if task["started_at"] and task["ended_at"]:
        ended, began = (datetime.fromisoformat(task[key]) for key in ("ended_at", "started_at"))
        took = f" in {words.duration((ended - began).total_seconds())}"
    said = f": {words.safe(task['said'])}" if task["said"] else ""
    title = words.safe(f"{task['title']} (by {task['by']})")
    return f"{task['id']:>4}  {task['created_at'][:19]}Z  {title}  {state}{took}{said}"
