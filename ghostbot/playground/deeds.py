"""What people, and bots that are not the app, do with messages: write, share, edit, react."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ghostbot.errors import BadRequest, NotAllowed
from ghostbot.playground.blocks import check_message
from ghostbot.playground.cabinet import as_wire
from ghostbot.playground.directory import BOT_USER_ID, Channel, Person
from ghostbot.playground.normal import as_rich_text, typed_text
from ghostbot.playground.wire import Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World, normal_content, reacted

MOST_TYPED = 12_000  # characters that Slack's composer takes; a longer text becomes a snippet
MOST_UPLOAD = 16 << 20

Whisper = Callable[[str, Channel, Person, str | None], None]


class Deeds:
    """Messages of everybody but the app."""

    def __init__(self, world: World, whisper: Whisper) -> None:
        self._world = world
        self._workspace = world.workspace
        self._whisper = whisper

    def say(
        self,
        text: str,
        room: Channel,
        person: Person,
        thread_ts: str | None = None,
        *,
        broadcast: bool = False,
        files: Iterable[tuple[str, bytes]] = (),
    ) -> Message:
        """Write a message, with files if there are any; a bot has no composer to make blocks."""
        self._require_place(room, person)
        if room.kind == "im" and not self._workspace.app.messages_tab:
            raise NotAllowed("cannot send the message: messages_tab_disabled")
        if len(text) > MOST_TYPED:
            raise BadRequest(f"cannot send the message: over {MOST_TYPED} characters; use a file")
        encoded = self._encoded(text)
        kept = tuple(self._filed(name, data, room, person) for name, data in files)
        if not encoded and not kept:
            raise BadRequest("cannot send the message: there is nothing in it")
        message = Message(
            self._workspace.next_ts(),
            room.id,
            person.id,
            encoded,
            blocks=(as_rich_text(encoded),) if encoded and not person.is_bot else (),
            thread_ts=thread_ts,
            broadcast=broadcast and thread_ts is not None,
            files=kept,
            subtype="file_share" if kept else "",
            client_msg_id="" if person.is_bot else str(uuid.uuid4()),
        )
        self._world.post(message)
        if f"<@{BOT_USER_ID}>" in encoded and BOT_USER_ID not in room.members:
            bot = self._workspace.app.bot_name
            self._whisper(f"@{bot} is not in this channel.", room, person, thread_ts)
        return message

    def post(
        self,
        room: Channel,
        bot: Person,
        *,
        text: str = "",
        thread_ts: str | None = None,
        files: Iterable[tuple[str, bytes]] = (),
        **content: Any,
    ) -> Message:
        """What another program posts with chat.postMessage: text as it is, blocks if it likes."""
        self._require_place(room, bot)
        blocks, attachments = content.get("blocks"), content.get("attachments")
        try:
            check_message(blocks, attachments)
        except Refused as refusal:
            raise BadRequest(f"cannot post the message: {refusal.answer()}") from None
        made = normal_content(text, blocks, attachments)
        kept = tuple(self._filed(name, data, room, bot) for name, data in files)
        message = Message(
            self._workspace.next_ts(),
            room.id,
            bot.id,
            made.text or "",
            blocks=made.blocks or (),
            attachments=made.attachments or (),
            thread_ts=thread_ts,
            files=kept,
            subtype="file_share" if kept else "",
        )
        return self._world.post(message)

    def hand_over(self, files: Iterable[tuple[str, bytes]], person: Person) -> list[dict[str, Any]]:
        """Give files to the app without a message."""
        room = self._workspace.dm(person.id)
        return [self._filed(name, data, room, person) for name, data in files]

    def edit(self, message: Message, text: str, person: Person) -> None:
        """Change what one wrote oneself."""
        if message.user != person.id or message.subtype not in {"", "file_share"}:
            raise NotAllowed(f"cannot edit the message: {person.name} did not write it")
        self._require_place(self._workspace.channels[message.channel], person)
        encoded = self._encoded(text)
        mark = {"user": person.id, "ts": self._workspace.next_ts()}
        blocks = () if person.is_bot else (as_rich_text(encoded),)
        self._world.edit(message, replace(message, text=encoded, blocks=blocks, edited=mark))

    def delete(self, message: Message, person: Person) -> None:
        """Take away what one wrote oneself; an admin anything; an ephemeral one is dismissed."""
        own = person.id in {message.user, message.only_for}
        if not own and not person.is_admin:
            raise NotAllowed(f"cannot delete the message: {person.name} did not write it")
        self._world.delete(message)

    def react(self, message: Message, name: str, person: Person) -> None:
        """Put an emoji under a message, or take it back."""
        self._require_place(self._workspace.channels[message.channel], person)
        on = person.id not in reacted(message, name)
        self._world.react(message, name, person.id, on=on)

    def _filed(self, name: str, data: bytes, room: Channel, person: Person) -> dict[str, Any]:
        if not data or len(data) > MOST_UPLOAD:
            raise BadRequest(f"cannot share {name}: it has {len(data)} bytes")
        _, file = self._world.cabinet.announce(name, len(data), person.id)
        file.shared = True
        file.channels.append(room.id)
        self._world.cabinet.receive(file, data)
        return as_wire(file, self._world.base_url)

    def _require_place(self, room: Channel, person: Person) -> None:
        if person.id not in room.members:
            raise NotAllowed(f"cannot type in #{room.name}: {person.name} is not in it")
        if room.is_archived:
            raise NotAllowed(f"cannot type in #{room.name}: is_archived")

    def _encoded(self, text: str) -> str:
        workspace = self._workspace
        return typed_text(text, user=workspace.user_id, channel=workspace.channel_id, named=False)
