"""Who and what is in the workspace before anybody speaks, and what the manifest asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ghostbot.errors import ConfigError

TEAM_ID = "T0PLAYGROUND"
TEAM_DOMAIN = "playground"
APP_ID = "A0GHOST"
BOT_ID = "B0GHOST"
BOT_USER_ID = "U0GHOST"
SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account; the bot is one too."""

    id: str
    name: str
    real_name: str
    is_admin: bool = False
    is_guest: bool = False
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A place to talk. A DM with the bot is one with `dm_with` set."""

    id: str
    name: str
    members: tuple[str, ...]
    topic: str = ""
    dm_with: str | None = None
    is_private: bool = False
    is_archived: bool = False

    @property
    def kind(self) -> str:
        """Slack's word in `channel_type` and in the scopes."""
        if self.dm_with:
            return "im"
        return "group" if self.is_private else "channel"


@dataclass(frozen=True, slots=True)
class Usergroup:
    """People who can be mentioned together."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command of the manifest."""

    name: str
    description: str
    usage_hint: str
    should_escape: bool


@dataclass(frozen=True, slots=True)
class App:
    """What the manifest gives the app: names, rights and what it hears about."""

    name: str
    bot_name: str
    commands: Mapping[str, Command]
    scopes: tuple[str, ...]
    events: frozenset[str]
    shortcuts: tuple[Mapping[str, str], ...] = field(default=())
    home: bool = False
    messages_tab: bool = True


def app_of(manifest: Mapping[str, Any]) -> App:
    """Read the manifest; every part that is missing is one mistake."""
    mistakes: list[str] = []

    def part(path: str, kind: type, default: Any = None) -> Any:
        value: Any = manifest
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None and default is not None:
            return default
        if not isinstance(value, kind):
            mistakes.append(f"manifest: {path}: must be a {kind.__name__}, and is {value!r}")
            return kind()
        return value

    commands = [
        _command(item, index, mistakes)
        for index, item in enumerate(part("features.slash_commands", list))
    ]
    app = App(
        name=part("display_information.name", str),
        bot_name=part("features.bot_user.display_name", str),
        commands={command.name: command for command in commands},
        scopes=tuple(part("oauth_config.scopes.bot", list)),
        events=frozenset(part("settings.event_subscriptions.bot_events", list, [])),
        shortcuts=tuple(part("features.shortcuts", list, [])),
        home=part("features.app_home.home_tab_enabled", bool, default=False),
        messages_tab=not part(
            "features.app_home.messages_tab_read_only_enabled", bool, default=False
        ),
    )
    if not part("settings.socket_mode_enabled", bool, default=False):
        mistakes.append("manifest: settings.socket_mode_enabled: must be true for Socket Mode")
    if mistakes:
        raise ConfigError(mistakes)
    return app


def _command(item: Any, index: int, mistakes: list[str]) -> Command:
    place = f"manifest: features.slash_commands.{index}"
    item = item if isinstance(item, Mapping) else {}
    name = item.get("command")
    if not isinstance(name, str) or not name.startswith("/"):
        mistakes.append(f"{place}.command: must begin with a slash, and is {name!r}")
        name = "/"
    if not item.get("description"):
        mistakes.append(f"{place}.description: is missing")
    return Command(
        name=name,
        description=str(item.get("description", "")),
        usage_hint=str(item.get("usage_hint", "")),
        should_escape=bool(item.get("should_escape", False)),
    )


def people(app: App) -> list[Person]:
    """Everybody with an account."""
    return [
        Person("U0ALICE", "alice", "Alice Arden", is_admin=True),
        Person("U0BOB", "bob", "Bob Bell"),
        Person("U0CAROL", "carol", "Carol Cole", is_guest=True),
        Person("U0DAVE", "dave", "Dave Dunn"),
        Person(SLACKBOT, "slackbot", "Slackbot", is_bot=True),
        Person(BOT_USER_ID, app.bot_name, app.name, is_bot=True),
    ]


def channels(app: App, alerts: str) -> list[Channel]:
    """The channels, and a DM of each person with the bot."""
    first = next(iter(app.commands), "")
    hint = f"Type {first} help to begin." if first else f"Say @{app.bot_name} to begin."
    members = ("U0ALICE", "U0BOB")
    rooms = [
        Channel("C0ALERTS", alerts, (*members, "U0CAROL", BOT_USER_ID), hint),
        Channel("C0GENERAL", "general", (*members, "U0DAVE", BOT_USER_ID), "For everybody"),
        Channel("C0RANDOM", "random", (*members, "U0DAVE"), "The app is not in here"),
    ]
    if alerts in {"general", "random"}:
        rooms = [room for room in rooms if room.name != alerts or room.id == "C0ALERTS"]
    direct = [
        Channel(f"D{who.id[1:]}", "directmessage", (who.id, BOT_USER_ID), dm_with=who.id)
        for who in people(app)
        if not who.is_bot
    ]
    return rooms + direct


USERGROUPS = (Usergroup("S0ONCALL", "oncall", "On call", ("U0ALICE", "U0BOB")),)
