"""One message as Slack takes it, and the few blocks of which Ghost's are made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ghostbot.slack.blocks.text import clean, cut

Block = dict[str, Any]

BLOCKS_MAX = 50  # per message, Slack's limit
BUDGET = 12_000  # characters of serialized blocks; Slack refuses from about 13,200 on
TEXT_MAX = 3_000  # of a text object
FIELD_MAX = 2_000
SECTION_COST = (
    len(json.dumps({"type": "section", "text": {"type": "mrkdwn", "verbatim": True}})) + 14
)
FALLBACK_MAX = 3_800  # chat.update refuses a `text` over 4,000


@dataclass(frozen=True, slots=True)
class Message:
    """What is shown, and `text` for notifications and readers that show no blocks."""

    text: str
    blocks: tuple[Block, ...] = ()
    colour: str | None = None  # of the bar beside `details`
    details: tuple[Block, ...] = ()

    def payload(self) -> dict[str, Any]:
        """Return the arguments of chat.postMessage that this message is.

        Blocks and attachments are always there: an edit would leave the old ones otherwise.
        """
        bar = {"color": self.colour, "blocks": list(self.details), "fallback": self.text}
        return {
            "text": cut(self.text, FALLBACK_MAX),
            "blocks": list(self.blocks),
            "attachments": [bar] if self.details else [],
        }


def size(blocks: Iterable[Block]) -> int:
    """Return how many characters the blocks are on the wire."""
    return len(json.dumps(list(blocks)))


def section(mrkdwn: str) -> Block:
    """Return a text of Slack's markup. What was not written by Ghost must be escaped in it."""
    return {"type": "section", "text": _mrkdwn(mrkdwn, TEXT_MAX)}


def fields(pairs: Mapping[str, str]) -> Block:
    """Return labels with values, two in a row."""
    texts = [_mrkdwn(f"*{label}*\n{value}", FIELD_MAX) for label, value in pairs.items()]
    return {"type": "section", "fields": texts[:10]}


def context(mrkdwn: str) -> Block:
    """Return a line of small grey text."""
    return {"type": "context", "elements": [_mrkdwn(mrkdwn, TEXT_MAX)]}


def header(plain: str) -> Block:
    """Return a large line."""
    return {"type": "header", "text": {"type": "plain_text", "text": cut(clean(plain), 150)}}


def preformatted(text: str) -> Block:
    """Return lines as they are: nothing in them is markup, so nothing in them can ping."""
    inside = [{"type": "text", "text": clean(text) or " "}]
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_preformatted", "elements": inside}],
    }


def button(label: str, action_id: str, value: str, *, style: str | None = None) -> Block:
    """Return a button; `value` holds ids only."""
    plain = {"type": "plain_text", "text": label, "emoji": True}
    face = {"type": "button", "text": plain, "action_id": action_id, "value": value}
    return face if style is None else {**face, "style": style}


def actions(buttons: Sequence[Block]) -> tuple[Block, ...]:
    """Return a row of buttons, or nothing where there are none (an empty row is refused)."""
    return ({"type": "actions", "elements": list(buttons)},) if buttons else ()


def sections(lines: Sequence[str], *, room: int, blocks: int) -> tuple[list[Block], int]:
    """Put lines into as few sections as hold them; return those, and how many lines are left.

    `room` is in characters of serialized blocks, `blocks` how many may be used.
    """
    chunks: list[list[str]] = []
    left_in_chunk = 0
    for number, line in enumerate(lines):
        cost = len(json.dumps(line)) + (0 if len(line) < left_in_chunk else SECTION_COST)
        if cost > room or (len(line) >= left_in_chunk and len(chunks) == blocks):
            return _joined(chunks), len(lines) - number
        if len(line) >= left_in_chunk:
            chunks.append([])
            left_in_chunk = TEXT_MAX
        chunks[-1].append(line)
        left_in_chunk -= len(line) + 1
        room -= cost
    return _joined(chunks), 0


def _joined(chunks: Sequence[Sequence[str]]) -> list[Block]:
    return [section("\n".join(chunk)) for chunk in chunks]


def _mrkdwn(text: str, limit: int) -> Block:
    # verbatim: Slack would otherwise turn what looks like names and links into pings and links.
    return {"type": "mrkdwn", "text": cut(text, limit) or " ", "verbatim": True}
