"""`ghost init`: a ghost.toml to begin with, new or out of another supervisor's file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ghostbot import errors
from ghostbot.cli import place, words

OTHERS = ("Procfile", "supervisord.conf", "process-compose.yaml", "ecosystem.json")


@click.command()
@place.option
@click.option("--from", "source", metavar="FILE", help="Take over what another supervisor runs.")
@click.option("--print", "printed", is_flag=True, help="Print it, and write nothing.")
def init(*, source: str | None, printed: bool) -> None:
    """Write a ghost.toml into this folder, to begin with.

    FILE is a Procfile, a supervisord.conf, pm2's ecosystem as JSON, or a process-compose.yaml.
    What Ghost cannot take over of it is said in the new file, at the daemon that it concerns.
    """
    from ghostbot.config import draft  # noqa: PLC0415 - only this command drafts
    from ghostbot.config.foreign import drafts  # noqa: PLC0415 - the same

    if source is None:
        text, left = draft.STARTER, 0
    else:
        found, loose = drafts(Path(source))
        text = draft.text(found, source, loose)
        left = len(loose) + sum(len(one.left) for one in found)
    if printed:
        click.echo(text, nl=False)
        return
    path = place.new_path()
    _write(path, text)
    if not _tell(path, left):
        return
    if source is None:
        _others(path)
        click.echo("Put your own daemons in, then type `ghost up`.")
    else:
        click.echo("Look at it, then type `ghost up`.")


def _write(path: Path, text: str) -> None:
    """Write the file, where none is: what somebody wrote is never replaced."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        way_out = "`ghost config check` looks at it; `ghost init --print` shows a new one"
        raise errors.Failed(f"cannot write {path}: it is there already; {way_out}") from None
    except OSError as error:
        why = (error.strerror or "error").lower()
        raise errors.Failed(f"cannot write {path}: {why}") from None


def _tell(path: Path, left: int) -> bool:
    """Say what stands there now, and what is wrong with it on this machine; True for nothing."""
    from ghostbot.config.load import load  # noqa: PLC0415 - it takes long

    mistakes: tuple[str, ...] = ()
    try:
        names = list(load(path, os.environ).daemons)
    except errors.ConfigError as error:
        mistakes = error.mistakes
        click.echo(f"wrote {path}, in which this is still wrong:")
        for line in mistakes:
            click.echo(words.safe(f"  {line}"))
    else:
        count = f"{len(names)} daemon{'' if len(names) == 1 else 's'}"
        click.echo(words.safe(f"wrote {path}, with {count}: {', '.join(names)}"))
    if left:
        click.echo(f"What could not be taken over stands in it as comments ({left}).")
    if mistakes:
        click.echo("Mend that, and look again with `ghost config check`.")
    return not mistakes


def _others(path: Path) -> None:
    """Name what another supervisor left here, and how to take it over."""
    for name in OTHERS:
        if Path(name).is_file():
            way = f"`rm {path} && ghost init --from {name}` takes it over"
            click.echo(f"There is a {name} here: {way}.")
