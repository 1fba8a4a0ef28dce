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
from ghostbot.playground.socket_mode import Sockets, Unanswered
from ghostbot.playground.workspace import Message, Workspace

RETRIES_S = (0.0, 60.0, 300.0)
VERIFICATION_TOKEN = "playground"  # noqa: S105 - Slack's deprecated field, checked by nobody

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
        self._message(message, self._workspace.as_wire(message) | {"team": TEAM_ID})
        if message.user != BOT_USER_ID and f"<@{BOT_USER_ID}>" in message.text:
            room = self._workspace.channels[message.channel]
            if room.kind != "im" and BOT_USER_ID in room.members:
                self._happened("app_mention", self._placed(message, room, "app_mention"))

    def changed(self, old: Message, new: Message) -> None:
        """A message was edited."""
        wire = self._workspace.as_wire
        body = {"message": wire(new), "previous_message": wire(old), "hidden": True}
        self._message(new, {"type": "message", "subtype": "message_changed", **body})

    def deleted(self, old: Message) -> None:
        """A message was deleted."""
        body = {"deleted_ts": old.ts, "previous_message": self._workspace.as_wire(old)}
        event = {"type": "message", "subtype": "message_deleted", "hidden": True, **body}
        self._message(old, event)

    def home_opened(self, user: str, view: Json | None) -> None:
        """A person opened the app's Home tab."""
        channel = self._workspace.dm(user).id
        event: Json = {"type": "app_home_opened", "user": user, "channel": channel, "tab": "home"}
        event["event_ts"] = self._workspace.next_ts()
        self._happened("app_home_opened", event | ({"view": view} if view else {}))

    def _message(self, message: Message, event: Json) -> None:
        room = self._workspace.channels[message.channel]
        if BOT_USER_ID not in room.members:
            return
        stamp = event.get("ts") or self._workspace.next_ts()
        placed = {"channel": room.id, "channel_type": room.kind, "ts": stamp, "event_ts": stamp}
        self._happened(MESSAGE_EVENTS[room.kind], event | placed)

    def _placed(self, message: Message, room: Channel, kind: str) -> Json:
        wire = self._workspace.as_wire(message)
        return wire | {"type": kind, "channel": room.id, "team": TEAM_ID, "event_ts": message.ts}

    def _happened(self, name: str, event: Json) -> None:
        if name not in self._workspace.app.events:
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
            "is_ext_shared_channel": False,
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
