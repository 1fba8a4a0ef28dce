"""The payloads that people's actions become, with the fields that Slack sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ghostbot.errors import BadRequest, NoSuch
from ghostbot.playground.directory import APP_ID, TEAM_DOMAINS, Person
from ghostbot.playground.events import VERIFICATION_TOKEN
from ghostbot.playground.normal import Json, actionable
from ghostbot.playground.surfaces import STATE_KEYS, initial_state
from ghostbot.playground.workspace import Message

LISTS = {"selected_options", "selected_users", "selected_channels", "selected_conversations"}


@dataclass(frozen=True, slots=True)
class Target:
    """An element that a person acts on, and where it stands."""

    element: Json
    block: Json
    attachment_id: int | None = None


def base(kind: str, person: Person) -> Json:
    """What every interactive payload begins with."""
    return {
        "type": kind,
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": person.team_id,
        },
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "team": {"id": person.team_id, "domain": TEAM_DOMAINS[person.team_id]},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def targets(message: Message) -> Iterator[Target]:
    """Everything in a message that a person can act on."""
    for block in message.blocks:
        yield from (Target(element, block) for element in actionable(block))
    for number, attachment in enumerate(message.attachments, start=1):
        for block in attachment.get("blocks") or []:
            yield from (Target(element, block, number) for element in actionable(block))


def pick(found: list[Target], action_id: str, value: Any, block_id: str | None) -> Target:
    """The element with this action_id, and this value or option when there are several."""
    named = [
        target
        for target in found
        if target.element["action_id"] == action_id and block_id in {None, target.block["block_id"]}
    ]
    fitting = [target for target in named if value is None or _takes(target.element, value)]
    if fitting:
        return fitting[0]
    if named:
        raise NoSuch(f"cannot press {action_id}: it has no value {value!r}")
    there = ", ".join(target.element["action_id"] for target in found) or "nothing"
    raise NoSuch(f"cannot press {action_id}: there is {there} to press")


def action(target: Target, value: Any, action_ts: str) -> Json:
    """One item of `actions`."""
    element = target.element
    kind = element["type"]
    made: Json = {"type": kind, "action_id": element["action_id"]}
    made["block_id"] = target.block["block_id"]
    if kind == "button":
        made |= {key: element[key] for key in ("text", "value", "style", "url") if key in element}
    else:
        made |= answered(element, value)
        made |= {"placeholder": element["placeholder"]} if "placeholder" in element else {}
    return made | {"action_ts": action_ts}


def answered(element: Json, value: Any) -> Json:
    """What an element says when a person gave it this value."""
    kind = element["type"]
    key = "selected_option" if kind == "overflow" else STATE_KEYS.get(kind)
    if key is None:
        raise BadRequest(f"cannot act on a {kind}: the playground does not know how")
    if value is None and key not in {"value", *LISTS}:
        raise BadRequest(f"cannot act on {element['action_id']}: it needs a value")
    if key == "selected_option":
        return {key: option(element, value)}
    if key == "selected_options":
        return {key: [option(element, item) for item in value or []]}
    return {key: value}


def option(element: Json, value: Any) -> Json:
    """The option with this value; an external one is an option already, or a bare value."""
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key in {"text", "value"}}
    for item in options(element):
        if item.get("value") == value:
            return item
    if "external" in element["type"]:
        return {"text": {"type": "plain_text", "text": str(value), "emoji": True}, "value": value}
    raise NoSuch(f"cannot pick {value!r}: {element['action_id']} has no such option")


def options(element: Json) -> list[Json]:
    """Every option of an element, those in groups included."""
    grouped = [o for group in element.get("option_groups") or [] for o in group["options"]]
    return [*(element.get("options") or []), *grouped]


def message_state(message: Message, target: Target, value: Any) -> Json:
    """`state` of a message: its inputs and selects, with the one that was just set."""
    blocks = [*message.blocks]
    for attachment in message.attachments:
        blocks += attachment.get("blocks") or []
    values = initial_state(blocks)
    slot = values.get(target.block["block_id"], {}).get(target.element["action_id"])
    if slot is not None:
        slot |= answered(target.element, value)
    return {"values": values}


def _takes(element: Json, value: Any) -> bool:
    if element["type"] == "button":
        return bool(element.get("value") == value)
    known = options(element)
    return not known or isinstance(value, list) or any(o.get("value") == value for o in known)
