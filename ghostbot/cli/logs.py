"""`ghost logs`: what a daemon wrote."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import click

from ghostbot import errors
from ghostbot.cli import place, words
from ghostbot.cli.api import Api
from ghostbot.core.words import span_s

LINES = 20
LINES_MAX = 10_000  # what Ghost gives at once
CUT = " […cut]"

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which lines are wanted."""

    api: Api
    name: str
    lines: int
    since: str | None
    pattern: re.Pattern[str] | None

    def last(self, lines: int) -> list[Line]:
        """Return the last lines, whatever they hold."""
        found: list[Line] = self.api.get(f"{self.path('')}?{self._query(lines)}")["lines"]
        return found

    def path(self, below: str) -> str:
        return f"/api/daemons/{quote(self.name, safe='')}/logs{below}"

    def new(self) -> Iterator[Line]:
        """Return the last lines, and go on with new ones."""
        return self.api.stream(f"{self.path('/stream')}?{self._query(self.lines)}")

    def _query(self, lines: int) -> str:
        return f"lines={lines}" + (f"&since={self.since}" if self.since else "")


@click.command()
@place.option
@click.argument("name")
@click.option(
    "-n", "--lines", type=click.IntRange(0, LINES_MAX), help=f"Default: {LINES}; with --since, all."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines, until Ctrl-C.")
@click.option("--since", metavar="TIME", help="Only what was written since, as in 10m or 2h.")
@click.option("--grep", metavar="RE", help="Only lines in which this regular expression matches.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def logs(
    name: str,
    *,
    lines: int | None,
    follow: bool,
    since: str | None,
    grep: str | None,
    as_json: bool,
) -> None:
    """Show the last lines that a daemon wrote, also those in older files."""
    if since is not None and span_s(since) is None:
        raise click.UsageError(f"cannot read --since {since!r}: give a time, as in 10m or 2h")
    if lines is None:
        lines = LINES if since is None else LINES_MAX
    asked = _Asked(Api(place.state_dir()), name, lines, since, _pattern(grep))
    given = _new(asked) if follow else _last(asked)
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


def _last(asked: _Asked) -> list[Line]:
    """Return the last lines that match; those are looked for in what Ghost gives."""
    given = asked.last(asked.lines if asked.pattern is None else LINES_MAX)
    found = list(_matching(given, asked.pattern))
    if asked.pattern is not None and len(given) == LINES_MAX and len(found) < asked.lines:
        click.echo(f"ghost: only the last {LINES_MAX} lines were searched", err=True)
    return found[-asked.lines :] if asked.lines else []


def _new(asked: _Asked) -> Iterator[Line]:
    if asked.pattern is None:
        yield from asked.new()
        return
    given = asked.last(LINES_MAX)
    # The last line may be half written: the stream gives it again, once it is whole.
    found = list(_matching(given[:-1], asked.pattern))
    yield from found[-asked.lines :] if asked.lines else []
    begin = f"?from={given[-1]['offset']}" if given else "?lines=0" if asked.since else "?from=0"
    yield from _matching(asked.api.stream(asked.path(f"/stream{begin}")), asked.pattern)


def _matching(lines: Iterable[Line], pattern: re.Pattern[str] | None) -> Iterator[Line]:
    return (line for line in lines if pattern is None or pattern.search(line["line"]))


def _json(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False)


def _safe(line: Line) -> str:
    return words.safe(_raw(line))


def _raw(line: Line) -> str:
    return f"{line['line']}{CUT if line.get('cut') else ''}"
