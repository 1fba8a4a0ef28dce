"""What came and went while people wanted quiet: one message, once the quiet is over."""

from __future__ import annotations

from collections.abc import Sequence

from ghostbot.core.incident import Incident
from ghostbot.slack.blocks.message import BUDGET, Message, context, sections, size
from ghostbot.slack.blocks.text import count, duration, name, when

SHOWN = 25
SOON = "{date_short_pretty} {time}"


def missed(incidents: Sequence[Incident], host: str, *, more: int = 0) -> Message:
    """Return a line for each trouble that is over, the newest last; `more` are only counted."""
    several = len(incidents) + more
    said = f"{count(several, 'trouble')} came and went on {name(host)} while it was quiet"
    shown = incidents[-SHOWN:]
    foot = [context("each is over; `incidents` lists them")]
    room = BUDGET - size(foot) - 500
    head = f"🌙 *{said}*"
    blocks, left = sections([head, *map(_line, shown)], room=room, blocks=10)
    unseen = several - len(shown) + left
    if unseen:
        foot.insert(0, context(f"… and {unseen:,} more"))
    return Message(f"🌙 {said}", (*blocks, *foot))


def _line(incident: Incident) -> str:
    names = ", ".join(f"*{name(one)}*" for one in incident.names[:3])
    others = f" and {len(incident.names) - 3} more" if len(incident.names) > 3 else ""  # noqa: PLR2004 - as above
    lasted = duration(incident.changed_at - incident.opened_at)
    again = f", {incident.deaths:,} times" if incident.deaths > len(incident.names) else ""
    return (
        f"• {names}{others} {name(incident.cause, 120)}{again}"
        f" · {when(incident.opened_at, SOON)}, for {lasted}"
    )
