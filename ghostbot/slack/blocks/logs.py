"""The last lines of a daemon's log, as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ghostbot.process.output import Tail
from ghostbot.slack.blocks.message import Message, context, preformatted, section
from ghostbot.slack.blocks.text import clean, count, cut, name

LINE_MAX = 1_000  # characters of one line
ROOM = 10_500  # characters of serialized text


def tail_of(lines: Sequence[str], room: int) -> tuple[str, int]:
    """Return the last lines that fit into `room`, and how many earlier ones do not."""
    kept: list[str] = []
    for line in reversed(lines):
        shown = cut(clean(line), min(LINE_MAX, room))
        cost = len(json.dumps(shown)) + 2
        if cost > room:
            break
        room -= cost
        kept.append(shown)
    return "\n".join(reversed(kept)), len(lines) - len(kept)


def logs(daemon: str, tail: Tail, *, grep: str | None = None) -> Message:
    """Return the lines in one block that nothing in them can break or use to ping."""
    of = f"*{name(daemon)}*" + (f" that hold “{name(grep)}”" if grep else "")
    plain = name(daemon)
    lines = [clean(line.text) for line in tail.lines]
    if grep:  # whoever looks for a secret does not learn that it is there
        lines = [line for line in lines if grep in line]
    if not lines:
        return Message(f"{plain}: no lines", (section(f"The log has no lines of {of}"),))
    shown, left = tail_of(lines, ROOM)
    said = f"the last {count(len(lines) - left, 'line')} of {of}"
    if left:
        said += f" · {left:,} earlier ones do not fit here; on the machine: `ghost logs`"
    return Message(f"the last lines of {plain}", (context(said), preformatted(shown)))
