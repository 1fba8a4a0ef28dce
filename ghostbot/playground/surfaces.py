"""Views: the modals that stand open in front of each person, and their Home tabs.

1. A person has one stack of modals, at most 3 deep (Slack's "Modals"); the top one is shown.
2. Every change gives a view a new hash; an update that names an old one is refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from ghostbot.playground.clock import Clock
from ghostbot.playground.directory import APP_ID, BOT_ID, TEAM_ID
from ghostbot.playground.normal import Json, actionable, normal_blocks
from ghostbot.playground.wire import Refused

MOST_MODALS = 3

# what an untouched input says in view.state, per type of element
STATE_KEYS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
INITIAL_KEYS = {
    "plain_text_input": "initial_value",
    "number_input": "initial_value",
    "email_text_input": "initial_value",
    "url_text_input": "initial_value",
    "rich_text_input": "initial_value",
    "datetimepicker": "initial_date_time",
}


class Views:
    """Every view, by person."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stacks: dict[str, list[Json]] = {}
        self._homes: dict[str, Json] = {}
        self.on_change: Callable[[str], None] = lambda _user: None

    def top(self, user: str) -> Json | None:
        """The modal that a person looks at."""
        stack = self._stacks.get(user)
        return stack[-1] if stack else None

    def home(self, user: str) -> Json | None:
        """The Home tab that was published for a person."""
        return self._homes.get(user)

    def open(self, user: str, view: Json) -> Json:
        """Show a modal, alone."""
        self._require_new(view)
        self._stacks[user] = [self._made(view, stack=[])]
        self.on_change(user)
        return self._stacks[user][-1]

    def push(self, user: str, view: Json) -> Json:
        """Show a modal on top of the one that is open."""
        self._require_new(view)
        stack = self._stacks.get(user, [])
        if not stack:
            raise Refused("not_found")
        if len(stack) >= MOST_MODALS:
            raise Refused("push_limit_reached")
        stack.append(self._made(view, stack=stack))
        self.on_change(user)
        return stack[-1]

    def update(
        self, view: Json, *, view_id: str | None, external_id: str | None, expected: str | None
    ) -> Json:
        """Give an open view new contents."""
        for user, stack in self._stacks.items():
            for index, old in enumerate(stack):
                if old["id"] == view_id or (external_id and old["external_id"] == external_id):
                    if expected is not None and expected != old["hash"]:
                        raise Refused("hash_conflict")
                    if view.get("external_id") != old["external_id"]:
                        self._require_new(view)
                    stack[index] = self._remade(view, old)
                    self.on_change(user)
                    return stack[index]
        raise Refused("not_found")

    def publish(self, user: str, view: Json, *, expected: str | None) -> Json:
        """Give a person's Home tab its contents."""
        old = self._homes.get(user)
        if old is not None and expected is not None and expected != old["hash"]:
            raise Refused("hash_conflict")
        made = self._made(view, stack=[])
        self._homes[user] = made | ({"id": old["id"], "root_view_id": old["id"]} if old else {})
        self.on_change(user)
        return self._homes[user]

    def close(self, user: str, *, everything: bool = False) -> list[Json]:
        """Close the modal on top, or all; those that were closed, the top one first."""
        stack = self._stacks.get(user, [])
        closed = stack[::-1] if everything else stack[-1:]
        self._stacks[user] = [] if everything else stack[:-1]
        self.on_change(user)
        return closed

    def keep_state(self, user: str, values: Json) -> Json | None:
        """What a person has filled in so far, kept in the view on top."""
        view = self.top(user)
        if view is None:
            return None
        for block_id, actions in values.items():
            for action_id, value in actions.items():
                slot = view["state"]["values"].get(block_id, {})
                if action_id in slot:
                    slot[action_id] = slot[action_id] | value
        return view

    def _require_new(self, view: Json) -> None:
        name = view.get("external_id")
        stacks = self._stacks.values()
        if name and any(old["external_id"] == name for stack in stacks for old in stack):
            raise Refused("duplicate_external_id")

    def _made(self, view: Json, *, stack: list[Json]) -> Json:
        name = f"V{secrets.token_hex(5).upper()}"
        return self._shaped(view, name) | {
            "previous_view_id": stack[-1]["id"] if stack else None,
            "root_view_id": stack[0]["id"] if stack else name,
        }

    def _remade(self, view: Json, old: Json) -> Json:
        made = self._shaped(view, old["id"])
        for block_id, actions in made["state"]["values"].items():
            for action_id in actions:  # Slack keeps what was typed where the ids stay
                before = old["state"]["values"].get(block_id, {}).get(action_id)
                if before is not None and before["type"] == actions[action_id]["type"]:
                    actions[action_id] = before
        return made | {k: old[k] for k in ("previous_view_id", "root_view_id")}

    def _shaped(self, view: Json, name: str) -> Json:
        blocks = normal_blocks(view["blocks"])
        return {
            "id": name,
            "team_id": TEAM_ID,
            "type": view["type"],
            "blocks": blocks,
            "private_metadata": view.get("private_metadata", ""),
            "callback_id": view.get("callback_id", ""),
            "external_id": view.get("external_id", ""),
            "state": {"values": initial_state(blocks)},
            "hash": f"{int(self._clock.now())}.{secrets.token_hex(4)}",
            "title": view.get("title"),
            "close": view.get("close"),
            "submit": view.get("submit"),
            "clear_on_close": bool(view.get("clear_on_close")),
            "notify_on_close": bool(view.get("notify_on_close")),
            "submit_disabled": bool(view.get("submit_disabled")),
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


def initial_state(blocks: list[Json]) -> Json:
    """`state.values` of blocks nobody touched yet: each input is there, with null or its start."""
    values: Json = {}
    for block in blocks:
        for element in actionable(block):
            key = STATE_KEYS.get(element["type"])
            if key is not None:
                slot = {"type": element["type"], key: _initial(element, key)}
                values.setdefault(block["block_id"], {})[element["action_id"]] = slot
    return values


def _initial(element: Json, key: str) -> Any:
    name = INITIAL_KEYS.get(element["type"], key.replace("selected", "initial"))
    empty: Any = [] if key.endswith("s") and key.startswith("selected") else None
    return element.get(name, empty)
