"""How the daemons are, as a table for people or as JSON; without click, to be quick."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ghostbot import errors
from ghostbot.cli import words
from ghostbot.cli.api import Api

CLEAR = "\x1b[H\x1b[2J"
HEADS = ("NAME", "STATUS", "PID", "SINCE", "RESTARTS", "PORT", "LAST EXIT")
COLOURS = {
    "up": words.GREEN,
    "blocked": words.RED,
    "down": words.FAINT,
}


def show(api: Api, names: Sequence[str], *, as_json: bool, clear: bool = False) -> None:
    """Print how the daemons are, on a cleared terminal if so asked. Raises NoSuch."""
    found = api.get("/api/daemons")
    if names:
        found["daemons"] = _chosen(found["daemons"], names)
    text = json.dumps(found, indent=2, ensure_ascii=False) if as_json else page(found)
    sys.stdout.write(f"{CLEAR if clear else ''}{text}\n")
    sys.stdout.flush()


def _chosen(daemons: list[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the daemons that `names` means, in file order. Raises NoSuch."""
    groups = {f"group:{d['group']}" for d in daemons if d["group"]}
    known = {d["name"] for d in daemons} | groups | {"all"}
    for name in names:
        if name not in known:
            from ghostbot.core.words import or_what  # noqa: PLC0415 - only mistakes need it

            kind = "group" if name.startswith("group:") else "daemon"
            near = or_what(
                name, sorted(groups) if kind == "group" else [d["name"] for d in daemons]
            )
            raise errors.NoSuch(f"cannot show {name}: no such {kind}{near}")
    asked = set(names)
    return [d for d in daemons if asked & {d["name"], f"group:{d['group']}", "all"}]


def page(found: dict[str, Any]) -> str:
    """Write what a person reads: Ghost's own troubles, the table, Slack."""
    paint = words.colour if words.coloured() else _plain
    troubles = [paint(f"! {words.safe(line)}", words.YELLOW) for line in found.get("troubles", ())]
    rows = [_row(daemon, found["updated_at"]) for daemon in found["daemons"]]
    table = _table(rows, paint) if rows else ["no daemons in ghost.toml yet"]
    slack = words.safe(found.get("slack", "unknown"))
    return "\n".join([*troubles, *table, "", f"Slack: {slack}"])


def _plain(text: str, _code: str) -> str:
    return text


def _row(daemon: dict[str, Any], now: str) -> tuple[str, ...]:
    cells = (
        daemon["name"],
        f"{daemon['word']}{', sick' if daemon['health'] == 'sick' else ''}",
        daemon["pid"],
        _since(daemon["since"], now),
        daemon["restarts"],
        daemon["port"],
        (daemon["last_exit"] or {}).get("reason"),
    )
    return tuple("-" if cell is None else words.safe(str(cell)) for cell in cells)


def _since(since: str | None, now: str) -> str | None:
    if since is None:
        return None
    return words.duration((_read(now) - _read(since)).total_seconds())


def _read(at: str) -> datetime:
    return datetime.fromisoformat(at)


def _table(rows: Sequence[tuple[str, ...]], paint: Any) -> list[str]:
    widths = [max(len(row[i]) for row in (HEADS, *rows)) for i in range(len(HEADS))]
    lines = []
    for row in (HEADS, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if row is not HEADS:
            first, _, more = row[1].partition(",")
            colour = words.RED if "sick" in more else COLOURS.get(first, words.YELLOW)
            cells[1] = paint(cells[1], colour)
        lines.append("  ".join(cells).rstrip())
    return lines
