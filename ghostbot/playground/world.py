"""The parts of the playground, together: what every method and every click needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ghostbot.playground.clock import Clock
from ghostbot.playground.directory import BOT_USER_ID
from ghostbot.playground.errands import Errands
from ghostbot.playground.events import Events
from ghostbot.playground.faults import Faults
from ghostbot.playground.normal import Json, normal_blocks, posted_text
from ghostbot.playground.socket_mode import Sockets
from ghostbot.playground.surfaces import Views
from ghostbot.playground.vouchers import Vouchers
from ghostbot.playground.workspace import Message, Workspace


@dataclass(slots=True)
class Upload:
    """A file on its way: announced, then sent, then shared."""

    id: str
    name: str
    length: int
    data: bytes | None = None
    shared: bool = False


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
    bot_token: str
    app_token: str
    base_url: str = ""
    uploads: dict[str, Upload] = field(default_factory=dict)
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
