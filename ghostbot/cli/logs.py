"""`ghost logs`: what a daemon wrote."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api

LINES = 20
LINES_MAX = 10_000  # what Ghost gives at once
CUT = " […cut]"

Line = dict[str, Any]


@click.command()
@place.option
@click.argument("name")
@click.option("-n", "--lines", default=LINES, type=click.IntRange(0, LINES_MAX), show_default=True)
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines, until Ctrl-C.")
@click.option("--grep", metavar="RE", help="Only lines in which this regular expression matches.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def logs(name: str, *, lines: int, follow: bool, grep: str | None, as_json: bool) -> None:
    """Show the last lines that a daemon wrote."""
    pattern = _pattern(grep)
    api = Api(place.state_dir())
    given = _new(api, name, lines, pattern) if follow else _last(api, name, lines, pattern)
    write = _json if as_json else _safe if words.is_terminal(sys.stdout) else _raw
    for line in given:
        click.echo(write(line))
    if follow:
        raise errors.NotRunning(f"cannot follow {name} any longer: Ghost has ended")


def _pattern(grep: str | None) -> re.Pattern[str] | None:
    try:
        return None if grep is None else re.compile(grep)
    except re.error as error:
        raise click.UsageError(f"cannot read --grep {grep!r}: {error}") from None


def _last(api: Api, name: str, lines: int, pattern: re.Pattern[str] | None) -> list[Line]:
    """Return the last `lines` lines that match; those are looked for in what Ghost gives."""
    wanted = lines if pattern is None else LINES_MAX
    given: list[Line] = api.get(f"{_path(name)}?lines={wanted}")["lines"]
    found = list(_matching(given, pattern))
    if pattern is not None and len(given) == LINES_MAX and len(found) < lines:
        click.echo(f"ghost: only the last {LINES_MAX} lines were searched", err=True)
    return found[-lines:] if lines else []


def _new(api: Api, name: str, lines: int, pattern: re.Pattern[str] | None) -> Iterator[Line]:
    if pattern is None:
        yield from api.stream(f"{_path(name)}/stream?lines={lines}")
        return
    given: list[Line] = api.get(f"{_path(name)}?lines={LINES_MAX}")["lines"]
    # The last line may be half written: the stream gives it again, once it is whole.
    found = list(_matching(given[:-1], pattern))
    yield from found[-lines:] if lines else []
    begin = given[-1]["offset"] if given else 0
    yield from _matching(api.stream(f"{_path(name)}/stream?from={begin}"), pattern)


def _path(name: str) -> str:
    return f"/api/daemons/{quote(name, safe='')}/logs"


def _matching(lines: Iterable[Line], pattern: re.Pattern[str] | None) -> Iterator[Line]:
    return (line for line in lines if pattern is None or pattern.search(line["line"]))


def _json(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False)


def _safe(line: Line) -> str:
    return words.safe(_raw(line))


def _raw(line: Line) -> str:
    return f"{line['line']}{CUT if line.get('cut') else ''}"
