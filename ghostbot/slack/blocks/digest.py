"""Yesterday in one look: how long each daemon was up, hour by hour, and what befell it."""

from __future__ import annotations

from ghostbot.core.history import Day, Digest
from ghostbot.slack.blocks.message import Block, sections
from ghostbot.slack.blocks.text import count, name, when

SHOWN = 30  # daemons with a line of their own; the worst first
SOON = "{date_short_pretty} {time}"


def digest(told: Digest, *, room: int, blocks: int) -> list[Block]:
    """Return the sections of a digest within so many characters and blocks."""
    lines = [_head(told)]
    seen = [d for d in told.daemons if d.up is not None or d.deaths or d.drills]
    ranked = sorted(seen, key=lambda d: (d.up is None, d.up or 0.0, -d.deaths))
    shown = ranked[:SHOWN]
    lines += [_line(day) for day in shown]
    if len(ranked) > len(shown):
        lines.append(f"and {len(ranked) - len(shown)} more, none of them worse")
    return sections(lines, room=room, blocks=blocks)[0]


def _head(told: Digest) -> str:
    up = "nothing was wanted up" if told.up is None else f"{_percent(told.up)} up"
    deaths = sum(day.deaths for day in told.daemons)
    restarts = sum(day.restarts for day in told.daemons)
    drills = sum(day.drills for day in told.daemons)
    parts = [up, count(deaths, "death"), count(restarts, "restart")]
    if drills:
        parts.append(count(drills, "drill"))
    if told.slowest is not None:
        probe, took_s = told.slowest
        parts.append(f"slowest probe {name(probe)}, {took_s * 1000:.0f} ms")
    span = f"{when(told.since, SOON)} to {when(told.until, SOON)}"
    return f"🗓️ *The day before* · {span}\n{' · '.join(parts)}"


def _line(day: Day) -> str:
    up = "–" if day.up is None else _percent(day.up)
    more = [count(day.deaths, "death")] if day.deaths else []
    more += [count(day.drills, "drill")] if day.drills else []
    return f"{day.strip} *{name(day.name)}* {' · '.join([up, *more])}"


def _percent(share: float) -> str:
    """Write a share so that only what was always up is 100 %."""
    percent = int(share * 1000) / 10  # down, as 99.97 % is not 100 %
    return f"{percent:g} %"
