"""The living beat: one message a day, edited in place, that says when it was last true."""

from __future__ import annotations

from ghostbot.core.history import Digest
from ghostbot.core.snapshot import House
from ghostbot.slack.blocks.digest import digest
from ghostbot.slack.blocks.message import BUDGET, Message, context, section, sections, size
from ghostbot.slack.blocks.status import line, mark, totals, troubles
from ghostbot.slack.blocks.text import duration, name, when

ILL_MAX = 20  # daemons told in words; the others are a mark each
MARKS_MAX = 200
DIGEST_ROOM, DIGEST_BLOCKS = 5_000, 12  # of a message's budget
LAST_ROOM = 300  # characters kept for the line below


def beat(shown: House, before: Digest | None = None) -> Message:
    """Return how the house is at this beat; a beat that stops moving is itself the alarm.

    Above it stands the day before, where that is known.
    """
    said = totals(shown.daemons)
    ill = [v for v in shown.daemons if mark(v) not in {"🟢", "✅", "⏸️", "⚪"}]
    strip = "".join(mark(v) for v in shown.daemons[:MARKS_MAX])
    top = [] if before is None else digest(before, room=DIGEST_ROOM, blocks=DIGEST_BLOCKS)
    blocks = [*top, section(f"💓 *{name(shown.host)}*  {said}\n{strip}"), *troubles(shown)]
    room = BUDGET - size(blocks) - LAST_ROOM
    told, left = sections([line(v) for v in ill[:ILL_MAX]], room=room, blocks=20)
    left += max(0, len(ill) - ILL_MAX)
    more = f" · {left} more are not well" if left else ""
    last = context(f"last true {when(shown.updated_at)} · up {duration(shown.uptime_s)}{more}")
    return Message(f"{name(shown.host)}: {said}", (*blocks, *told, last))
