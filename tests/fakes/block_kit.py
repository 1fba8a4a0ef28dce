"""Slack's own rules for messages and views: its schema, and what the schema does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from ghostbot.playground.blocks import check_message
from ghostbot.slack.blocks.message import BLOCKS_MAX, BUDGET, Message, size

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "block-kit.schema.json").read_text())
BLOCKS = Draft202012Validator(SCHEMA)


def view_validator(kind: str) -> Draft202012Validator:
    """Return what checks `modal_view` or `home_view`."""
    return Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{kind}"})


def assert_fits(message: Message) -> dict[str, Any]:
    """Assert that Slack would take it, and that nothing in it can ping; return the payload."""
    payload = message.payload()
    assert payload["text"].strip()
    assert len(payload["text"]) < 4_000
    details = [a["blocks"] for a in payload["attachments"]]
    for blocks in [payload["blocks"], *details]:
        if blocks:
            BLOCKS.validate(blocks)
        assert len(blocks) <= BLOCKS_MAX
    everything = [*payload["blocks"], *(b for blocks in details for b in blocks)]
    assert size(everything) <= BUDGET
    check_message(payload["blocks"], payload["attachments"])
    assert_silent(payload)
    return payload


def assert_silent(payload: Any) -> None:
    """Assert that no markup in it is a ping, and none is parsed for one."""
    for text in texts(payload):
        marked = text["text"] if isinstance(text, dict) else text
        for ping in ("<!channel", "<!here", "<!everyone", "<!subteam"):
            assert ping not in marked, marked
        if isinstance(text, dict):
            assert text.get("verbatim") is True


def texts(part: Any) -> list[Any]:
    """Return what Slack reads as markup: mrkdwn objects, and the plain strings around blocks."""
    if isinstance(part, list):
        return [t for inner in part for t in texts(inner)]
    if not isinstance(part, dict):
        return []
    if part.get("type") == "mrkdwn":
        return [part]
    if part.get("type") in {"plain_text", "text", "rich_text"}:
        return []  # shown as it is
    own = [part[k] for k in ("text", "fallback") if isinstance(part.get(k), str)]
    return own + [t for inner in part.values() for t in texts(inner)]
