"""manifest.yml and the listeners say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

import handlers
from ghostbot.config.model import COMMAND
from ghostbot.core.verbs import FIRST, VERBS
from handlers.means import Means
from handlers.verbs import ANSWERS
from tests.fakes.slack_side import manifest

ROOT = Path(__file__).parents[1]

NEEDS = {  # Slack's pages of the events and methods
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "app_home_opened": None,
    "auth_test": None,
    "apps_connections_open": None,  # connections:write of the app token
    "chat_postMessage": "chat:write",
    "chat_postEphemeral": "chat:write",
    "chat_update": "chat:write",
    "conversations_history": "channels:history",
    "conversations_info": "channels:read",
    "conversations_join": "channels:join",
    "conversations_list": "channels:read",
    "conversations_members": "channels:read",
    "conversations_replies": "channels:history",
    "files_completeUploadExternal": "files:write",
    "files_getUploadURLExternal": "files:write",
    "files_info": "files:read",
    "files_upload_v2": "files:write",
    "usergroups_list": "usergroups:read",
    "usergroups_users_list": "usergroups:read",
    "users_info": "users:read",
    "users_list": "users:read",
    "views_open": None,
    "views_update": None,
    "views_publish": None,
}


class Recorder:
    """Stands where Bolt's app stands, and notes what is registered."""

    def __init__(self) -> None:
        self.noted: dict[str, set[Any]] = {}

    def __getattr__(self, kind: str) -> Any:
        def register(key: Any) -> Any:
            name = key.pattern.partition("(")[0] if isinstance(key, re.Pattern) else key
            self.noted.setdefault(kind, set()).add(name if isinstance(name, str) else kind)
            return lambda listener: listener

        return register


def registered() -> dict[str, set[Any]]:
    recorder = Recorder()
    means = Means(None, None, None, None, lambda _: None, None, None, None)  # type: ignore[arg-type]
    handlers.register(recorder, means)  # type: ignore[arg-type]
    return recorder.noted


def scopes() -> set[str]:
    return set(manifest()["oauth_config"]["scopes"]["bot"])


def events() -> set[str]:
    return set(manifest()["settings"]["event_subscriptions"]["bot_events"])


def test_it_is_valid() -> None:
    schema = json.loads((ROOT / "tests/data/manifest.schema.json").read_text())
    errors = [e.message for e in Draft7Validator(schema).iter_errors(manifest())]
    assert not errors


def test_every_command_has_a_listener_and_back() -> None:
    commands = [c["command"] for c in manifest()["features"]["slash_commands"]]
    assert commands == [COMMAND]
    assert handlers.ANY_COMMAND.fullmatch(COMMAND)
    assert "command" in registered()


def test_every_shortcut_has_a_listener_and_back() -> None:
    shortcuts = manifest()["features"]["shortcuts"]
    by_type = {
        kind: {s["callback_id"] for s in shortcuts if s["type"] == kind}
        for kind in ("global", "message")
    }
    assert registered()["global_shortcut"] == by_type["global"]
    assert registered()["message_shortcut"] == by_type["message"]


def test_every_event_has_a_listener_and_back() -> None:
    assert registered()["event"] == {event.partition(".")[0] for event in events()}


def test_every_button_field_and_window_has_a_listener_and_back() -> None:
    sources = "\n".join(p.read_text() for p in (ROOT / "ghostbot/slack/blocks").glob("*.py"))
    noted = registered()
    heard = noted["action"] | noted["options"] | noted["view"]
    assert heard == set(re.findall(r'= "(ghost_\w+)"', sources))


def test_everything_that_is_subscribed_to_or_called_has_its_scope() -> None:
    paths = [*(ROOT / "ghostbot/slack").rglob("*.py"), *(ROOT / "handlers").glob("*.py")]
    calls = re.compile(r"\.((?:auth|apps|chat|conversations|usergroups|users|views|files)_\w+)\(")
    called = {m for path in paths for m in calls.findall(path.read_text())}
    called |= {"conversations_list", "conversations_members"}  # handed on, not called there
    assert called | events() == set(NEEDS)
    needed = {scope for scope in NEEDS.values() if scope is not None}
    assert scopes() == needed | {"commands", "groups:read"}, "groups: what channels: is, unseen"


def test_commands_clicks_and_home_are_switched_on() -> None:
    features, settings = manifest()["features"], manifest()["settings"]
    assert "commands" in scopes()
    assert settings["interactivity"]["is_enabled"]
    assert settings["socket_mode_enabled"]
    assert features["app_home"]["home_tab_enabled"]
    assert not features["app_home"]["messages_tab_read_only_enabled"]


def test_the_hint_names_what_people_need_first_and_help() -> None:
    (command,) = manifest()["features"]["slash_commands"]
    hinted = set(re.findall(r"[a-z]+", command["usage_hint"].partition("]")[0]))
    assert hinted == {*FIRST, "help"} & {*VERBS}


def test_every_verb_has_its_answer_and_back() -> None:
    assert set(ANSWERS) == set(VERBS)
