"""The page's websocket: what a person sees, as it changes, and what they do.

Frames to the page: `all` (everything, after `hello` or a switch of person), `message`, `gone`,
`link`, `view`, `home`, `notice`, and `answer` (to the `id` of a request).
Frames from the page: `{"do": <a method of Doings>, "id": n, ...arguments}`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from ghostbot.errors import BadRequest, GhostError
from ghostbot.playground.directory import BOT_USER_ID, TEAM_DOMAIN, Channel, Person
from ghostbot.playground.hands import Hands
from ghostbot.playground.modals import Modals
from ghostbot.playground.normal import Json
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World

KEPT = 300  # messages per channel that a page gets when it opens
CLOSE_S = 1.0

Do = Callable[["Page", Json], Any]


class Page:
    """One open page and the person who looks at it."""

    def __init__(self, socket: web.WebSocketResponse, person: Person) -> None:
        self.socket = socket
        self.person = person

    async def send(self, frame: Json) -> None:
        """Send a frame; a page that was closed meanwhile misses nothing."""
        with contextlib.suppress(ConnectionError):
            await self.socket.send_str(json.dumps(frame))


class Live:
    """All open pages."""

    def __init__(self, world: World, hands: Hands, modals: Modals) -> None:
        self._world = world
        self._workspace = world.workspace
        self._hands = hands
        self._modals = modals
        self._pages: list[Page] = []
        self._doings: dict[str, Do] = {
            "be": self._be,
            "type": self._type,
            "join": self._join,
            "press": self._press,
            "suggest": self._suggest,
            "shortcut": self._shortcut,
            "message_shortcut": self._message_shortcut,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
        }
        self._workspace.watch(self._changed)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A page opens."""
        socket = web.WebSocketResponse(heartbeat=20.0, timeout=CLOSE_S, compress=False)
        await socket.prepare(request)
        page = Page(socket, self._workspace.person("alice"))
        self._pages.append(page)
        try:
            await page.send(self._everything(page.person))
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    # a command may take 3 s to fail; the page stays live meanwhile
                    self._world.errands.start(self._done(page, frame.data), "page")
        finally:
            self._pages.remove(page)
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

    def _changed(self, message: Message, *, gone: bool) -> None:
        kind = "gone" if gone else "message"
        frame = {"kind": kind, "message": self._workspace.as_seen(message)}
        self._all(frame, message.only_for)

    def _all(self, frame: Json, user: str | None = None) -> None:
        for page in self._pages:
            if user in {None, page.person.id} and self._may_see(page.person, frame):
                self._world.errands.start(page.send(frame), "page frame")

    def _may_see(self, person: Person, frame: Json) -> bool:
        message = frame.get("message")
        if message is None:
            return True
        return self._visible(self._workspace.channels[message["channel"]], person)

    def _visible(self, room: Channel, person: Person) -> bool:
        if room.dm_with or room.is_private or person.is_guest:
            return person.id in room.members
        return True

    def _everything(self, person: Person) -> Json:
        app = self._workspace.app
        rooms = [r for r in self._workspace.channels.values() if self._visible(r, person)]
        return {
            "kind": "all",
            "me": person.name,
            "team": TEAM_DOMAIN,
            "bot": {"id": BOT_USER_ID, "name": app.bot_name, "app": app.name, "home": app.home},
            "people": [
                {"id": p.id, "name": p.name, "real_name": p.real_name, "bot": p.is_bot}
                for p in self._workspace.people.values()
            ],
            "groups": [{"id": g.id, "name": g.handle} for g in self._workspace.usergroups.values()],
            "channels": [self._room(room, person) for room in rooms],
            "commands": [
                {"name": c.name, "hint": c.usage_hint, "about": c.description}
                for c in app.commands.values()
            ],
            "shortcuts": [dict(shortcut) for shortcut in app.shortcuts],
            "messages": [m for room in rooms for m in self._messages(room, person)],
            "connections": len(self._world.sockets),
            "view": self._world.views.top(person.id),
            "home": self._world.views.home(person.id),
        }

    def _room(self, room: Channel, person: Person) -> Json:
        shown = {"id": room.id, "name": room.name, "topic": room.topic, "dm": bool(room.dm_with)}
        return shown | {"member": person.id in room.members, "members": len(room.members)}

    def _messages(self, room: Channel, person: Person) -> list[Json]:
        kept = self._workspace.everything(room.id, to=person.id)[-KEPT:]
        return [self._workspace.as_seen(message) for message in kept]

    # what a page asks for

    async def _done(self, page: Page, text: str) -> None:
        number = None
        try:
            frame = json.loads(text)
            number = frame.get("id")
            doing = self._doings.get(frame.get("do"))
            if doing is None:
                raise BadRequest(f"cannot do {frame.get('do')!r}: there is no such thing to do")
            result = await doing(page, frame)
            await page.send({"kind": "answer", "id": number, "ok": True, "result": result})
        except (GhostError, ValueError, KeyError, AttributeError, TypeError) as error:
            words = str(error) if isinstance(error, GhostError) else f"bad frame: {error!r}"
            await page.send({"kind": "answer", "id": number, "ok": False, "error": words})

    async def _be(self, page: Page, frame: Json) -> None:
        person = self._workspace.person(frame["person"])
        if person.is_bot:
            raise BadRequest(f"cannot be {person.name}: that is no person")
        page.person = person
        await page.send(self._everything(page.person))

    async def _type(self, page: Page, frame: Json) -> None:
        room = self._workspace.room(frame["channel"], page.person)
        await self._hands.type(frame["text"], room, page.person, frame.get("thread_ts"))

    async def _join(self, page: Page, frame: Json) -> None:
        room = self._workspace.room(frame["channel"], page.person)
        self._workspace.join(room.id, page.person.id)
        await page.send(self._everything(page.person))

    async def _press(self, page: Page, frame: Json) -> None:
        name = frame["action_id"]
        place = {"value": frame.get("value"), "block_id": frame.get("block_id")}
        if view_id := frame.get("view_id"):
            values = frame.get("values") or {}
            await self._modals.press(page.person, view_id, name, **place, values=values)
        else:
            await self._hands.press(self._message(page, frame), page.person, name, **place)

    async def _suggest(self, page: Page, frame: Json) -> Json:
        place = (frame["action_id"], frame["block_id"], str(frame.get("typed", "")))
        if view_id := frame.get("view_id"):
            return await self._modals.suggest(page.person, view_id, *place)
        return await self._hands.suggest(self._message(page, frame), page.person, *place)

    async def _shortcut(self, page: Page, frame: Json) -> None:
        await self._hands.shortcut(frame["callback_id"], page.person)

    async def _message_shortcut(self, page: Page, frame: Json) -> None:
        message = self._message(page, frame)
        await self._hands.message_shortcut(frame["callback_id"], message, page.person)

    async def _submit(self, page: Page, frame: Json) -> dict[str, str]:
        return await self._modals.submit(page.person, frame.get("values") or {})

    async def _close(self, page: Page, _frame: Json) -> None:
        await self._modals.close(page.person)

    async def _home(self, page: Page, _frame: Json) -> None:
        self._modals.open_home(page.person)

    def _message(self, page: Page, frame: Json) -> Message:
        room = self._workspace.room(frame["channel"], page.person)
        return self._workspace.seen(room.id, frame["ts"], page.person)
