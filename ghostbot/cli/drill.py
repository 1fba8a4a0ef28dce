"""`ghost drill`: kill a daemon on purpose, and see what follows."""

from __future__ import annotations

import json
from urllib.parse import quote

import click

from ghostbot.cli import place, words
from ghostbot.cli.api import Api


@click.command()
@place.option
@click.argument("name")
@click.option("--no-wait", is_flag=True, help="Return once it has begun; see ghost tasks.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def drill(name: str, *, no_wait: bool, as_json: bool) -> None:
    """Kill a daemon on purpose; say when it was noticed, restarted, ready, and told to people.

    Refused where its breaker is open, or a person holds it. It is no death: no budget is charged.
    """
    path = f"/api/daemons/{quote(name, safe='')}/drill"
    task = Api(place.state_dir()).post(path, {}, wait=not no_wait)
    if as_json:
        click.echo(json.dumps(task, indent=2, ensure_ascii=False))
    elif task["state"] == "done":
        click.echo(words.safe(f"{name}: {task['said']}"))
    else:
        click.echo(words.safe(f"{name}: the drill goes on as task {task['id']}; see ghost tasks"))
