"""The page's websocket: what a person sees, as it changes, and what they do.

Frames to the page: `all` (everything, after `hello`, a switch of person or a change of channels),
`message`, `gone`, `link`, `view`, `home`, `trouble`, `notice`, and `answer` (to the `id` of a
request). Frames from the page: `{"do": <a method of doings.py>, "id": n, ...arguments}`.

A page that does not take its frames is cut off; it comes again, and gets everything anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from ghostbot.errors import BadRequest, GhostError
from ghostbot.playground.commands import OWN
from ghostbot.playground.deeds import MOST_UPLOAD
from ghostbot.playground.directory import BOT_USER_ID, TEAM_DOMAIN, Channel, Person
from ghostbot.playground.doings import Doings, Doors
from ghostbot.playground.normal import Json
from ghostbot.playground.shown import as_seen
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World

KEPT = 300  # messages per channel that a page gets when it opens
BEHIND = 2_000  # frames that a page has not taken yet
CLOSE_S = 1.0
MOST_FRAME = MOST_UPLOAD * 2  # a file comes in base64


class Page:
    """One open page and the person who looks at it."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.BaseTransport | None, person: Person
    ) -> None:
        self.socket = socket
        self.person = person
        self._transport = transport
        self._frames: asyncio.Queue[Json | None] = asyncio.Queue(BEHIND)

    def send(self, frame: Json) -> None:
        """Send a frame, in its turn."""
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            if isinstance(self._transport, asyncio.Transport):
                self._transport.abort()

    async def run(self) -> None:
        """Send what there is to send, until `end`."""
        with contextlib.suppress(ConnectionError):
            while (frame := await self._frames.get()) is not None:
                await self.socket.send_str(json.dumps(frame))

    def end(self) -> None:
        """Send no more."""
        while not self._frames.empty():
            self._frames.get_nowait()
        self._frames.put_nowait(None)


class Live:
    """All open pages."""

    def __init__(self, world: World, doors: Doors) -> None:
        self._world = world
        self._workspace = world.workspace
        self._trouble = doors.trouble
        self._doings = Doings(world, doors, self._turned, self._show)
        self._pages: list[Page] = []
        self._workspace.watch(self._changed)
        self._workspace.on_rooms.append(self._rooms_changed)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A page opens."""
        socket = web.WebSocketResponse(
            heartbeat=20.0, timeout=CLOSE_S, compress=False, max_msg_size=MOST_FRAME
        )
        await socket.prepare(request)
        page = Page(socket, request.transport, self._workspace.person("alice"))
        self._pages.append(page)
        self._world.errands.start(page.run(), "page frames")
        try:
            self._show(page)
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    # a command may take 3 s to fail; the page stays live meanwhile
                    self._world.errands.start(self._done(page, frame.data), "page")
        finally:
            self._pages.remove(page)
            page.end()
        return socket

    async def close(self) -> None:
        """Close every page's line; they come again when the playground does."""
        for page in tuple(self._pages):
            await page.socket.close()

    def link(self) -> None:
        """The app's connections have changed."""
        self._all({"kind": "link", "connections": len(self._world.sockets)})

    def view(self, user: str) -> None:
        """A person's modal or Home tab has changed."""
        frame = {"kind": "view", "view": self._world.views.top(user)}
        self._all(frame | {"home": self._world.views.home(user)}, user)

    def notice(self, user: str, text: str) -> None:
        """Something failed for a person."""
        self._all({"kind": "notice", "text": text}, user)

    def _turned(self) -> None:
        """A switch for trouble was turned."""
        self._all({"kind": "trouble", "trouble": self._trouble.state()})

    def _rooms_changed(self) -> None:
        for page in self._pages:
            self._show(page)

    def _show(self, page: Page) -> None:
        page.send(self._everything(page.person))

    def _changed(self, message: Message, *, gone: bool) -> None:
        if not self._pages:
            return
        kind = "gone" if gone else "message"
        frame = {"kind": kind, "message": as_seen(self._workspace, message)}
        self._all(frame, message.only_for)

    def _all(self, frame: Json, user: str | None = None) -> None:
        for page in self._pages:
            if user in {None, page.person.id} and self._may_see(page.person, frame):
                page.send(frame)

    def _may_see(self, person: Person, frame: Json) -> bool:
        message = frame.get("message")
        if message is None:
            return True
        return self._visible(self._workspace.channels[message["channel"]], person)

    def _visible(self, room: Channel, person: Person) -> bool:
        if room.dm_with or room.is_private or person.is_guest or person.is_stranger:
            return person.id in room.members
        return True

    def _everything(self, person: Person) -> Json:
        app = self._workspace.app
        rooms = [r for r in self._workspace.channels.values() if self._visible(r, person)]
        commands = [
            *((c.name, c.usage_hint, c.description) for c in app.commands.values()),
            *((name, hint, about) for name, (hint, about) in OWN.items()),
        ]
        return {
            "kind": "all",
            "me": person.name,
            "team": TEAM_DOMAIN,
            "bot": {"id": BOT_USER_ID, "name": app.bot_name, "app": app.name, "home": app.home},
            "people": [_person(p) for p in self._workspace.people.values()],
            "groups": [
                {"id": g.id, "name": g.handle, "about": g.name, "users": g.users}
                for g in self._workspace.usergroups.values()
            ],
            "channels": [self._room(room, person) for room in rooms],
            "commands": [{"name": n, "hint": h, "about": a} for n, h, a in commands],
            "shortcuts": [dict(shortcut) for shortcut in app.shortcuts],
            "messages": [m for room in rooms for m in self._messages(room, person)],
            "connections": len(self._world.sockets),
            "view": self._world.views.top(person.id),
            "home": self._world.views.home(person.id),
            "trouble": self._trouble.state(),
        }

    def _room(self, room: Channel, person: Person) -> Json:
        return {
            "id": room.id,
            "name": room.name,
            "topic": room.topic,
            "dm": bool(room.dm_with),
            "private": room.is_private,
            "shared": room.is_shared,
            "archived": room.is_archived,
            "member": person.id in room.members,
            "members": list(room.members),
        }

    def _messages(self, room: Channel, person: Person) -> list[Json]:
        kept = self._workspace.everything(room.id, to=person.id)[-KEPT:]
        return [as_seen(self._workspace, message) for message in kept]

    async def _done(self, page: Page, text: str) -> None:
        number = None
        try:
            frame = json.loads(text)
            number = frame.get("id")
            doing = self._doings.named(frame.get("do"))
            if doing is None:
                raise BadRequest(f"cannot do {frame.get('do')!r}: there is no such thing to do")
            result = await doing(page, frame)
            page.send({"kind": "answer", "id": number, "ok": True, "result": result})
        except (GhostError, ValueError, KeyError, AttributeError, TypeError) as error:
            words = str(error) if isinstance(error, GhostError) else f"bad frame: {error!r}"
            page.send({"kind": "answer", "id": number, "ok": False, "error": words})


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "role": person.role,
        "bot": person.is_bot,
        "bot_id": person.bot_id,
        "playable": person.is_playable,
    }
