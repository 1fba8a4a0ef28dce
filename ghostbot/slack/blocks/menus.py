"""Buttons and menus that stand for a typed line, so that one listener answers them all.

A value is a line of `core.words`, such as `logs web`; one that begins with ASK opens the window
in which the rest is chosen, with what stands in the line filled in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ghostbot.core.daemon import State, Wanted
from ghostbot.core.snapshot import DaemonView
from ghostbot.core.verbs import VERBS
from ghostbot.slack.blocks.forms import confirm, menu
from ghostbot.slack.blocks.message import Block, actions, button

SAY = "ghost_say"
ASK = "?"
LINE_MAX, ID_MAX = 2_000, 255  # of a button, Slack's limits
RUNNING = frozenset({State.UP, State.STARTING})
DEEDS = frozenset({"restart", "start", "reset"})
TRYING = frozenset({State.BACKOFF, State.BLOCKED})


@dataclass(frozen=True, slots=True)
class May:
    """What somebody may ask for: verbs, and the groups of daemons that they may change.

    `groups` is None where that is all of them.
    """

    verbs: Collection[str]
    groups: Collection[str] | None = None

    def ask(self, line: str, group: str | None) -> bool:
        """Whether they may ask for a line about a daemon of a group."""
        verb = line.removeprefix(ASK).split()[0]
        theirs = self.groups is None or group in self.groups or not VERBS[verb].changes
        return verb in self.verbs and theirs


def says(label: str, line: str, *, style: str | None = None, sure: str = "") -> Block:
    """Return a button for a line; several may stand in one row. `sure` is asked first."""
    line = line.encode(errors="replace").decode()[:LINE_MAX]  # a lone surrogate cannot be sent
    made = button(label, f"{SAY}:{line.removeprefix(ASK)}"[:ID_MAX], line, style=style)
    return made if not sure else {**made, "confirm": confirm("Are you sure?", sure, label)}


def for_daemon(view: DaemonView, may: May) -> Block | None:
    """Return the menu of what makes sense for a daemon now, and is allowed."""
    allowed = _deeds(view, may)
    return menu(SAY, allowed) if allowed else None


def row(view: DaemonView, may: May) -> tuple[Block, ...]:
    """Return the same as buttons, and a menu of what is seldom wanted."""
    allowed = _deeds(view, may)
    first = [one for one in allowed if not one[1].startswith(ASK)]
    rest = [one for one in allowed if one not in first]
    buttons = [says(label, line) for label, line in first]
    if buttons and first[0][1].split()[0] in DEEDS:
        buttons[0]["style"] = "primary"
    return actions([*buttons, *([menu(SAY, rest)] if rest else [])])


def _deeds(view: DaemonView, may: May) -> list[tuple[str, str]]:
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
    return [one for one in lines if may.ask(one[1], view.group)]
