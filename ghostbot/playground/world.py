"""The parts of the playground, together: what every method and every click needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ghostbot.playground.cabinet import Cabinet
from ghostbot.playground.clock import Clock
from ghostbot.playground.directory import BOT_USER_ID, TEAM_ID
from ghostbot.playground.errands import Errands
from ghostbot.playground.events import Events
from ghostbot.playground.faults import Faults
from ghostbot.playground.normal import Json, normal_blocks, posted_text
from ghostbot.playground.socket_mode import Sockets
from ghostbot.playground.surfaces import Views
from ghostbot.playground.vouchers import Vouchers
from ghostbot.playground.workspace import Message, Workspace


@dataclass(slots=True)
class World:
    """One Slack. `base_url` is known once the server is bound."""

    workspace: Workspace
    clock: Clock
    faults: Faults
    vouchers: Vouchers
    sockets: Sockets
    events: Events
    views: Views
    errands: Errands
    cabinet: Cabinet
    bot_token: str
    app_token: str
    base_url: str = ""
    edit_window_s: float | None = None  # the workspace's rule on how long posts may be edited
    pins: dict[str, dict[str, int]] = field(default_factory=dict)  # channel → ts → when
    later: dict[str, Any] = field(default_factory=dict)  # what was scheduled, by its id
    on_notice: Callable[[str, str], None] = lambda _user, _text: None

    def post(self, message: Message) -> Message:
        """Put a message where it belongs and tell the app, unless one person alone sees it."""
        self.workspace.put(message)
        if message.only_for is None:
            self.events.posted(message)
        return message

    def edit(self, old: Message, new: Message) -> Message:
        """Put the new form of a message in the place of the old one."""
        self.workspace.put(new)
        if new.only_for is None:
            self.events.changed(old, new)
        return new

    def delete(self, message: Message) -> None:
        """Take a message away."""
        self.workspace.remove(message)
        if message.only_for is None:
            self.events.deleted(message)

    def react(self, message: Message, name: str, user: str, *, on: bool) -> Message:
        """Give a message someone's reaction, or take it away."""
        new = self.workspace.put(with_reaction(message, name, user, on=on))
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        body = {"user": user, "reaction": name, "item": item, "item_user": message.user}
        if BOT_USER_ID in self.workspace.channels[message.channel].members:
            self.events.happened("reaction_added" if on else "reaction_removed", body)
        return new

    def join(self, channel: str, user: str, *, inviter: str = "") -> None:
        """Make someone a member, and say so in the channel."""
        room = self.workspace.channels[channel]
        if user in room.members:
            return
        self.workspace.change(channel, members=(*room.members, user))
        words = f"<@{user}> has joined the channel"
        ts = self.workspace.next_ts()
        self.post(Message(ts, channel, user, words, subtype="channel_join"))
        more = {"inviter": inviter} if inviter else {}
        self._moved("member_joined_channel", channel, user, **more)

    def leave(self, channel: str, user: str) -> None:
        """Make someone a member no more; the app still hears of its own leaving."""
        room = self.workspace.channels[channel]
        self._moved("member_left_channel", channel, user)
        left = tuple(member for member in room.members if member != user)
        self.workspace.change(channel, members=left)

    def _moved(self, name: str, channel: str, user: str, **more: str) -> None:
        room = self.workspace.channels[channel]
        if BOT_USER_ID in room.members:
            kind = {"channel": "C", "group": "G"}.get(room.kind, "D")
            body = {"user": user, "channel": channel, "channel_type": kind}
            self.events.happened(name, body | {"team": TEAM_ID} | more)

    def from_app(self, channel: str, content: Content, **place: Any) -> Message:
        """A message of the app that nobody sees yet."""
        return Message(
            ts=self.workspace.next_ts(),
            channel=channel,
            user=BOT_USER_ID,
            text=content.text or "",
            blocks=content.blocks or (),
            attachments=content.attachments or (),
            **place,
        )


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says; `None` is what was not given."""

    text: str | None
    blocks: tuple[Json, ...] | None
    attachments: tuple[Json, ...] | None

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it that could be shown."""
        return not (self.text or self.blocks or self.attachments)


def normal_content(text: Any, blocks: Any, attachments: Any) -> Content:
    """Checked blocks and attachments, as Slack stores them."""
    return Content(
        text=None if text is None else posted_text(str(text)),
        blocks=None if blocks is None else tuple(normal_blocks(blocks)),
        attachments=None if attachments is None else tuple(map(_attachment, attachments)),
    )


def _attachment(attachment: Json) -> Json:
    if not attachment.get("blocks"):
        return dict(attachment)
    return {**attachment, "blocks": normal_blocks(attachment["blocks"])}


def edited(old: Message, content: Content, *, mark: Json | None) -> Message:
    """The new form of a message: blocks stay only when the text is not given either."""
    blocks = content.blocks
    if blocks is None:
        blocks = old.blocks if content.text is None else ()
    return replace(
        old,
        text=old.text if content.text is None else content.text,
        blocks=blocks,
        attachments=old.attachments if content.attachments is None else content.attachments,
        edited=None if blocks else mark,
    )


def reacted(message: Message, name: str) -> list[str]:
    """Who has reacted with this emoji."""
    return next((list(r["users"]) for r in message.reactions if r["name"] == name), [])


def with_reaction(message: Message, name: str, user: str, *, on: bool) -> Message:
    """The message with someone's reaction, or without it."""
    users = [*(u for u in reacted(message, name) if u != user), *([user] if on else [])]
    changed = {"name": name, "users": users, "count": len(users)}
    kept = [changed if r["name"] == name else r for r in message.reactions]
    if changed not in kept:
        kept.append(changed)
    return replace(message, reactions=tuple(r for r in kept if r["users"]))
