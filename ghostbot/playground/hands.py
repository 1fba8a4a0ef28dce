"""What people do: type, press, pick, submit; each becomes an envelope, and its answer is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghostbot.errors import NoSuch, NotAllowed
from ghostbot.playground import payloads
from ghostbot.playground.blocks import check_options
from ghostbot.playground.commands import CHANNEL_NAMES, Commands
from ghostbot.playground.deeds import Deeds
from ghostbot.playground.directory import SLACKBOT, Channel, Person
from ghostbot.playground.normal import Json
from ghostbot.playground.payloads import Target
from ghostbot.playground.responses import Responses
from ghostbot.playground.shown import as_wire
from ghostbot.playground.socket_mode import Unanswered
from ghostbot.playground.wire import Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World


class Hands:
    """The people of the workspace, acting."""

    def __init__(self, world: World, responses: Responses) -> None:
        self._world = world
        self._workspace = world.workspace
        self.deeds = Deeds(world, self.whisper)
        self._commands = Commands(world, responses, self.whisper)

    async def type(
        self,
        text: str,
        room: Channel,
        person: Person,
        thread_ts: str | None,
        *,
        broadcast: bool = False,
    ) -> None:
        """Send a line: a slash command, or a message. A command is awaited until it is acked."""
        if person.id not in room.members:
            raise NotAllowed(f"cannot type in #{room.name}: {person.name} is not in it")
        if thread_ts is not None and self._workspace.find(room.id, thread_ts) is None:
            raise NoSuch(f"cannot reply: there is no message {thread_ts} in #{room.name}")
        if text.startswith("/"):
            await self._commands.run(text, room, person, thread_ts)
        else:
            self.deeds.say(text, room, person, thread_ts, broadcast=broadcast)

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
        return await self.offered(payload, person)

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
            "message": as_wire(self._workspace, message),
            "channel": self._channel(message.channel),
        }
        await self.tell(payload, person, callback_id)

    async def offered(self, payload: Json, person: Person) -> Json:
        """What the app offers for a block_suggestion; empty when it cannot be shown."""

        def told(words: str) -> None:
            self._world.on_notice(person.id, words)

        answer = await self.answer(payload, told)
        try:
            check_options(answer)
        except Refused as refusal:
            told(f"{payload['action_id']}: the options were refused: {refusal.answer()}")
            return {}
        return answer

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
            payload["message"] = as_wire(self._workspace, message)
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

    def _require_shortcut(self, callback_id: str, kind: str) -> None:
        for shortcut in self._workspace.app.shortcuts:
            if shortcut.get("callback_id") == callback_id and shortcut.get("type") == kind:
                return
        raise NoSuch(f"cannot use {callback_id}: the manifest has no such {kind} shortcut")
