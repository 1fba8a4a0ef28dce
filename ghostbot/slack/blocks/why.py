"""Why a daemon is as it is: what happened, what comes next, its last exits and last lines."""

from __future__ import annotations

from ghostbot.core.why import Explained
from ghostbot.slack.blocks.logs import tail_of
from ghostbot.slack.blocks.message import (
    BUDGET,
    Message,
    context,
    preformatted,
    section,
    size,
)
from ghostbot.slack.blocks.status import mark
from ghostbot.slack.blocks.text import count, cut, duration, escape, name, when

EXITS_SHOWN = 5  # the newest; the others are on the machine: `ghost why`
SAID_MAX = 140  # characters of one sentence; an emoji is twelve of the message's budget
EXIT_MAX = 50
SPARE = 400  # what the block of the lines itself takes


def why(told: Explained) -> Message:
    """Return the answer, newest exits first."""
    of = name(told.view.name)
    happened = [f"• {escape(cut(line, SAID_MAX))}" for line in told.why.happened]
    said = [f"{mark(told.view)} *{of}* is {name(told.view.word)}", *happened]
    blocks = [section("\n".join([*said, f"*Next:* {escape(cut(told.why.next, SAID_MAX))}"]))]
    if exits := _exits(told):
        blocks.append(section(exits))
    blocks.append(context(_budgets(told)))
    if told.lines:
        shown, _ = tail_of(told.lines, BUDGET - size(blocks) - SPARE)
        blocks.append(preformatted(shown))
    return Message(f"why {of} is {name(told.view.word)}", tuple(blocks))


def _exits(told: Explained) -> str:
    ends = [
        f"{when(e.when + told.offset)}  {name(e.why, EXIT_MAX)}"
        for e in told.why.exits[::-1][:EXITS_SHOWN]
    ]
    return "\n".join(["*Its last exits*", *ends]) if ends else ""


def _budgets(told: Explained) -> str:
    b = told.why.budgets
    return (
        f"breaker {b.breaker} · {count(b.recent, 'death')} of {b.max_restarts} within "
        f"{duration(b.window_s)} · {b.slow} of {b.slow_restarts} within {duration(b.slow_window_s)}"
    )
