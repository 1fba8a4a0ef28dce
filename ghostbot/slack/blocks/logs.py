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


def found(tail: Tail, grep: str | None) -> list[str]:
    """Return the lines without secrets; whoever looks for one does not learn that it is there."""
    lines = [clean(line.text) for line in tail.lines]
    return [line for line in lines if grep in line] if grep else lines


def logs(
    daemon: str, tail: Tail, *, grep: str | None = None, as_file: bool = False
) -> tuple[Message, int]:
    """Return the lines in one block that nothing in them can break or use to ping.

    Beside it, how many earlier ones do not fit; with `as_file` it says that all are in a file.
    """
    of = f"*{name(daemon)}*" + (f" that hold “{name(grep)}”" if grep else "")
    plain = name(daemon)
    lines = found(tail, grep)
    if not lines:
        empty = Message(f"{plain}: no lines", (section(f"The log has no lines of {of}"),))
        return empty, 0
    shown, left = tail_of(lines, ROOM)
    said = f"the last {count(len(lines) - left, 'line')} of {of}"
    if left and as_file:
        said += f" · the {left:,} before them too in the file below"
    elif left:
        said += (
            f" · {left:,} earlier ones do not fit; `@ghost logs` in a thread gives them as a file"
        )
    return Message(f"the last lines of {plain}", (context(said), preformatted(shown))), left


def whole(tail: Tail, grep: str | None) -> str:
    """Return all the lines, as a file has them."""
    return "\n".join(found(tail, grep)) + "\n"
