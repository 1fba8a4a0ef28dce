"""The Home tab and the window of the shortcut: the house, for whoever opens it."""

from __future__ import annotations

from typing import Any

from ghostbot.core.snapshot import House
from ghostbot.slack.blocks.message import Block, Message, context, header
from ghostbot.slack.blocks.status import house


def home(shown: House, command: str) -> dict[str, Any]:
    """Return the tab with all daemons."""
    return _tab([header("Ghost"), *house(shown).blocks, context(f"type `{command} help`")])


def closed(why: Message) -> dict[str, Any]:
    """Return the tab for somebody who sees no daemons there."""
    return _tab([header("Ghost"), *why.blocks])


def window(message: Message) -> dict[str, Any]:
    """Return a window that shows a message."""
    title = {"type": "plain_text", "text": "Ghost"}
    return {"type": "modal", "title": title, "blocks": list(message.blocks)}


def _tab(blocks: list[Block]) -> dict[str, Any]:
    return {"type": "home", "blocks": blocks}
