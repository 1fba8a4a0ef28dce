"""`ghost slack setup`: from nothing to a first message in a channel."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.config.model import COMMAND, Config
from ghostbot.config.secrets import APP, BOT, Secret, Secrets, mistakes, secrets

TRIES = 3
MARKS = {True: "ok  ", False: "bad ", None: "?   "}
ASKED = {
    BOT: "Bot User OAuth Token (xoxb-…)",
    APP: "App-Level Token (xapp-…)",
}
EXPLAINED = """\
Ghost enters Slack as an app of your own workspace. It connects outwards only; no port is opened.
1. On https://api.slack.com/apps: Create New App, From a manifest, your workspace; paste {what}.
2. Install to Workspace. OAuth & Permissions then shows the Bot User OAuth Token, xoxb-…
3. Basic Information, App-Level Tokens, Generate: with the scope connections:write. It is xapp-…
4. Make a channel, and name it in ghost.toml: [slack] channel = "#ghost-alerts"
5. Put both tokens in here. They go into {env}, which Ghost alone reads.
"""


@click.group
@place.option
def slack() -> None:
    """Bring Ghost into your workspace."""


@slack.command
@place.option
@click.option("--check", is_flag=True, help="Change nothing, ask nothing, say nothing in Slack.")
@click.option("--again", is_flag=True, help="Ask for both tokens, also where they are there.")
@click.option("--json", "as_json", is_flag=True, help="With --check: print JSON for programs.")
def setup(*, check: bool, again: bool, as_json: bool) -> int:
    """Say what to do, take the two tokens, look at everything, and say a first message.

    Exit code 1 where something stands in the way; each such line names the way out.
    """
    from ghostbot.config.load import load  # noqa: PLC0415 - client verbs never read the whole file

    path = place.config_path()
    config = load(path, os.environ)
    env = path.absolute().parent / ".env"
    found = secrets(env.parent, os.environ)
    if not check and (again or found.missing or found.mistakes):
        _explain(env, config.slack.command)
        found = _asked(found, env, again=again)
    if found.missing or found.mistakes:
        missing = [f"{name} is nowhere: `ghost slack setup` asks for it" for name in found.missing]
        raise errors.Failed("; ".join((*missing, *found.mistakes)))
    looked = asyncio.run(_look(found, config, check=check))
    well = all(one["ok"] is not False for one in looked)
    if as_json:
        click.echo(json.dumps({"looked": looked}, indent=2, ensure_ascii=False))
        return 0 if well else 1
    for one in looked:
        way_out = f": {one['way_out']}" if one["way_out"] else ""
        click.echo(words.safe(f"{MARKS[one['ok']]}  {one['what']}: {one['said']}{way_out}"))
    if not well:
        click.echo("\nMend that, and type `ghost slack setup` again.")
    elif not check:
        click.echo("\nAll is well. A Ghost that runs takes the tokens with `ghost upgrade`.")
    return 0 if well else 1


def _explain(env: Path, command: str) -> None:
    """Say what to do, in five lines, with the manifest between them where it can be copied."""
    click.echo(_manifest(command))
    click.echo("-" * 96)
    click.echo(EXPLAINED.format(what="what stands above the line", env=env))


def _manifest(command: str) -> str:
    from ghostbot import manifest  # noqa: PLC0415 - seldom needed

    return manifest.text(None, None if command == COMMAND else command)


def _asked(found: Secrets, env: Path, *, again: bool) -> Secrets:
    """Ask for what is missing or wrong, write it into `.env`, and return what holds then."""
    from ghostbot.config import dotenv  # noqa: PLC0415 - only who sets up writes it

    known = {BOT: found.bot_token, APP: found.app_token}
    wrong = [name for name in known if any(name in line for line in found.mistakes)]
    wanted = [name for name in known if again or known[name] is None or name in wrong]
    given = {name: _token(name) for name in wanted}
    dotenv.put(env, {name: token.reveal() for name, token in given.items()})
    click.echo(f"written into {env}, which only you may read\n")
    for name in given:
        if os.environ.get(name):
            click.echo(f"{name} is set in the environment too, and that goes first\n", err=True)
    return secrets(env.parent, os.environ)


def _token(name: str) -> Secret:
    """Ask for one, without showing it. Raises BadRequest for what is no such token."""
    people = sys.stdin.isatty()
    for _ in range(TRIES if people else 1):
        if people:
            word = str(click.prompt(ASKED[name], hide_input=True, default="", show_default=False))
        else:
            word = sys.stdin.readline()
        token = word.strip()
        wrong = mistakes({name: token}) if token else [f"{name} is missing: nothing was put in"]
        if not wrong and not token.isprintable():
            wrong = [f"{name} cannot be right: it holds what is no letter"]
        if not wrong:
            return Secret(token)
        click.echo(wrong[0], err=True)
    raise errors.BadRequest(f"cannot go on without {name}")


async def _look(found: Secrets, config: Config, *, check: bool) -> list[dict[str, Any]]:
    import yaml  # noqa: PLC0415 - seldom needed, and takes a while

    from ghostbot.slack.setup import Entering  # noqa: PLC0415 - the same

    assert found.bot_token, "it was asked for"
    assert found.app_token, "it was asked for"
    wanted = yaml.safe_load(_manifest(COMMAND))["oauth_config"]["scopes"]["bot"]
    entering = Entering(found.bot_token, found.app_token, found.api_url)
    channel = await entering.look(wanted, config.slack.channel, join=not check)
    if channel is not None and not check and entering.is_well:
        await entering.say(channel, config.slack.command, config.ghost.name)
    return [
        {"ok": one.ok, "what": one.what, "said": one.said, "way_out": one.way_out}
        for one in entering.found
    ]
