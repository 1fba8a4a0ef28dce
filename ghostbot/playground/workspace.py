"""The workspace: channels, messages, threads, and what is shown to one person alone.

1. A message is never changed in place: an edit puts a new one under the same `ts`.
2. `ts` are unique and rise.
3. Ephemeral messages live beside the others, belong to one person, and are in no history.
4. Whoever watches is told after each change, in the same turn of the loop.
5. A channel keeps its newest MOST_MESSAGES; the oldest go for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ghostbot.errors import NoSuch
from ghostbot.playground.clock import Clock
from ghostbot.playground.directory import (
    BOT_USER_ID,
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

MOST_MESSAGES = 3_000  # per channel, at up to some 15 kB each
BROADCASTS = {"here", "channel", "everyone"}


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
    subtype: str = ""
    client_msg_id: str = ""  # what a person's client gives it

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

    def __init__(
        self, manifest: Mapping[str, Any], clock: Clock, alerts: str, more: Iterable[str] = ()
    ) -> None:
        self.app = app_of(manifest)
        self.clock = clock
        self.people = {person.id: person for person in people(self.app)}
        self.channels = {channel.id: channel for channel in channels(self.app, alerts, more)}
        self.usergroups = {group.id: group for group in USERGROUPS}
        self.on_rooms: list[Callable[[], None]] = []  # told when a channel or its members change
        self._messages: dict[str, dict[str, Message]] = {c: {} for c in self.channels}
        self._threads: dict[str, dict[str, dict[str, None]]] = {c: {} for c in self.channels}
        self._watchers: list[Watcher] = []
        self._last_ts = 0

    # who and where

    def person(self, name: str) -> Person:
        """The person with this name or id."""
        for person in self.people.values():
            if name in {person.id, person.name}:
                return person
        known = ", ".join(p.name for p in self.people.values() if p.is_playable)
        raise NoSuch(f"cannot find the person {name}: there are {known}")

    def user_id(self, handle: str) -> str | None:
        """The id behind @handle: a person, the app or a user group; `!here` for a broadcast."""
        if handle in BROADCASTS:
            return f"!{handle}"
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
        """The DM of the bot with a person; bots have none."""
        for channel in self.channels.values():
            if channel.dm_with == user:
                return channel
        raise NoSuch(f"cannot open a DM: {user} is no person")

    def change(self, channel: str, **new: Any) -> Channel:
        """Give a channel new members, another topic, or lay it into the archive."""
        self.channels[channel] = replace(self.channels[channel], **new)
        for told in self.on_rooms:
            told()
        return self.channels[channel]

    # messages

    def next_ts(self) -> str:
        """A time stamp that nothing else has."""
        self._last_ts = max(self._last_ts + 1, int(self.clock.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def put(self, message: Message) -> Message:
        """Post a message, or put its new form where the old one stood."""
        self._file(message)
        self._tell(message, gone=False)
        self._tell_parent(message)
        kept = self._messages[message.channel]
        while len(kept) > MOST_MESSAGES:
            self.remove(next(iter(kept.values())))
        return message

    def remove(self, message: Message) -> None:
        """Take a message away."""
        del self._messages[message.channel][message.ts]
        if message.is_reply:
            threads = self._threads[message.channel]
            thread = threads.get(message.thread_ts or "", {})
            thread.pop(message.ts, None)
            if not thread:
                threads.pop(message.thread_ts or "", None)
        self._tell(message, gone=True)
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
        kept = self._messages[channel]
        if thread_ts is None:
            seen = (m for m in kept.values() if m.only_for in {None, to})
            return [m for m in seen if not m.is_reply or m.broadcast]
        stamps = (thread_ts, *self._threads[channel].get(thread_ts, ()))
        thread = (kept[ts] for ts in stamps if ts in kept)
        return [m for m in thread if m.only_for in {None, to}]

    def replies(self, message: Message) -> Iterator[Message]:
        """What stands in the thread under a message, the ephemeral left out."""
        kept = self._messages[message.channel]
        for ts in self._threads[message.channel].get(message.ts, ()):
            if kept[ts].only_for is None:
                yield kept[ts]

    def kept(self, most: int) -> tuple[Json, list[Message]]:
        """The newest of each channel that not one person alone sees, and how the channels are."""
        rooms = {
            room.id: {"members": room.members, "topic": room.topic, "is_archived": room.is_archived}
            for room in self.channels.values()
            if not room.dm_with
        }
        messages = []
        for channel in self._messages.values():
            messages += [m for m in channel.values() if m.only_for is None][-most:]
        return rooms, messages

    def recall(self, rooms: Json, messages: Iterable[Message]) -> None:
        """Be as an earlier workspace was; channels and people that are no more are left out."""
        for name, room in rooms.items():
            if name in self.channels:
                members = tuple(user for user in room["members"] if user in self.people)
                changed = {"topic": room["topic"], "is_archived": room["is_archived"]}
                self.channels[name] = replace(self.channels[name], members=members, **changed)
        for message in messages:
            if message.channel in self.channels and message.user in self.people:
                self._file(message)
                self._last_ts = max(self._last_ts, int(message.ts.replace(".", "")))

    def _file(self, message: Message) -> None:
        self._messages[message.channel][message.ts] = message
        if message.is_reply:
            assert message.thread_ts is not None  # is_reply has asked
            thread = self._threads[message.channel].setdefault(message.thread_ts, {})
            thread[message.ts] = None

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Be told of each message that appears, changes or goes (true); undo with the answer."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _tell(self, message: Message, *, gone: bool) -> None:
        for watcher in tuple(self._watchers):
            watcher(message, gone=gone)

    def _tell_parent(self, reply: Message) -> None:
        """The count of replies of the parent has changed, and nothing else of it."""
        if not reply.is_reply or reply.only_for is not None:
            return
        parent = self._messages[reply.channel].get(reply.thread_ts or "")
        if parent is not None:
            self._tell(parent, gone=False)

    def mine(self, channel: str) -> Channel:
        """The channel with this id, which the bot must be a member of.

        A private one that it is not in does not exist for it.
        """
        room = self.channels.get(channel)
        if room is None or (room.kind != "channel" and BOT_USER_ID not in room.members):
            raise Refused("channel_not_found")
        if BOT_USER_ID not in room.members:
            raise Refused("not_in_channel")
        return room
