"""What people do: type, press, pick, submit; each becomes an envelope, and its answer is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghostbot.errors import NoSuch, NotAllowed
from ghostbot.playground import payloads
from ghostbot.playground.directory import (
    APP_ID,
    BOT_USER_ID,
    SLACKBOT,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Command,
    Person,
)
from ghostbot.playground.events import VERIFICATION_TOKEN
from ghostbot.playground.normal import Json, as_rich_text, escape, typed_text
from ghostbot.playground.payloads import Target
from ghostbot.playground.responses import Responses
from ghostbot.playground.socket_mode import Unanswered
from ghostbot.playground.vouchers import ResponseUrl
from ghostbot.playground.wire import Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World

CHANNEL_NAMES = {"im": "directmessage", "group": "privategroup"}


class Hands:
    """The people of the workspace, acting."""

    def __init__(self, world: World, responses: Responses) -> None:
        self._world = world
        self._responses = responses
        self._workspace = world.workspace

    async def type(self, text: str, room: Channel, person: Person, thread_ts: str | None) -> None:
        """Send a line: a slash command, or a message. A command is awaited until it is acked."""
        self._require_member(room, person)
        if thread_ts is not None and self._workspace.find(room.id, thread_ts) is None:
            raise NoSuch(f"cannot reply: there is no message {thread_ts} in #{room.name}")
        if text.startswith("/"):
            await self._command(text, room, person, thread_ts)
        else:
            self._say(text, room, person, thread_ts)

    async def press(
        self,
        message: Message,
        person: Person,
        action_id: str,
        *,
        value: Any = None,
        block_id: str | None = None,
    ) -> None:
        """Press or pick something in a message; awaited until it is acked."""
        found = list(payloads.targets(message))
        target = payloads.pick(found, action_id, value, block_id)
        payload = self._on_message("block_actions", message, person, target)
        payload["state"] = payloads.message_state(message, target, value)
        payload["actions"] = [payloads.action(target, value, self._workspace.next_ts())]
        await self.tell(payload, person, action_id)

    async def suggest(
        self, message: Message, person: Person, action_id: str, block_id: str | None, typed: str
    ) -> Json:
        """What an external select offers for what was typed: options or option_groups."""
        target = payloads.pick(list(payloads.targets(message)), action_id, None, block_id)
        payload = self._on_message("block_suggestion", message, person, target)
        for key in ("response_url", "trigger_id"):
            payload.pop(key)
        payload |= {"action_id": action_id, "block_id": target.block["block_id"]}
        payload["value"] = typed
        return await self.ask(payload, person)

    async def shortcut(self, callback_id: str, person: Person) -> None:
        """Use a global shortcut."""
        self._require_shortcut(callback_id, "global")
        payload = payloads.base("shortcut", person) | {
            "callback_id": callback_id,
            "action_ts": self._workspace.next_ts(),
            "trigger_id": self._world.vouchers.trigger(person.id),
        }
        await self.tell(payload, person, callback_id)

    async def message_shortcut(self, callback_id: str, message: Message, person: Person) -> None:
        """Use a shortcut on a message."""
        self._require_shortcut(callback_id, "message")
        payload = payloads.base("message_action", person) | {
            "callback_id": callback_id,
            "action_ts": self._workspace.next_ts(),
            "trigger_id": self._world.vouchers.trigger(person.id),
            "response_url": self._response_url("app", message, person),
            "message_ts": message.ts,
            "message": self._workspace.as_wire(message),
            "channel": self._channel(message.channel),
        }
        await self.tell(payload, person, callback_id)

    async def ask(self, payload: Json, person: Person) -> Json:
        """Deliver something whose ack carries an answer; empty when nobody takes it."""

        def told(words: str) -> None:
            self._world.on_notice(person.id, words)

        return await self.answer(payload, told)

    async def answer(self, payload: Json, failed: Callable[[str], None]) -> Json:
        """The same, and `failed` hears when nobody took it."""
        try:
            answer = await self._world.sockets.deliver("interactive", payload, accepts=True)
        except Unanswered as missed:
            failed(f'{payload["type"]} failed with the error "{missed.error}"')
            return {}
        return answer if isinstance(answer, dict) else {}

    def whisper(self, text: str, room: Channel, person: Person, thread_ts: str | None) -> None:
        """Say something as Slackbot, to one person alone."""
        ts = self._workspace.next_ts()
        words = Message(ts, room.id, SLACKBOT, text, thread_ts=thread_ts, only_for=person.id)
        self._workspace.put(words)

    # typing

    async def _command(
        self, text: str, room: Channel, person: Person, thread_ts: str | None
    ) -> None:
        name, *words = text.split(maxsplit=1)  # a command may go on in the next line
        command = self._workspace.app.commands.get(name)
        if command is None:
            lines = (
                f"`{escape(name)}` is not a valid command. In Slack, all messages that start with "
                "the “/” character are interpreted as commands. If you are trying to send a "
                "message and not run a command, try preceding the “/” with an empty space."
            )
            self.whisper(lines, room, person, thread_ts)
            return
        if thread_ts is not None:
            self.whisper(f"`{name}` is not supported in threads. Sorry!", room, person, thread_ts)
            return
        payload = self._command_payload(command, "".join(words).rstrip(), room, person)
        try:
            answer = await self._world.sockets.deliver("slash_commands", payload, accepts=True)
            if answer:
                self._answer_command(answer, text, room, person)
        except Unanswered as missed:
            self.whisper(f'{name} failed with the error "{missed.error}"', room, person, None)
        except Refused as refusal:
            self._world.on_notice(person.id, f"{name}: the answer was refused: {refusal.error}")
            error = "invalid_command_response"
            self.whisper(f'{name} failed with the error "{error}"', room, person, None)

    def _command_payload(self, command: Command, rest: str, room: Channel, person: Person) -> Json:
        path = self._world.vouchers.response_path("commands", room.id, person.id)
        escaped = self._encoded(rest, named=True) if command.should_escape else escape(rest)
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

    def _answer_command(self, answer: Any, text: str, room: Channel, person: Person) -> None:
        """Show what an ack says; with `in_channel` everybody reads the command too."""
        if not isinstance(answer, dict):
            raise Refused("invalid_payload")
        if answer.get("response_type") == "in_channel":
            self._world.post(Message(self._workspace.next_ts(), room.id, person.id, escape(text)))
        self._responses.say(answer, ResponseUrl(room.id, person.id, self._world.clock.now()))

    def _say(self, text: str, room: Channel, person: Person, thread_ts: str | None) -> None:
        if room.kind == "im" and not self._workspace.app.messages_tab:
            raise NotAllowed("cannot send the message: messages_tab_disabled")
        encoded = self._encoded(text, named=False)
        message = Message(
            self._workspace.next_ts(),
            room.id,
            person.id,
            encoded,
            blocks=(as_rich_text(encoded),),
            thread_ts=thread_ts,
        )
        self._world.post(message)
        if f"<@{BOT_USER_ID}>" in encoded and BOT_USER_ID not in room.members:
            bot = self._workspace.app.bot_name
            self.whisper(f"@{bot} is not in this channel.", room, person, thread_ts)

    def _encoded(self, text: str, *, named: bool) -> str:
        workspace = self._workspace
        return typed_text(text, user=workspace.user_id, channel=workspace.channel_id, named=named)

    # pressing

    def _on_message(self, kind: str, message: Message, person: Person, target: Target) -> Json:
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.only_for is not None,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        if target.attachment_id is not None:
            container |= {"type": "message_attachment", "attachment_id": target.attachment_id}
            container["is_app_unfurl"] = False
        payload = payloads.base(kind, person) | {
            "container": container,
            "trigger_id": self._world.vouchers.trigger(person.id),
            "channel": self._channel(message.channel),
            "response_url": self._response_url("actions", message, person),
        }
        if message.only_for is None:
            payload["message"] = self._workspace.as_wire(message)
        return payload

    async def tell(self, payload: Json, person: Person, what: str) -> None:
        """Deliver something whose ack says no more than that it came."""
        try:
            await self._world.sockets.deliver("interactive", payload, accepts=False)
        except Unanswered as missed:
            self._world.on_notice(person.id, f'{what} failed with the error "{missed.error}"')

    def _response_url(self, kind: Any, message: Message, person: Person) -> str:
        path = self._world.vouchers.response_path(
            kind, message.channel, person.id, source_ts=message.ts
        )
        return self._world.base_url + path

    def _channel(self, channel: str) -> Json:
        room = self._workspace.channels[channel]
        return {"id": room.id, "name": CHANNEL_NAMES.get(room.kind, room.name)}

    def _require_member(self, room: Channel, person: Person) -> None:
        if person.id not in room.members:
            raise NotAllowed(f"cannot type in #{room.name}: {person.name} is not in it")

    def _require_shortcut(self, callback_id: str, kind: str) -> None:
        for shortcut in self._workspace.app.shortcuts:
            if shortcut.get("callback_id") == callback_id and shortcut.get("type") == kind:
                return
        raise NoSuch(f"cannot use {callback_id}: the manifest has no such {kind} shortcut")
