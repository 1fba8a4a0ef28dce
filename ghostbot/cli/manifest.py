"""`ghost manifest`: the Slack app that Ghost is, to be created from it."""

from __future__ import annotations

import json

import click

from ghostbot.cli import place


@click.command()
@place.option
@click.option("--name", metavar="NAME", help="Another name, for a second installation.")
@click.option("--command", metavar="/COMMAND", help="Another command, such as /ghost-staging.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, which Slack takes as well.")
def manifest(*, name: str | None, command: str | None, as_json: bool) -> None:
    """Print the manifest of the Slack app that Ghost is. Nothing need run.

    Create the app at https://api.slack.com/apps with "From a manifest". Another command has to
    stand in ghost.toml too.
    """
    from ghostbot import manifest as manifests  # noqa: PLC0415 - seldom needed

    text = manifests.text(name, command)
    if as_json:
        import yaml  # noqa: PLC0415 - slow to import, and only this needs it

        click.echo(json.dumps(yaml.safe_load(text), indent=2, ensure_ascii=False))
    else:
        click.echo(text, nl=False)
    if command is not None:
        click.echo(f'now write `command = "{command}"` under [slack] in ghost.toml', err=True)
