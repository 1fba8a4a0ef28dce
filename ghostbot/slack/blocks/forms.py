"""What people fill in: windows, their inputs, and menus. Ids are the callers'.

Limits are Slack's: 75 characters of an option, 150 of its value, 24 of a window's title.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ghostbot.slack.blocks.message import Block
from ghostbot.slack.blocks.text import clean, cut

OPTION_MAX = 75
VALUE_MAX = 150
TITLE_MAX = 24
OPTIONS_MAX = 100
MENU_MAX = 5  # options of an overflow menu
METADATA_MAX = 3_000


def plain(text: str, limit: int = OPTION_MAX) -> Block:
    """Return a text without markup."""
    return {"type": "plain_text", "text": cut(clean(text), limit) or "–", "emoji": True}


def option(text: str, value: str, about: str = "") -> Block:
    """Return something to pick; `about` stands beside it in small letters."""
    sendable = value.encode(errors="replace").decode()  # a lone surrogate is none
    made = {"text": plain(text), "value": sendable[:VALUE_MAX]}
    return made | ({"description": plain(about)} if about else {})


def menu(action_id: str, lines: Sequence[tuple[str, str]]) -> Block:
    """Return an overflow menu of labels and values; as many as Slack takes."""
    options = [option(label, value) for label, value in lines[:MENU_MAX]]
    return {"type": "overflow", "action_id": action_id, "options": options}


def select(
    action_id: str,
    options: Sequence[Block],
    *,
    hint: str = "Choose",
    first: Block | None = None,
) -> Block:
    """Return a list to pick one of; `first` is picked already."""
    made = {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain(hint, 150),
        "options": list(options[:OPTIONS_MAX]),
    }
    return made if first is None else {**made, "initial_option": first}


def completed(
    action_id: str, *, many: bool, hint: str, chosen: Sequence[Block] = (), most: int = 20
) -> Block:
    """Return a field that completes what is typed by asking Ghost; `chosen` is there already."""
    made: dict[str, Any] = {
        "type": "multi_external_select" if many else "external_select",
        "action_id": action_id,
        "placeholder": plain(hint, 150),
        "min_query_length": 0,
    }
    if many:
        made["max_selected_items"] = most
        return made | ({"initial_options": list(chosen[:most])} if chosen else {})
    return made | ({"initial_option": chosen[0]} if chosen else {})


def typed(action_id: str, *, hint: str = "", start: str = "", most: int = 200) -> Block:
    """Return a line to type into."""
    made: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": action_id,
        "max_length": most,
    }
    made |= {"placeholder": plain(hint, 150)} if hint else {}
    return made | ({"initial_value": start[:most]} if start else {})


def asked(
    block_id: str, label: str, element: Block, *, optional: bool = False, hint: str = ""
) -> Block:
    """Return a field with its label."""
    made = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, 200),
        "element": element,
        "optional": optional,
    }
    return made | ({"hint": plain(hint, 200)} if hint else {})


def confirm(title: str, text: str, yes: str) -> Block:
    """Return the question that Slack asks before something is done."""
    return {
        "title": plain(title, 100),
        "text": plain(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain("Cancel", 30),
    }


def window(
    title: str,
    blocks: Sequence[Block],
    *,
    callback_id: str = "",
    submit: str = "",
    kept: str = "",
    close: str = "Close",
) -> dict[str, Any]:
    """Return a modal; with `submit` it can be sent, and `kept` comes back with it."""
    made: dict[str, Any] = {
        "type": "modal",
        "title": plain(title, TITLE_MAX),
        "close": plain(close, TITLE_MAX),
        "blocks": list(blocks),
    }
    made |= {"callback_id": callback_id} if callback_id else {}
    made |= {"submit": plain(submit, TITLE_MAX)} if submit else {}
    return made | ({"private_metadata": kept[:METADATA_MAX]} if kept else {})
