"""The workspace: channels, messages, threads, and what is shown to one person alone.

1. A message is never changed in place: an edit puts a new one under the same `ts`.
2. `ts` are unique and rise.
3. Ephemeral messages live beside the others, belong to one person, and are in no history.
4. Whoever watches is told after each change, in the same turn of the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ghostbot.errors import NoSuch
from ghostbot.playground.clock import Clock
from ghostbot.playground.directory import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_ID,
    USERGROUPS,
    Channel,
    Person,
    Usergroup,
    app_of,
    channels,
    people,
)
from ghostbot.playground.normal import Json
from ghostbot.playground.wire import Refused


@dataclass(frozen=True, slots=True)
class Message:
    """What stands in a channel. `only_for` is the one person who sees an ephemeral one."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    edited: Json | None = None
    metadata: Json | None = None
    files: tuple[Json, ...] = ()
    reactions: tuple[Json, ...] = ()
    only_for: str | None = None
    username: str | None = None

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread and is not its parent."""
        return self.thread_ts is not None and self.thread_ts != self.ts


class Watcher(Protocol):
    """Whoever is told about changes."""

    def __call__(self, message: Message, /, *, gone: bool) -> None:
        """Hear that a message appeared, changed, or is gone."""


class Workspace:
    """The state of the whole Slack; the server's loop is its one owner."""

    def __init__(self, manifest: Mapping[str, Any], clock: Clock, alerts: str) -> None:
        self.app = app_of(manifest)
        self.clock = clock
        self.people = {person.id: person for person in people(self.app)}
        self.channels = {channel.id: channel for channel in channels(self.app, alerts)}
        self.usergroups = {group.id: group for group in USERGROUPS}
        self._messages: dict[str, dict[str, Message]] = {c: {} for c in self.channels}
        self._watchers: list[Watcher] = []
        self._last_ts = 0

    # who and where

    def person(self, name: str) -> Person:
        """The person with this name or id."""
        for person in self.people.values():
            if name in {person.id, person.name}:
                return person
        known = ", ".join(p.name for p in self.people.values() if not p.is_bot)
        raise NoSuch(f"cannot find the person {name}: there are {known}")

    def user_id(self, handle: str) -> str | None:
        """The id behind @handle: a person, the app or a user group."""
        if group := self.usergroup(handle):
            return group.id
        names = {p.name.casefold(): p.id for p in self.people.values()}
        names.setdefault(self.app.name.casefold(), BOT_USER_ID)
        return names.get(handle.casefold())

    def usergroup(self, handle: str) -> Usergroup | None:
        """The user group with this handle."""
        return next((g for g in self.usergroups.values() if g.handle == handle), None)

    def channel_id(self, name: str) -> str | None:
        """The id behind #name."""
        rooms = (c for c in self.channels.values() if not c.dm_with)
        return next((c.id for c in rooms if c.name == name.removeprefix("#")), None)

    def room(self, name: str, by: Person) -> Channel:
        """The channel that a person means: an id, #name, or `dm` (or @bot) for their DM."""
        if name in {"dm", f"@{self.app.bot_name}"}:
            return self.dm(by.id)
        found = name if name in self.channels else self.channel_id(name)
        if found is None:
            known = ", ".join(f"#{c.name}" for c in self.channels.values() if not c.dm_with)
            raise NoSuch(f"cannot find the channel {name}: there are {known} and dm")
        return self.channels[found]

    def dm(self, user: str) -> Channel:
        """The DM of the bot with a person."""
        return next(c for c in self.channels.values() if c.dm_with == user)

    def join(self, channel: str, user: str) -> None:
        """Make someone a member."""
        room = self.channels[channel]
        if user not in room.members:
            self.channels[channel] = replace(room, members=(*room.members, user))

    # messages

    def next_ts(self) -> str:
        """A time stamp that nothing else has."""
        self._last_ts = max(self._last_ts + 1, int(self.clock.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def put(self, message: Message) -> Message:
        """Post a message, or put its new form where the old one stood."""
        self._messages[message.channel][message.ts] = message
        self._tell(message, gone=False)
        if message.is_reply and message.only_for is None:
            self._tell_parent(message)
        return message

    def remove(self, message: Message) -> None:
        """Take a message away."""
        del self._messages[message.channel][message.ts]
        self._tell(message, gone=True)
        if message.is_reply and message.only_for is None:
            self._tell_parent(message)

    def find(self, channel: str, ts: str, *, seen_by: str | None = None) -> Message | None:
        """The message with this ts; ephemeral ones only for the person who sees them."""
        message = self._messages[channel].get(ts)
        if message is None or message.only_for not in {None, seen_by}:
            return None
        return message

    def seen(self, channel: str, ts: str, person: Person) -> Message:
        """The message that a person points at."""
        message = self.find(channel, ts, seen_by=person.id)
        if message is None:
            raise NoSuch(f"cannot find the message {ts}: {person.name} sees none in {channel}")
        return message

    def everything(self, channel: str, *, to: str) -> list[Message]:
        """All that a person sees in a channel and its threads, oldest first."""
        return [m for m in self._messages[channel].values() if m.only_for in {None, to}]

    def shown(self, channel: str, *, to: str | None, thread_ts: str | None) -> list[Message]:
        """What a person sees in a channel or a thread, oldest first; `to=None`: what all see."""
        seen = (m for m in self._messages[channel].values() if m.only_for in {None, to})
        if thread_ts is None:
            return [m for m in seen if not m.is_reply or m.broadcast]
        return [m for m in seen if thread_ts in {m.ts, m.thread_ts}]

    def replies(self, message: Message) -> Iterator[Message]:
        """What stands in the thread under a message, the ephemeral left out."""
        for other in self._messages[message.channel].values():
            if other.thread_ts == message.ts and other.is_reply and other.only_for is None:
                yield other

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Be told of each message that appears, changes or goes (true); undo with the answer."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _tell(self, message: Message, *, gone: bool) -> None:
        for watcher in tuple(self._watchers):
            watcher(message, gone=gone)

    def _tell_parent(self, reply: Message) -> None:
        parent = self._messages[reply.channel].get(reply.thread_ts or "")
        if parent is not None:
            self._tell(parent, gone=False)

    # shapes

    def as_wire(self, message: Message, *, with_metadata: bool = False) -> Json:
        """A message as the Web API and the payloads show it."""
        wire: Json = {"type": "message", "user": message.user, "ts": message.ts}
        wire["text"] = message.text
        wire["team"] = TEAM_ID
        if message.user == BOT_USER_ID:
            wire |= {"bot_id": BOT_ID, "app_id": APP_ID}
        wire |= {"blocks": list(message.blocks)} if message.blocks else {}
        if message.attachments:
            wire["attachments"] = [
                {"id": index, **attachment}
                for index, attachment in enumerate(message.attachments, start=1)
            ]
        if message.broadcast:
            wire["subtype"] = "thread_broadcast"
        wire |= {"edited": message.edited} if message.edited else {}
        wire |= {"files": list(message.files)} if message.files else {}
        wire |= {"reactions": list(message.reactions)} if message.reactions else {}
        wire |= {"username": message.username} if message.username else {}
        if with_metadata and message.metadata:
            wire["metadata"] = message.metadata
        return wire | self._thread_fields(message)

    def _thread_fields(self, message: Message) -> Json:
        if message.is_reply:
            return {"thread_ts": message.thread_ts}
        replies = list(self.replies(message))
        if not replies:
            return {}
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": sorted({reply.user for reply in replies}),
            "reply_users_count": len({reply.user for reply in replies}),
            "latest_reply": replies[-1].ts,
        }

    def as_seen(self, message: Message) -> Json:
        """A message as the page and the tests show it: every key is there."""
        wire = self.as_wire(message, with_metadata=True)
        return {
            "ts": message.ts,
            "channel": message.channel,
            "user": message.user,
            "name": message.username or self.people[message.user].name,
            "text": message.text,
            "blocks": list(message.blocks),
            "attachments": wire.get("attachments", []),
            "ephemeral": message.only_for is not None,
            "edited": message.edited is not None,
            "thread_ts": wire.get("thread_ts"),
            "reply_count": wire.get("reply_count", 0),
            "broadcast": message.broadcast,
            "files": list(message.files),
            "reactions": list(message.reactions),
            "metadata": message.metadata,
        }

    def mine(self, channel: str) -> Channel:
        """The channel with this id, which the bot must be a member of."""
        room = self.channels.get(channel)
        if room is None:
            raise Refused("channel_not_found")
        if BOT_USER_ID not in room.members:
            raise Refused("not_in_channel")
        return room
