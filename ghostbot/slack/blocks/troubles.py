"""The troubles, a line each, and what is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ghostbot.core.incident import Hand, Incident
from ghostbot.slack.blocks.incident import MARKS, headline, person, title
from ghostbot.slack.blocks.message import Block, Message, context, section, sections
from ghostbot.slack.blocks.text import count, escape, name, when

SHOWN = 20
ROOM, BLOCKS = 9_000, 20
SILENT_SHOWN = 10


def listed(found: Sequence[Incident], silences: Mapping[str, Hand], command: str) -> Message:
    """Return the troubles as they were sorted, and who wants quiet of what."""
    open_ones = sum(not incident.is_over for incident in found)
    head = f"{count(open_ones, 'trouble')} not over" if open_ones else "No trouble: all is well"
    shown, left = sections([_line(i) for i in found[:SHOWN]], room=ROOM, blocks=BLOCKS)
    blocks: list[Block] = [section(f"*{head}*"), *shown]
    blocks += [context(_silent(one, hand)) for one, hand in [*silences.items()][:SILENT_SHOWN]]
    hint = f"`{escape(command)} ack ID` says that you have one in hand"
    more = left + max(0, len(found) - SHOWN)
    blocks.append(context(hint + (f" · {more} older: `ghost incidents`" if more else "")))
    return Message(head, tuple(blocks))


def _line(incident: Incident) -> str:
    sign, _ = MARKS[incident.phase]
    hand = f" · in hand: {person(incident.acked.by)}" if incident.acked is not None else ""
    why = "" if incident.is_over else f": {name(incident.cause, 150)}"
    return (
        f"{sign} `{incident.id}` {title(incident)} {headline(incident)}{why}"
        f" · {when(incident.opened_at)}{hand}"
    )


def _silent(one: str, hand: Hand) -> str:
    return f"🔕 *{name(one)}* is silent until {when(hand.until)}, by {person(hand.by)}"
