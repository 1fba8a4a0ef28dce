"""How the daemons are: the house on a screen, or one daemon in detail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ghostbot.core.daemon import State, Wanted
from ghostbot.core.snapshot import DaemonView, House
from ghostbot.slack.blocks.message import (
    BLOCKS_MAX,
    BUDGET,
    Block,
    Message,
    context,
    fields,
    section,
    sections,
    size,
)
from ghostbot.slack.blocks.text import count, cut, duration, escape, name, when

MARKS = {
    State.DOWN: "⚪",
    State.WAITING: "🔵",
    State.STARTING: "🟡",
    State.UP: "🟢",
    State.STOPPING: "🟡",
    State.KILLING: "🟡",
    State.BACKOFF: "🟠",
    State.BLOCKED: "🔴",
}
URGENCY = {
    State.BLOCKED: 0,
    State.BACKOFF: 2,
    State.KILLING: 3,
    State.STOPPING: 3,
    State.WAITING: 3,
    State.STARTING: 4,
    State.UP: 6,
    State.DOWN: 7,
}
SICK, HELD = 1, 5
TROUBLES_MAX = 3
CAUSE_MAX = 120
TROUBLE_MAX = 200
MORE_ROOM = 300  # characters kept for the line that counts what does not fit


def mark(view: DaemonView) -> str:
    """Return the sign that stands before a daemon; the word always stands beside it."""
    if view.wanted is Wanted.HELD:
        return "⏸️"
    if view.word == "done":
        return "✅"
    if view.state is State.DOWN and view.fault:
        return "🔴"
    return MARKS[view.state]


def urgency(view: DaemonView) -> int:
    """Return how early somebody should see a daemon, 0 first."""
    if view.word == "done":
        return URGENCY[State.DOWN]
    if (view.state is State.DOWN and view.fault) or view.health == "sick":
        return SICK
    return HELD if "held" in view.word else URGENCY[view.state]


def line(view: DaemonView) -> str:
    """Return a daemon on one line of Slack's markup."""
    facts = [name(view.word)]
    if view.pid is not None:
        facts.append(f"pid {view.pid}")
    if view.uptime_s is not None:
        facts.append(f"for {duration(view.uptime_s)}")
    if view.restarts:
        facts.append(count(view.restarts, "restart"))
    if view.fault:
        facts.append(name(view.fault, CAUSE_MAX))
    return f"{mark(view)} *{name(view.name)}*  {' · '.join(facts)}"


def totals(views: Sequence[DaemonView]) -> str:
    """Return how many of them are up, or done with their work."""
    well = sum(v.state is State.UP or v.word == "done" for v in views)
    return f"{well} of {count(len(views), 'daemon')} up"


def house(shown: House, views: Sequence[DaemonView] | None = None) -> Message:
    """Return all daemons, one line each, or only `views` of them."""
    views = shown.daemons if views is None else views
    said = totals(views)
    blocks = [section(f"*{name(shown.host)}*  {said}"), *troubles(shown)]
    below = foot(shown)
    room = BUDGET - size([*blocks, below]) - MORE_ROOM
    lines, left = sections([line(v) for v in views], room=room, blocks=BLOCKS_MAX - 8)
    if left:
        more = f"… and {count(left, 'daemon')} more: `/ghost status NAME` shows one"
        lines.append(context(more))
    if not views:
        lines.append(section("No daemons yet: write one into ghost.toml."))
    text = f"{name(shown.host)}: {said}"
    return Message(text, (*blocks, *lines, below))


def troubles(shown: House) -> list[Block]:
    """Return what Ghost has to say of itself, if anything."""
    told = [f"⚠️ {escape(cut(t, TROUBLE_MAX))}" for t in shown.troubles[:TROUBLES_MAX]]
    if len(shown.troubles) > TROUBLES_MAX:
        told.append(f"… and {len(shown.troubles) - TROUBLES_MAX} more")
    return [section("\n".join(told))] if told else []


def foot(shown: House) -> Block:
    """Return the line below: as of when, and how Ghost itself is."""
    return context(
        f"as of {when(shown.updated_at)} · Ghost up {duration(shown.uptime_s)}"
        f" · Slack: {escape(cut(shown.slack, TROUBLE_MAX))}"
    )


def daemon(view: DaemonView, below: Sequence[Block] = ()) -> Message:
    """Return one daemon with all that is known of it; `below` is what can be done."""
    blocks = [section(f"{mark(view)} *{name(view.name)}* on {name(view.host)}")]
    if view.description:
        blocks.append(context(escape(cut(view.description, 300))))
    blocks.append(fields({label: known for label, known in _known(view).items() if known}))
    if view.after:
        blocks.append(context(f"comes after {name(', '.join(view.after), 300)}"))
    return Message(f"{name(view.name)} is {name(view.word)}", (*blocks, *below))


def _known(view: DaemonView) -> dict[str, Any]:
    """Return what is known under each label; a message has room for ten of them."""
    last = view.last_exit
    return {
        "State": f"{mark(view)} {name(view.word)}",
        "Wanted": view.wanted.value,
        "Why": view.fault and name(view.fault, CAUSE_MAX),
        "Process": view.pid and f"pid {view.pid}",
        "Since": view.since and when(view.since),
        "Starts": f"{view.starts:,} ({count(view.restarts, 'restart')} by Ghost)",
        "Last exit": last and f"{name(last.reason, CAUSE_MAX)}, {when(last.at)}",
        "Next try": view.next_start_at and when(view.next_start_at),
        "Breaker": None if view.breaker == "closed" else view.breaker,
        "Port": view.port and str(view.port),
        "Memory": view.rss_bytes and f"{view.rss_bytes / 2**20:,.0f} MiB",
        "CPU": view.cpu_percent and f"{view.cpu_percent:.0f} %",
    }
