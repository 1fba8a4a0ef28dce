"""The Events API: what the app hears about, delivered again while nobody takes it.

Retries come at once, after 1 minute and after 5 (Slack's "The Events API"), each in a new envelope.
What happens while no connection is open arrives only by them.
"""

from __future__ import annotations

import secrets

from ghostbot.playground.clock import Clock
from ghostbot.playground.directory import APP_ID, BOT_USER_ID, TEAM_ID, Channel
from ghostbot.playground.errands import Errands
from ghostbot.playground.normal import Json
from ghostbot.playground.shown import as_wire
from ghostbot.playground.socket_mode import Sockets, Unanswered
from ghostbot.playground.workspace import Message, Workspace

RETRIES_S = (0.0, 60.0, 300.0)
VERIFICATION_TOKEN = "playground"  # noqa: S105 - Slack's deprecated field, checked by nobody

MOST_PENDING = 5_000  # deliveries under way; an app that takes none of them hears no more

MESSAGE_EVENTS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


class Events:
    """What is told to the app, and only what its manifest subscribes to."""

    def __init__(
        self, workspace: Workspace, clock: Clock, sockets: Sockets, errands: Errands
    ) -> None:
        self._workspace = workspace
        self._clock = clock
        self._sockets = sockets
        self._errands = errands

    def posted(self, message: Message) -> None:
        """A message appeared: the `message` event, and `app_mention` when it names the app."""
        self._message(message, self._wire(message))
        for file in message.files:
            self.happened(
                "file_shared",
                {"file_id": file["id"], "file": {"id": file["id"]}, "user_id": message.user},
                channel_id=message.channel,
            )
        if message.user != BOT_USER_ID and f"<@{BOT_USER_ID}>" in message.text:
            room = self._workspace.channels[message.channel]
            if room.kind != "im" and BOT_USER_ID in room.members:
                self._deliver_soon("app_mention", self._placed(message, room), room)

    def changed(self, old: Message, new: Message) -> None:
        """A message was edited."""
        wire = self._wire
        body = {"message": wire(new), "previous_message": wire(old), "hidden": True}
        self._message(new, {"type": "message", "subtype": "message_changed", **body})

    def deleted(self, old: Message) -> None:
        """A message was deleted."""
        body = {"deleted_ts": old.ts, "previous_message": self._wire(old)}
        event = {"type": "message", "subtype": "message_deleted", "hidden": True, **body}
        self._message(old, event)

    def home_opened(self, user: str, view: Json | None) -> None:
        """A person opened the app's Home tab."""
        channel = self._workspace.dm(user).id
        body = {"user": user, "channel": channel, "tab": "home"}
        self.happened("app_home_opened", body | ({"view": view} if view else {}))

    def happened(self, name: str, body: Json, *, channel_id: str = "") -> None:
        """Something that is no message; what is in a channel is told to its members alone."""
        room = self._workspace.channels.get(channel_id)
        if room is not None and BOT_USER_ID not in room.members:
            return
        event = {"type": name, **body, "event_ts": self._workspace.next_ts()}
        self._deliver_soon(name, event | ({"channel_id": room.id} if room else {}), room)

    def _message(self, message: Message, event: Json) -> None:
        room = self._workspace.channels[message.channel]
        if BOT_USER_ID not in room.members:
            return
        stamp = event.get("ts") or self._workspace.next_ts()
        placed = {"channel": room.id, "channel_type": room.kind, "ts": stamp, "event_ts": stamp}
        self._deliver_soon(MESSAGE_EVENTS[room.kind], event | placed, room)

    def _placed(self, message: Message, room: Channel) -> Json:
        wire = self._wire(message) | {"type": "app_mention"}
        wire.pop("subtype", None)
        return wire | {"channel": room.id, "event_ts": message.ts}

    def _wire(self, message: Message) -> Json:
        """A message; its files in a shared channel have to be asked for (Slack Connect)."""
        wire = as_wire(self._workspace, message)
        if message.files and self._workspace.channels[message.channel].is_shared:
            ask = {"created": 0, "timestamp": 0, "file_access": "check_file_info"}
            wire["files"] = [{"id": file["id"], **ask} for file in message.files]
        return wire

    def _deliver_soon(self, name: str, event: Json, room: Channel | None) -> None:
        if name not in self._workspace.app.events or len(self._errands) > MOST_PENDING:
            return
        payload: Json = {
            "token": VERIFICATION_TOKEN,
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(self._clock.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT_USER_ID,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": room is not None and room.is_shared,
            "event_context": f"4-{secrets.token_hex(12)}",
            "event": event,
        }
        self._errands.start(self._deliver(payload), f"event {name}")

    async def _deliver(self, payload: Json) -> None:
        for attempt, delay in enumerate((0.0, *RETRIES_S)):
            await self._clock.sleep(delay)
            extra = {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
            try:
                await self._sockets.deliver("events_api", payload, accepts=False, extra=extra)
            except Unanswered:
                continue
            return
