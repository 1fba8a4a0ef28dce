"""Who and what is in the workspace before anybody speaks, and what the manifest asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ghostbot.errors import ConfigError

TEAM_ID = "T0PLAYGROUND"
TEAM_DOMAIN = "playground"
PARTNER_TEAM_ID = "T0PARTNER"
TEAM_DOMAINS = {TEAM_ID: TEAM_DOMAIN, PARTNER_TEAM_ID: "partner"}
APP_ID = "A0GHOST"
BOT_ID = "B0GHOST"
BOT_USER_ID = "U0GHOST"
SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account; a bot has one too, and a `bot_id` beside it."""

    id: str
    name: str
    real_name: str
    is_admin: bool = False
    is_guest: bool = False
    is_bot: bool = False
    team_id: str = TEAM_ID
    bot_id: str = ""
    app_id: str = ""

    @property
    def is_stranger(self) -> bool:
        """Whether the account belongs to another workspace (Slack Connect)."""
        return self.team_id != TEAM_ID

    @property
    def role(self) -> str:
        """What the account may be, in a word for people."""
        if self.is_bot:
            return "bot"
        if self.is_stranger:
            return "another workspace"
        if self.is_admin:
            return "admin"
        return "guest" if self.is_guest else "member"

    @property
    def is_playable(self) -> bool:
        """Whether somebody at the page can act as this account."""
        return self.id not in {BOT_USER_ID, SLACKBOT}


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
    is_shared: bool = False  # with another workspace

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
    """Everybody with an account: one of each kind that Slack tells apart."""
    return [
        Person("U0ALICE", "alice", "Alice Arden", is_admin=True),
        Person("U0BOB", "bob", "Bob Bell"),
        Person("U0CAROL", "carol", "Carol Cole", is_guest=True),
        Person("U0DAVE", "dave", "Dave Dunn"),
        Person("U0ERIN", "erin", "Erin Ellis", team_id=PARTNER_TEAM_ID),
        Person("U0ROBOT", "robot", "Robot", is_bot=True, bot_id="B0ROBOT", app_id="A0ROBOT"),
        Person(SLACKBOT, "slackbot", "Slackbot", is_bot=True),
        Person(BOT_USER_ID, app.bot_name, app.name, is_bot=True, bot_id=BOT_ID, app_id=APP_ID),
    ]


def channels(app: App, alerts: str, more: Iterable[str] = ()) -> list[Channel]:
    """The channels, and a DM of each person with the bot; the app is a member of `more` too."""
    first = next(iter(app.commands), "")
    hint = f"Type {first} help to begin." if first else f"Say @{app.bot_name} to begin."
    two = ("U0ALICE", "U0BOB")
    three = (*two, "U0DAVE")
    known = [
        Channel(*named_or_id(alerts, "C0ALERTS"), (*two, "U0CAROL", BOT_USER_ID), hint),
        Channel("C0GENERAL", "general", (*three, "U0ROBOT", BOT_USER_ID), "For everybody"),
        Channel("C0RANDOM", "random", three, f"{app.name} is not in here"),
        Channel("C0PATCHES", "patches", (*two, "U0ROBOT", BOT_USER_ID), "A robot posts here too"),
        Channel(
            *("C0PARTNERS", "partners", ("U0ALICE", "U0ERIN", BOT_USER_ID)),
            "Shared with another workspace",
            is_shared=True,
        ),
        Channel("C0LEADS", "leads", two, f"Private; {app.name} is not in here", is_private=True),
    ]
    rooms = [room for room in known if room.name != alerts or room is known[0]]
    taken = {name for room in rooms for name in (room.id, room.name)}
    names = dict.fromkeys(name.removeprefix("#") for name in more)
    for number, name in enumerate((n for n in names if n not in taken), start=1):
        place = named_or_id(name, f"C0MORE{number}")
        rooms.append(Channel(*place, (*two, "U0ROBOT", BOT_USER_ID)))
    direct = [
        Channel(f"D{who.id[1:]}", "directmessage", (who.id, BOT_USER_ID), dm_with=who.id)
        for who in people(app)
        if not who.is_bot
    ]
    return rooms + direct


def named_or_id(word: str, otherwise: str) -> tuple[str, str]:
    """The id and the name of a channel that a configuration names by either."""
    if re.fullmatch(r"C[A-Z0-9]{5,}", word):
        return word, word.lower()
    return otherwise, word


USERGROUPS = (
    Usergroup("S0ONCALL", "oncall", "On call", ("U0ALICE", "U0BOB")),
    Usergroup("S0DEPLOYERS", "deployers", "Deployers", ("U0BOB", "U0DAVE")),
)
