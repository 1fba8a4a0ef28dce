"""`ghost`: its commands, each imported when it is typed."""

from __future__ import annotations

import sys
from importlib import import_module
from io import StringIO

import click

from ghostbot.cli import place, words
from ghostbot.cli.endings import INTERRUPTED, end

COMMANDS = {  # name: the module that holds it, in the order in which people meet them
    "init": "init",
    "up": "up",
    "status": "status",
    "top": "top",
    "why": "why",
    "logs": "logs",
    "start": "orders",
    "stop": "orders",
    "restart": "orders",
    "hold": "hold",
    "reset": "reset",
    "incidents": "incidents",
    "ack": "incidents",
    "silence": "incidents",
    "run": "run",
    "tasks": "tasks",
    "events": "events",
    "claim": "claim",
    "checks": "checks",
    "tunnels": "tunnels",
    "test": "test",
    "health": "health",
    "drill": "drill",
    "backoff": "backoff",
    "registry": "registry",
    "patch": "patch",
    "sweep": "sweep",
    "reload": "reload",
    "upgrade": "upgrade",
    "down": "down",
    "doctor": "doctor",
    "manifest": "manifest",
    "install": "install",
    "config": "config",
    "slack": "slack",
}

HELP = """Keeps your daemons alive, and tells you how they are.

\b
Three commands to begin with:
  ghost init      write a ghost.toml into this folder
  ghost up        start Ghost and the daemons in ghost.toml
  ghost status    see how they are (in another terminal)

Ghost finds ghost.toml in this folder or in the nearest one above.
"""


class Root(click.Group):
    """A group whose commands are imported late."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the commands, in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import the one command that was typed."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = getattr(import_module(f"ghostbot.cli.{module}"), cmd_name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed, or say which one was probably meant."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from ghostbot.core.words import did_you_mean  # noqa: PLC0415 - only mistakes need it

            near = did_you_mean(args[0], COMMANDS) or "; see `ghost --help`"
            ctx.fail(f"cannot do {args[0]}: no such command{near}")
        return super().resolve_command(ctx, args)


@click.command(cls=Root, help=HELP, invoke_without_command=True)
@place.option
@click.version_option(package_name="ghostbot", message="ghost %(version)s")
@click.pass_context
def root(ctx: click.Context) -> None:
    """Show the help where nothing is asked for."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> int:
    """Run what was typed, and return the exit code."""
    return end(_run)


def _run() -> object:
    try:
        return root.main(prog_name="ghost", standalone_mode=False)
    except click.ClickException as error:
        said = StringIO()
        error.show(said)
        sys.stderr.write(words.safe(said.getvalue()))  # it may quote what was typed
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
