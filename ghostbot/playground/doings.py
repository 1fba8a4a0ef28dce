"""What a page may ask for, each as the person who looks at it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ghostbot.errors import BadRequest, NotAllowed
from ghostbot.playground.directory import Channel, Person
from ghostbot.playground.hands import Hands
from ghostbot.playground.modals import Modals
from ghostbot.playground.normal import Json
from ghostbot.playground.trouble import Trouble
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World


class Looker(Protocol):
    """Whoever asks: the page, and the person in front of it."""

    person: Person


@dataclass(frozen=True, slots=True)
class Doors:
    """What there is to act with."""

    hands: Hands
    modals: Modals
    trouble: Trouble


Do = Callable[[Any, Json], Awaitable[Any]]


class Doings:
    """One method for each thing to do; a page names it in `do`."""

    def __init__(
        self,
        world: World,
        doors: Doors,
        turned: Callable[[], None],
        show: Callable[[Any], None],
    ) -> None:
        self._world = world
        self._workspace = world.workspace
        self._hands = doors.hands
        self._modals = doors.modals
        self._trouble = doors.trouble
        self._turned = turned
        self._show = show

    def named(self, name: Any) -> Do | None:
        """The method for `do`; what begins with an underscore is none."""
        if not isinstance(name, str) or name.startswith("_") or name == "named":
            return None
        found: Do | None = getattr(self, name, None)
        return found

    async def be(self, page: Looker, frame: Json) -> None:
        """Look at everything as another person."""
        person = self._workspace.person(frame["person"])
        if not person.is_playable:
            raise BadRequest(f"cannot be {person.name}: that is the app itself, or Slack")
        page.person = person
        self._show(page)

    async def type(self, page: Looker, frame: Json) -> None:
        """Send a line."""
        room = self._room(page, frame)
        more = {"broadcast": bool(frame.get("broadcast"))}
        text = str(frame["text"])
        await self._hands.type(text, room, page.person, frame.get("thread_ts"), **more)

    async def share(self, page: Looker, frame: Json) -> None:
        """Send files, `[{name, data}]` with base64 in data, and words with them."""
        files = [(str(file["name"]), _bytes(file["data"])) for file in frame["files"]]
        text, thread_ts = str(frame.get("text", "")), frame.get("thread_ts")
        room = self._room(page, frame)
        self._hands.deeds.say(text, room, page.person, thread_ts, files=files)

    async def upload(self, page: Looker, frame: Json) -> list[Json]:
        """Hand files to the app alone, as a file_input of a modal does; their file objects."""
        files = [(str(file["name"]), _bytes(file["data"])) for file in frame["files"]]
        return self._hands.deeds.hand_over(files, page.person)

    async def edit(self, page: Looker, frame: Json) -> None:
        """Change a message of one's own."""
        self._hands.deeds.edit(self._message(page, frame), str(frame["text"]), page.person)

    async def delete(self, page: Looker, frame: Json) -> None:
        """Delete a message, or dismiss an ephemeral one."""
        self._hands.deeds.delete(self._message(page, frame), page.person)

    async def react(self, page: Looker, frame: Json) -> None:
        """Put an emoji under a message, or take it back."""
        self._hands.deeds.react(self._message(page, frame), str(frame["name"]), page.person)

    async def join(self, page: Looker, frame: Json) -> None:
        """Join a public channel."""
        room = self._room(page, frame)
        if room.kind != "channel" or page.person.is_guest or page.person.is_stranger:
            raise NotAllowed(f"cannot join #{room.name}: somebody in it has to invite you")
        self._world.join(room.id, page.person.id)

    async def press(self, page: Looker, frame: Json) -> None:
        """Press or pick something in a message or a view."""
        name = frame["action_id"]
        place = {"value": frame.get("value"), "block_id": frame.get("block_id")}
        if view_id := frame.get("view_id"):
            values = frame.get("values") or {}
            await self._modals.press(page.person, view_id, name, **place, values=values)
        else:
            await self._hands.press(self._message(page, frame), page.person, name, **place)

    async def suggest(self, page: Looker, frame: Json) -> Json:
        """Type into an external select."""
        place = (frame["action_id"], frame["block_id"], str(frame.get("typed", "")))
        if view_id := frame.get("view_id"):
            return await self._modals.suggest(page.person, view_id, *place)
        return await self._hands.suggest(self._message(page, frame), page.person, *place)

    async def shortcut(self, page: Looker, frame: Json) -> None:
        """Use a global shortcut."""
        await self._hands.shortcut(frame["callback_id"], page.person)

    async def message_shortcut(self, page: Looker, frame: Json) -> None:
        """Use a shortcut on a message."""
        message = self._message(page, frame)
        await self._hands.message_shortcut(frame["callback_id"], message, page.person)

    async def submit(self, page: Looker, frame: Json) -> dict[str, str]:
        """Submit the modal on top; what is wrong with it comes back."""
        return await self._modals.submit(page.person, frame.get("values") or {})

    async def close(self, page: Looker, _frame: Json) -> None:
        """Close the modal on top."""
        await self._modals.close(page.person)

    async def home(self, page: Looker, _frame: Json) -> None:
        """Look at the Home tab."""
        self._modals.open_home(page.person)

    async def trouble(self, _page: Looker, frame: Json) -> None:
        """Turn a switch for trouble."""
        await self._trouble.turn(str(frame["what"]), frame.get("value"))
        self._turned()

    def _room(self, page: Looker, frame: Json) -> Channel:
        return self._workspace.room(frame["channel"], page.person)

    def _message(self, page: Looker, frame: Json) -> Message:
        return self._workspace.seen(self._room(page, frame).id, frame["ts"], page.person)


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError):
        raise BadRequest("cannot share the file: its bytes are not base64") from None
