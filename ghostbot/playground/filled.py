"""What Slack's own client checks in a modal before it asks the app, in Slack's words."""

from __future__ import annotations

import re
from typing import Any

from ghostbot.playground.normal import Json
from ghostbot.playground.surfaces import STATE_KEYS

REQUIRED = "Please complete this required field."
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)


def mistakes(view: Json) -> dict[str, str]:
    """What is wrong with the inputs of a view, by block_id."""
    found = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        slot = view["state"]["values"][block["block_id"]][element["action_id"]]
        value = slot.get(STATE_KEYS[slot["type"]])
        if not value and block.get("optional"):
            continue
        if wrong := _wrong(element, value) if value else REQUIRED:
            found[block["block_id"]] = wrong
    return found


def _wrong(element: Json, value: Any) -> str:
    match element["type"]:
        case "plain_text_input":
            return _length(element, len(value))
        case "number_input":
            return _number(element, str(value))
        case "email_text_input":
            fits = _EMAIL.fullmatch(value)
            return "" if fits else "Please enter a valid email address."
        case "url_text_input":
            return "" if _URL.fullmatch(value) else "Please enter a valid URL."
    most = element.get("max_selected_items")
    if most and isinstance(value, list) and len(value) > most:
        return f"Please choose at most {most}."
    return ""


def _length(element: Json, length: int) -> str:
    if length < (least := element.get("min_length", 0)):
        return f"Please enter at least {least} characters."
    if length > (most := element.get("max_length", 3000)):
        return f"Please enter no more than {most} characters."
    return ""


def _number(element: Json, value: str) -> str:
    try:
        number = float(value) if element.get("is_decimal_allowed") else int(value)
    except ValueError:
        return "Please enter a valid number."
    if number < float(element.get("min_value", "-inf")):
        return f"Please enter a number of at least {element['min_value']}."
    if number > float(element.get("max_value", "inf")):
        return f"Please enter a number of at most {element['max_value']}."
    return ""
