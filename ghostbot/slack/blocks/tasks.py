"""Long work and actions: what is queued, runs and ran, and the question before a run."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ghostbot.config.model import ActionTable
from ghostbot.core.task import State, Task
from ghostbot.slack.blocks.message import (
    Block,
    Message,
    actions,
    button,
    context,
    preformatted,
    section,
)
from ghostbot.slack.blocks.text import count, cut, duration, escape, name, when

RUN = "ghost_run"

SHOWN = 15
LISTED = 40
OUTPUT_ROOM = 1_500
MARKS = {
    State.QUEUED: "⏳",
    State.RUNNING: "🟡",
    State.DONE: "🟢",
    State.FAILED: "🔴",
    State.CANCELLED: "⚪",
    State.TIMED_OUT: "🔴",
    State.INTERRUPTED: "⚪",
}


def tasks(found: Sequence[Task], command: str) -> Message:
    """Return the newest tasks, one a line."""
    if not found:
        return _plain("Nothing is queued, and nothing ran yet.")
    lines = [_line(task) for task in found[:SHOWN]]
    more = f" · {len(found) - SHOWN} older: `ghost tasks --all`" if len(found) > SHOWN else ""
    hint = context(f"`{escape(command)} tasks cancel ID` ends one{more}")
    text = f"{count(sum(not t.is_over for t in found), 'task')} not over"
    return Message(text, (section("\n".join(lines)), hint))


def listed(known: Sequence[ActionTable], command: str) -> Message:
    """Return what can be run."""
    if not known:
        return _plain("There are no actions in ghost.toml: write one as `[action.NAME]`.")
    lines = [
        f"`{escape(command)} run {name(table.name)}`"
        + (f"  {escape(cut(table.description, 200))}" if table.description else "")
        for table in known[:LISTED]
    ]
    return Message("the actions", (section("\n".join(lines)),))


def question(table: ActionTable) -> Message:
    """Ask whether an action is really to be run."""
    about = f"\n{escape(cut(table.description, 500))}" if table.description else ""
    ask = section(f"Run *{name(table.name)}*?{about}")
    row = actions([button("Run it", RUN, json.dumps({"action": table.name}), style="danger")])
    return Message(f"Run {name(table.name)}?", (ask, *row))


def one(task: Task) -> Message:
    """Return one task: how it is, and the end of what it wrote where it came to nothing."""
    details: list[Block] = []
    if task.output and task.is_over and task.state is not State.DONE:
        details.append(preformatted(task.output[-OUTPUT_ROOM:]))
    text = _line(task)
    return Message(text, (section(text), *details))


def _line(task: Task) -> str:
    took = ""
    if task.started_at is not None and task.ended_at is not None:
        took = f" in {duration(task.ended_at - task.started_at)}"
    said = f": {escape(cut(task.said, 200))}" if task.said else ""
    by = name(task.by)
    return (
        f"{MARKS[task.state]} `{task.id}` *{name(cut(task.title, 100))}* {task.state}{took}{said}"
        f" · {by}, {when(task.created_at)}"
    )


def _plain(mrkdwn: str) -> Message:
    return Message(mrkdwn, (section(mrkdwn),))
