"""Buttons and menus that stand for a typed line, so that one listener answers them all.

A value is a line of `core.words`, such as `logs web`; one that begins with ASK opens the window
in which the rest is chosen, with what stands in the line filled in.
"""

from __future__ import annotations

from collections.abc import Collection

from ghostbot.core.daemon import State, Wanted
from ghostbot.core.snapshot import DaemonView
from ghostbot.slack.blocks.forms import confirm, menu
from ghostbot.slack.blocks.message import Block, button

SAY = "ghost_say"
ASK = "?"
RUNNING = frozenset({State.UP, State.STARTING})
TRYING = frozenset({State.BACKOFF, State.BLOCKED})


def says(label: str, line: str, *, style: str | None = None, sure: str = "") -> Block:
    """Return a button for a line; several may stand in one row. `sure` is asked first."""
    made = button(label, f"{SAY}:{line.removeprefix(ASK)}"[:255], line, style=style)
    return made if not sure else {**made, "confirm": confirm("Are you sure?", sure, label)}


def for_daemon(view: DaemonView, may: Collection[str]) -> Block | None:
    """Return the menu of what makes sense for a daemon now, and is allowed."""
    name, lines = view.name, list[tuple[str, str]]()
    if view.state in TRYING:
        lines.append(("Try again now", f"reset {name}"))
    elif view.state in RUNNING and view.wanted is not Wanted.HELD:
        lines.append(("Restart", f"restart {name}"))
    else:
        lines.append(("Start", f"start {name}"))
    lines += [("Logs", f"logs {name}"), ("Why", f"why {name}")]
    if view.wanted is not Wanted.HELD:
        lines.append(("Hold …", f"{ASK}hold {name}"))
    if view.state is not State.DOWN:
        lines.append(("Stop …", f"{ASK}stop {name}"))
    allowed = [one for one in lines if one[1].removeprefix(ASK).split()[0] in may]
    return menu(SAY, allowed) if allowed else None
