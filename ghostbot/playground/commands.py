"""Slash commands: those of the app, which hears of them, and Slack's own few.

Slack's own are here for what they change: who is in a channel, and whether it is still in use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghostbot.errors import NotAllowed
from ghostbot.playground.directory import (
    APP_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Command,
    Person,
)
from ghostbot.playground.events import VERIFICATION_TOKEN
from ghostbot.playground.normal import Json, escape, typed_text
from ghostbot.playground.responses import Responses
from ghostbot.playground.socket_mode import Unanswered
from ghostbot.playground.vouchers import ResponseUrl
from ghostbot.playground.wire import Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World

CHANNEL_NAMES = {"im": "directmessage", "group": "privategroup"}
OWN = {  # what the page offers beside the app's commands
    "/invite": ("@name", "Add somebody, or an app, to this channel"),
    "/remove": ("@name", "Take somebody, or an app, out of this channel"),
    "/leave": ("", "Leave this channel"),
    "/topic": ("words", "Set the topic of this channel"),
    "/archive": ("", "Archive this channel, for everybody"),
}

Whisper = Callable[[str, Channel, Person, str | None], None]


class Commands:
    """What begins with a slash."""

    def __init__(self, world: World, responses: Responses, whisper: Whisper) -> None:
        self._world = world
        self._workspace = world.workspace
        self._responses = responses
        self._whisper = whisper

    async def run(self, text: str, room: Channel, person: Person, thread_ts: str | None) -> None:
        """Carry a command out; one of the app is awaited until it is acked."""
        name, *words = text.split(maxsplit=1)  # a command may go on in the next line
        rest = "".join(words).rstrip()
        if person.is_bot:
            raise NotAllowed(f"cannot use {name}: bots have no commands")
        command = self._workspace.app.commands.get(name)
        if command is None and name in OWN and not room.dm_with:
            self._own(name, rest, room, person, thread_ts)
        elif command is None or person.is_stranger:  # an app serves its own workspace
            self._whisper(_unknown(name), room, person, thread_ts)
        elif thread_ts is not None:
            words_ = f"`{name}` is not supported in threads. Sorry!"
            self._whisper(words_, room, person, thread_ts)
        else:
            await self._of_app(command, text, rest, room, person)

    async def _of_app(
        self, command: Command, text: str, rest: str, room: Channel, person: Person
    ) -> None:
        name = command.name
        payload = self._payload(command, rest, room, person)
        try:
            answer = await self._world.sockets.deliver("slash_commands", payload, accepts=True)
            if answer:
                self._answer(answer, text, room, person)
        except Unanswered as missed:
            self._whisper(f'{name} failed with the error "{missed.error}"', room, person, None)
        except Refused as refusal:
            self._world.on_notice(person.id, f"{name}: the answer was refused: {refusal.error}")
            error = "invalid_command_response"
            self._whisper(f'{name} failed with the error "{error}"', room, person, None)

    def _payload(self, command: Command, rest: str, room: Channel, person: Person) -> Json:
        path = self._world.vouchers.response_path("commands", room.id, person.id)
        find = {"user": self._workspace.user_id, "channel": self._workspace.channel_id}
        escaped = typed_text(rest, **find, named=True) if command.should_escape else escape(rest)
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": room.id,
            "channel_name": CHANNEL_NAMES.get(room.kind, room.name),
            "user_id": person.id,
            "user_name": person.name,
            "command": command.name,
            "text": escaped,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._world.base_url + path,
            "trigger_id": self._world.vouchers.trigger(person.id),
        }

    def _answer(self, answer: Any, text: str, room: Channel, person: Person) -> None:
        """Show what an ack says; with `in_channel` everybody reads the command too."""
        if not isinstance(answer, dict):
            raise Refused("invalid_payload")
        if answer.get("response_type") == "in_channel":
            self._world.post(Message(self._workspace.next_ts(), room.id, person.id, escape(text)))
        self._responses.say(answer, ResponseUrl(room.id, person.id, self._world.clock.now()))

    # Slack's own

    def _own(self, name: str, rest: str, room: Channel, person: Person, thread: str | None) -> None:
        if person.is_guest or person.is_stranger:
            self._whisper(f"`{name}` is not for guests.", room, person, thread)
            return
        match name:
            case "/invite" | "/remove":
                self._move(name, rest, room, person, thread)
            case "/leave":
                self._world.leave(room.id, person.id)
            case "/topic":
                self._workspace.change(room.id, topic=rest)
            case "/archive":
                self._workspace.change(room.id, is_archived=True)
                if BOT_USER_ID in room.members:
                    body = {"channel": room.id, "user": person.id}
                    self._world.events.happened("channel_archive", body)

    def _move(self, name: str, who: str, room: Channel, person: Person, thread: str | None) -> None:
        found = self._workspace.people.get(self._workspace.user_id(who.lstrip("@")) or "")
        if found is None:
            self._whisper(f"Nobody here is called {escape(who) or '…'}.", room, person, thread)
        elif name == "/invite":
            self._world.join(room.id, found.id, inviter=person.id)
            if found.is_stranger:
                self._workspace.change(room.id, is_shared=True)
        else:
            self._world.leave(room.id, found.id)


def _unknown(name: str) -> str:
    return (
        f"`{escape(name)}` is not a valid command. In Slack, all messages that start with "
        "the “/” character are interpreted as commands. If you are trying to send a "
        "message and not run a command, try preceding the “/” with an empty space."
    )
