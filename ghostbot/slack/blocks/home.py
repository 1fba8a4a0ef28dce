"""The Home tab: the house as its people need it, the sick first; and windows that show a message.

Rule 1: what is wrong stands above what is well: troubles, patches that wait, sick daemons.
Rule 2: a menu holds what makes sense now and what whoever looks may do.
Rule 3: within Slack's 100 blocks, and what does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ghostbot.core.daemon import State
from ghostbot.core.incident import Incident
from ghostbot.core.snapshot import DaemonView, House, Part
from ghostbot.slack.blocks.forms import menu
from ghostbot.slack.blocks.forms import window as windowed
from ghostbot.slack.blocks.incident import MARKS as PHASES
from ghostbot.slack.blocks.incident import headline, person, title
from ghostbot.slack.blocks.menus import ASK, SAY, May, for_daemon, row, says
from ghostbot.slack.blocks.message import Block, Message, actions, context, header, section
from ghostbot.slack.blocks.status import foot, mark, totals, troubles, urgency
from ghostbot.slack.blocks.text import count, cut, duration, escape, name, when

BLOCKS_MAX = 100  # of a view, Slack's limit
BYTES_MAX = 200_000  # of the 250,000 that Slack takes
DAEMON_COST = 1_800  # bytes of a daemon's block at most, with names as long as may be
INCIDENTS_SHOWN = 5
FAULT_SHOWN = 120
GLANCE = 12  # daemons in a window
FOOT = 6  # blocks around the daemons
ROWS = 5  # of the sick have their buttons in the open
HEALTHY = 3  # how urgent what is not sick is at most (`status.urgency`)
LOOKS = (("Logs …", f"{ASK}logs"), ("Why …", f"{ASK}why"))
DEEDS = (("Restart …", f"{ASK}restart"), ("Silence …", f"{ASK}silence"))


def home(
    shown: House,
    command: str,
    *,
    may: May,
    incidents: Sequence[Incident] = (),
    parts: Sequence[Part] = (),
    patches: Sequence[Block] = (),
) -> dict[str, Any]:
    """Return the tab for somebody who may do this much. `patches` are those that wait."""
    open_now = [one for one in incidents if not one.is_over]
    blocks = [
        header(f"Ghost on {shown.host}"),
        section(_state(shown, len(open_now))),
        *troubles(shown),
        *actions(_row(may)),
        *_incidents(open_now, {v.name: v.group for v in shown.daemons}, may, command),
        *patches,
    ]
    room = BLOCKS_MAX - len(blocks) - FOOT
    blocks += _daemons(shown.daemons, may, room, command)
    blocks.append(context(_own(parts)))
    below = foot(shown)
    return {"type": "home", "blocks": [*blocks, below]}


def closed(why: Message) -> dict[str, Any]:
    """Return the tab for somebody who sees no daemons there."""
    return {"type": "home", "blocks": [header("Ghost"), *why.blocks]}


def window(message: Message, title: str = "Ghost") -> dict[str, Any]:
    """Return a window that shows a message."""
    return windowed(title, [*message.blocks, *message.details])


def glance(shown: House) -> tuple[Block, ...]:
    """Return how the house is in a few lines, the sick first."""
    sick_first = sorted(shown.daemons, key=urgency)
    lines = [line(view) for view in sick_first[:GLANCE]]
    more = len(sick_first) - len(lines)
    left = [context(f"… and {more} more")] if more else []
    head = section(f"*{name(shown.host)}*  {totals(shown.daemons)}")
    return ({"type": "divider"}, head, *[section(one) for one in lines], *left)


def line(view: DaemonView) -> str:
    """Return a daemon on a line or two, with since when it is so."""
    facts = [name(view.word)]
    if view.health == "sick" and view.word != "sick":
        facts.append("*sick*")
    if view.uptime_s is not None:
        facts.append(f"for {duration(view.uptime_s)}")
    elif view.since is not None:
        facts.append(f"since {when(view.since, '{date_short_pretty} {time}')}")
    if view.restarts:
        facts.append(count(view.restarts, "restart"))
    said = f"{mark(view)} *{name(view.name)}*  {' · '.join(facts)}"
    more = view.fault or view.url or (view.description if view.state is State.UP else None)
    return f"{said}\n{name(more, FAULT_SHOWN)}" if more else said


def _state(shown: House, open_now: int) -> str:
    sign = "🟢" if not open_now and not shown.troubles else "🔴"
    wrong = f"{count(open_now, 'trouble')} open" if open_now else "no trouble"
    return f"{sign} *{totals(shown.daemons)}* · {wrong}"


def _row(may: May) -> list[Block]:
    row = [says(label, line) for label, line in (*DEEDS, *LOOKS) if line[1:] in may.verbs]
    return [*row, says("Help", "help")]


def _incidents(
    found: Sequence[Incident], groups: Mapping[str, str | None], may: May, command: str
) -> list[Block]:
    if not found:
        return []
    blocks = [section("*Troubles*")]
    for one in found[:INCIDENTS_SHOWN]:
        block = section(_trouble(one))
        lines = [entry for entry in _care(one) if may.ask(entry[1], groups.get(one.daemon))]
        blocks.append({**block, "accessory": menu(SAY, lines)} if lines else block)
    if len(found) > INCIDENTS_SHOWN:
        more = len(found) - INCIDENTS_SHOWN
        blocks.append(context(f"… and {more} more: `{escape(command)} incidents`"))
    return blocks


def _trouble(one: Incident) -> str:
    sign, _ = PHASES[one.phase]
    hand = f" · in hand: {person(one.acked.by)}" if one.acked is not None else ""
    since = when(one.opened_at, "{date_short_pretty} {time}")
    said = f"{sign} {title(one)} {headline(one)} · since {since}{hand}"
    return f"{said}\n{name(one.cause, FAULT_SHOWN)}"


def _care(one: Incident) -> list[tuple[str, str]]:
    lines = [("Acknowledge", f"ack {one.id}")] if one.acked is None else []
    if one.silenced is None:
        lines.append(("Silence …", f"{ASK}silence {one.daemon}"))
    return [*lines, ("Why", f"why {one.daemon}"), ("Logs", f"logs {one.daemon}")]


def _daemons(views: Sequence[DaemonView], may: May, room: int, command: str) -> list[Block]:
    if not views:
        return [section("No daemons yet: write one into ghost.toml.")]
    sick_first = sorted(views, key=urgency)
    sick = [view for view in sick_first if urgency(view) < HEALTHY][:ROWS]
    most = min(room - len(sick), BYTES_MAX // DAEMON_COST)
    blocks = [{"type": "divider"}, section("*Daemons*")]
    for view in sick:
        blocks += [section(line(view)), *row(view, may)]
    for view in sick_first[len(sick) : most]:
        block, what = section(line(view)), for_daemon(view, may)
        blocks.append(block if what is None else {**block, "accessory": what})
    if len(views) > most:
        left = sick_first[most:]
        blocks.append(context(f"… and {len(left)} more: `{escape(command)} status NAME` shows one"))
    return blocks


def _own(parts: Sequence[Part]) -> str:
    """Say how Ghost itself is."""
    bad = [part for part in parts if part.is_bad]
    if bad:
        return " · ".join(f"⚠️ {name(part.name)}: {escape(cut(part.said, 200))}" for part in bad[:5])
    return f"Ghost itself is well: {count(len(parts), 'part')} looked at" if parts else "Ghost"
