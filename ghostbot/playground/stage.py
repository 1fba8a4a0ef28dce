"""The playground as its users hold it: start it, do what people do, see what they see."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ghostbot.playground.cabinet import Cabinet
from ghostbot.playground.clock import Clock
from ghostbot.playground.doings import Doors
from ghostbot.playground.errands import Errands
from ghostbot.playground.events import Events
from ghostbot.playground.faults import Faults
from ghostbot.playground.hands import Hands
from ghostbot.playground.live import Live
from ghostbot.playground.memory import Memory
from ghostbot.playground.modals import Modals
from ghostbot.playground.normal import Json
from ghostbot.playground.responses import Responses
from ghostbot.playground.server import Server
from ghostbot.playground.shown import as_seen
from ghostbot.playground.socket_mode import Sockets
from ghostbot.playground.surfaces import Views
from ghostbot.playground.trouble import Trouble
from ghostbot.playground.vouchers import Vouchers
from ghostbot.playground.web_api import WebApi
from ghostbot.playground.wire import Call
from ghostbot.playground.workspace import Message, Workspace
from ghostbot.playground.world import World

T = TypeVar("T")

ALERTS = "ghost-alerts"
NOTICES = 1_000  # kept
SHOWN = 2_000  # characters of each message that a timeout shows


class Playground:
    """A Slack on this machine. A bad manifest raises `ConfigError`."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        channel: str = ALERTS,
        channels: Iterable[str] = (),
        clock_scale: float = 1.0,
        memory: Path | None = None,
    ) -> None:
        """`channel` is where alerts go, `channels` are more; messages outlive us in `memory`."""
        self.clock = Clock(clock_scale)
        self.faults = Faults()
        self.notices: list[tuple[str, str]] = []  # (user id, what failed for them)
        alerts = channel.removeprefix("#")
        self._workspace = Workspace(manifest, self.clock, alerts, channels)
        self._world = _world_of(self._workspace, self.faults)
        self.sockets = self._world.sockets
        self._memory = Memory(memory, self._workspace) if memory else None
        self._alerts = next(iter(self._workspace.channels))
        self._api = WebApi(self._world)
        responses = Responses(self._world)
        self._hands = Hands(self._world, responses)
        self._modals = Modals(self._world, self._hands)
        self._live = Live(self._world, Doors(self._hands, self._modals, Trouble(self._world)))
        self._server = Server(self._world, self._api, responses, self._live, host=host, port=port)
        self._waiting: set[asyncio.Event] = set()
        self._connect()

    def _connect(self) -> None:
        """Tell the page and whoever waits in `until` of everything that changes."""
        self.faults.on_outage = self.sockets.cut
        self.sockets.on_change = self._linked
        self._world.views.on_change = self._viewed
        self._world.on_notice = self._noticed
        self._api.on_call = self._stir
        self._workspace.watch(lambda _message, *, gone: self._stir())  # noqa: ARG005 - the seam

    def _stir(self) -> None:
        for waiting in self._waiting:
            waiting.set()

    def _linked(self) -> None:
        self._live.link()
        self._stir()

    def _viewed(self, user: str) -> None:
        self._live.view(user)
        self._stir()

    def _noticed(self, user: str, text: str) -> None:
        self.notices.append((user, text))
        del self.notices[:-NOTICES]
        self._live.notice(user, text)
        self._stir()

    async def start(self) -> None:
        """Open the door; `OSError` when the port is taken."""
        if self._memory is not None:
            await self._memory.recall()
        await self._server.start()
        if self._memory is not None:
            self._world.errands.start(self._memory.keep(), "memory")

    async def stop(self) -> None:
        """Close everything. Stopping twice is stopping once."""
        await self._world.errands.stop()
        await self._live.close()
        await self.sockets.close()
        await self._server.stop()
        if self._memory is not None:
            await self._memory.save()

    @property
    def page_url(self) -> str:
        """What to open in the browser."""
        return f"{self._world.base_url}/"

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL must be."""
        return f"{self._world.base_url}/api/"

    @property
    def bot_token(self) -> str:
        """The one bot token that is accepted."""
        return self._world.bot_token

    @property
    def app_token(self) -> str:
        """The one app token that is accepted."""
        return self._world.app_token

    @property
    def calls(self) -> list[Call]:
        """The calls of the Web API so far, oldest first."""
        return list(self._api.calls)

    async def type(
        self,
        text: str,
        *,
        channel: str = "",
        by: str = "alice",
        thread_ts: str | None = None,
        broadcast: bool = False,
    ) -> None:
        """Type a line and press Enter; a slash command is awaited until it is acked or failed."""
        person, room = self._workspace.person(by), self._room(channel, by)
        await self._hands.type(text, room, person, thread_ts, broadcast=broadcast)

    @property
    def edit_window_s(self) -> float | None:
        """How long the workspace lets posts be edited; None is for ever."""
        return self._world.edit_window_s

    @edit_window_s.setter
    def edit_window_s(self, seconds: float | None) -> None:
        self._world.edit_window_s = seconds

    def post(self, *, channel: str = "", by: str = "robot", **message: Any) -> str:
        """Post as another program does (`text`, `blocks`, `files`, `thread_ts`); its `ts`."""
        bot = self._workspace.person(by)
        return self._hands.deeds.post(self._room(channel, by), bot, **message).ts

    def share(
        self,
        *files: tuple[str, bytes],
        text: str = "",
        channel: str = "",
        by: str = "alice",
        thread_ts: str | None = None,
    ) -> str:
        """Post files, `(name, bytes)`, as a person does; a text is a snippet. Its `ts`."""
        person, room = self._workspace.person(by), self._room(channel, by)
        return self._hands.deeds.say(text, room, person, thread_ts, files=files).ts

    def edit(self, ts: str, text: str, *, channel: str = "", by: str = "alice") -> None:
        """Edit one's own message."""
        self._hands.deeds.edit(self._seen(ts, channel, by), text, self._workspace.person(by))

    def delete(self, ts: str, *, channel: str = "", by: str = "alice") -> None:
        """Delete one's own message."""
        self._hands.deeds.delete(self._seen(ts, channel, by), self._workspace.person(by))

    def react(self, ts: str, name: str, *, channel: str = "", by: str = "alice") -> None:
        """Put an emoji under a message, or take it back."""
        self._hands.deeds.react(self._seen(ts, channel, by), name, self._workspace.person(by))

    async def press(
        self,
        ts: str,
        action_id: str,
        *,
        by: str = "alice",
        channel: str = "",
        value: str | None = None,
    ) -> None:
        """Press a button, or pick the option `value` of a select or overflow menu."""
        person = self._workspace.person(by)
        message = self._seen(ts, channel, by)
        await self._hands.press(message, person, action_id, value=value)

    async def suggest(
        self, ts: str, action_id: str, typed: str, *, by: str = "alice", channel: str = ""
    ) -> Json:
        """Type into an external select of a message; what the app offers."""
        person = self._workspace.person(by)
        message = self._seen(ts, channel, by)
        return await self._hands.suggest(message, person, action_id, None, typed)

    async def suggest_in_modal(
        self, action_id: str, block_id: str, typed: str, *, by: str = "alice"
    ) -> Json:
        """Type into an external select of a person's modal; what the app offers."""
        view = self.modal(by=by)
        view_id = view["id"] if view else ""
        person = self._workspace.person(by)
        return await self._modals.suggest(person, view_id, action_id, block_id, typed)

    def modal(self, *, by: str = "alice") -> Json | None:
        """The modal that is open in front of a person."""
        return self._world.views.top(self._workspace.person(by).id)

    async def submit(self, values: Json | None = None, *, by: str = "alice") -> dict[str, str]:
        """Submit a person's modal with `{block_id: {action_id: value}}`; the errors by block."""
        return await self._modals.submit(self._workspace.person(by), values or {})

    async def close_modal(self, *, by: str = "alice") -> None:
        """Close the modal on top."""
        await self._modals.close(self._workspace.person(by))

    async def press_in_view(
        self, action_id: str, *, by: str = "alice", value: str | None = None, home: bool = False
    ) -> None:
        """Press something in a person's modal, or in their Home tab."""
        person = self._workspace.person(by)
        view = self.home(by=by) if home else self.modal(by=by)
        view_id = view["id"] if view else ""
        await self._modals.press(person, view_id, action_id, value=value, values={})

    async def shortcut(self, callback_id: str, *, by: str = "alice") -> None:
        """Use a global shortcut."""
        await self._hands.shortcut(callback_id, self._workspace.person(by))

    async def message_shortcut(
        self, callback_id: str, ts: str, *, by: str = "alice", channel: str = ""
    ) -> None:
        """Use a shortcut on a message."""
        person = self._workspace.person(by)
        message = self._seen(ts, channel, by)
        await self._hands.message_shortcut(callback_id, message, person)

    def home(self, *, by: str = "alice") -> Json | None:
        """The Home tab that the app published for a person."""
        return self._world.views.home(self._workspace.person(by).id)

    def open_home(self, *, by: str = "alice") -> None:
        """Look at the Home tab, as a person does: the app hears of it."""
        self._modals.open_home(self._workspace.person(by))

    def messages(
        self, *, channel: str = "", seen_by: str = "alice", thread_ts: str | None = None
    ) -> list[Json]:
        """What a person sees in a channel or a thread, oldest first."""
        person = self._workspace.person(seen_by)
        room = self._room(channel, seen_by)
        shown = self._workspace.shown(room.id, to=person.id, thread_ts=thread_ts)
        return [as_seen(self._workspace, message) for message in shown]

    async def until(
        self,
        predicate: Callable[[list[Json]], T | None],
        *,
        channel: str = "",
        seen_by: str = "alice",
        thread_ts: str | None = None,
        timeout: float = 10,  # noqa: ASYNC109 - it is told with what was seen
    ) -> T:
        """Wait until `predicate(messages)` is truthy, and return that.

        It is asked again whenever a message, a view, a connection or a call has changed something.
        """
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    changed.clear()
                    seen = self.messages(channel=channel, seen_by=seen_by, thread_ts=thread_ts)
                    if found := predicate(seen):
                        return found
                    await changed.wait()
        except TimeoutError:
            seen = self.messages(channel=channel, seen_by=seen_by, thread_ts=thread_ts)
            lines = "\n".join(str(message)[:SHOWN] for message in seen) or "nothing"
            words = f"cannot see it after {timeout} s; {seen_by} sees:\n{lines}"
            raise TimeoutError(words) from None
        finally:
            self._waiting.discard(changed)

    def _seen(self, ts: str, channel: str, by: str) -> Message:
        person = self._workspace.person(by)
        return self._workspace.seen(self._room(channel, by).id, ts, person)

    def _room(self, channel: str, by: str) -> Any:
        return self._workspace.room(channel or self._alerts, self._workspace.person(by))


def _world_of(workspace: Workspace, faults: Faults) -> World:
    clock, errands, vouchers = workspace.clock, Errands(), Vouchers(workspace.clock)
    sockets = Sockets(clock, faults, vouchers, errands)
    return World(
        workspace=workspace,
        clock=clock,
        faults=faults,
        vouchers=vouchers,
        sockets=sockets,
        events=Events(workspace, clock, sockets, errands),
        views=Views(clock),
        errands=errands,
        cabinet=Cabinet(clock.now),
        bot_token=f"xoxb-playground-{secrets.token_hex(12)}",
        app_token=f"xapp-playground-{secrets.token_hex(12)}",
    )
