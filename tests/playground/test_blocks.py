"""What Slack refuses in blocks, with the place of each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from ghostbot.playground.blocks import check_message, check_view
from ghostbot.playground.wire import Refused

Json = dict[str, Any]


def text(words: str, kind: str = "mrkdwn") -> Json:
    return {"type": kind, "text": words}


def section(words: str = "x", **more: Any) -> Json:
    return {"type": "section", "text": text(words), **more}


def button(action_id: str = "go", **more: Any) -> Json:
    return {"type": "button", "text": text("Go", "plain_text"), "action_id": action_id, **more}


def table(cell: str = "x") -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell}]]}


def refused(blocks: Any, attachments: Any = None) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        check_message(blocks, attachments)
    messages = caught.value.more.get("response_metadata", {}).get("messages", [])
    return caught.value.error, "\n".join(messages)


@pytest.mark.parametrize(
    ("block", "pointer", "words"),
    [
        (section(""), "/blocks/0/text/text", "more than 0 characters"),
        (section("x" * 3001), "/blocks/0/text/text", "less than 3001 characters"),
        ({"type": "sectoin"}, "/blocks/0/type", "unsupported type"),
        (section(colour="red"), "/blocks/0", "no more properties allowed: colour"),
        ({"type": "header", "text": text("x")}, "/blocks/0/text/type", "plain_text"),
        (
            {"type": "actions", "elements": [button(text=text("Go"))]},
            "/blocks/0/elements/0/text/type",
            "plain_text",
        ),
        (
            {"type": "actions", "elements": [button(), button("b", value="x" * 2001)]},
            "/blocks/0/elements/1/value",
            "less than 2001",
        ),
        ({"type": "actions", "elements": []}, "/blocks/0/elements", "no less than 1 items"),
        (
            {"type": "actions", "elements": [button(), button()]},
            "/blocks/0",
            "action_id `go` already exists",
        ),
        (section(fields=[text("x" * 2001)]), "/blocks/0/fields/0/text", "less than 2001"),
        ({"type": "alert", "text": text("x")}, "/blocks/0/type", "surface"),
        (table("x" * 10_001), "/blocks/0/rows", "too many characters"),
    ],
)
def test_a_mistake_is_named_with_its_place(block: Json, pointer: str, words: str) -> None:
    error, messages = refused([block])
    assert error == "invalid_blocks"
    assert f"[json-pointer:{pointer}]" in messages
    assert words in messages


def test_blocks_must_be_a_list_of_blocks() -> None:
    assert refused("[oops")[0] == "invalid_blocks_format"
    assert refused({"type": "divider"})[0] == "invalid_blocks_format"
    assert refused(["divider"])[0] == "invalid_blocks_format"


def test_a_message_has_at_most_50_blocks() -> None:
    check_message([{"type": "divider"}] * 50, None)
    error, messages = refused([{"type": "divider"}] * 51)
    assert error == "invalid_blocks"
    assert "no more than 50 items" in messages


def test_legal_blocks_may_be_too_long_together() -> None:
    check_message([section("x" * 2900)] * 4, None)
    assert refused([section("x" * 2900)] * 5)[0] == "msg_blocks_too_long"
    assert refused(None, [{"blocks": [section("x" * 2900)] * 5}])[0] == "msg_blocks_too_long"


def test_a_block_id_is_used_once() -> None:
    error, messages = refused([section(block_id="a"), section(block_id="a")])
    assert error == "invalid_blocks"
    assert "block_id `a` already exists" in messages


def test_a_message_has_one_table() -> None:
    check_message([table()], None)
    error, messages = refused([table(), table()])
    assert error == "invalid_attachments"
    assert "only_one_table_allowed" in messages


def test_markdown_has_12000_characters_together() -> None:
    error, messages = refused([{"type": "markdown", "text": "x" * 6001}] * 2)
    assert error == "invalid_blocks"
    assert "12000" in messages


def test_blocks_of_attachments_are_checked_too() -> None:
    error, messages = refused(None, [{"color": "#a30200", "blocks": [section("")]}])
    assert error == "invalid_blocks"
    assert "/attachments/0/blocks/0/text/text" in messages


def test_there_are_at_most_100_attachments() -> None:
    assert refused(None, [{"text": "x"}] * 101)[0] == "too_many_attachments"


def test_every_alert_and_table_has_its_surface() -> None:
    modal = {"type": "modal", "title": text("T", "plain_text")}
    check_view({**modal, "blocks": [{"type": "alert", "text": text("x")}]}, ["modal"])
    with pytest.raises(Refused, match="invalid_arguments"):
        check_view({**modal, "blocks": [table()]}, ["modal"])
    with pytest.raises(Refused, match="invalid_arguments"):
        check_view({"type": "home", "blocks": [{"type": "markdown", "text": "x"}]}, ["home"])
    check_view({"type": "home", "blocks": [section()] * 100}, ["home"])


def test_a_modal_with_an_input_needs_a_submit() -> None:
    element = {"type": "plain_text_input", "action_id": "a"}
    block = {"type": "input", "label": text("L", "plain_text"), "element": element}
    modal = {"type": "modal", "title": text("T", "plain_text"), "blocks": [block]}
    with pytest.raises(Refused) as caught:
        check_view(modal, ["modal"])
    assert "submit" in str(caught.value.more)
    check_view({**modal, "submit": text("Go", "plain_text")}, ["modal"])


def test_a_view_has_at_most_250_kb() -> None:
    modal = {"type": "modal", "title": text("T", "plain_text")}
    with pytest.raises(Refused, match="view_too_large"):
        check_view({**modal, "blocks": [section("x" * 2900)] * 90}, ["modal"])
