"""The Socket Mode connection: the SDK's client, kept from reconnecting in a hot loop.

Rule 1: connections are opened ever more slowly while they do not last.
Rule 2: one reconnection at a time: a second `disconnect` frame would start another beside it.
Rule 3: a token that Slack refuses is asked about once a minute, and said.
Rule 4: what the SDK says of its failures is logged once a minute, without its stack.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Mapping

from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.slack.refusals import NOT_RETRIED_S, TOKEN_REFUSALS, code_of
from ghostbot.slack.work import Work

LASTING_S = 30.0  # a connection that held this long was no failure
FIRST_S, LAST_S = 0.25, 60.0
LOOP = 3  # connections in a row that did not last: no accident any more
CLOSE_S = 3.0  # an unreachable server need not agree to the end

RARELY_S = 60.0
FRAME_MAX = 2_000  # characters of a greeting or a goodbye; what is longer is a delivery

# What a person can do about connections that Slack ends again and again.
REASONS: Mapping[str, str] = {
    "link_disabled": "switch Socket Mode on in the app's settings",
    "too_many_websockets": "more than 10 programs are connected as this app, end the others",
}

log = logging.getLogger("ghost.slack")


class Rarely(logging.Filter):
    """Lets the same words pass once a minute."""

    def __init__(self) -> None:
        """Begin without any."""
        super().__init__()
        self._last: tuple[str, float] = ("", 0.0)

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is written."""
        record.exc_info = None
        words, at = str(record.msg)[:30], time.monotonic()
        if record.levelno < logging.WARNING:
            return True
        if words == self._last[0] and at - self._last[1] < RARELY_S:
            return False
        self._last = (words, at)
        return True


sdk_log = logging.getLogger("ghost.slack.socket")
sdk_log.addFilter(Rarely())


def spacing_s(streak: int) -> float:
    """Return how long to wait before the next opening, after `streak` that did not last."""
    return min(LAST_S, FIRST_S * 2.0**streak) if streak else 0.0


class SocketHandler(AsyncSocketModeHandler):
    """Bolt's handler on a client of ours, instead of one that it makes itself."""

    def __init__(self, app: AsyncApp, client: SocketModeClient, work: Work) -> None:
        """Let `client` hand its deliveries to `app`; `work` waits while one is not acked."""
        self.app, self.app_token, self.client = app, client.app_token, client
        self._work = work
        client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Have a delivery answered."""
        with self._work.acking():
            await super().handle(client, req)


class SpacedClient(SocketModeClient):
    """The SDK's client with the three rules above. Needs a running loop."""

    def __init__(
        self,
        *,
        app_token: str,
        web_client: AsyncWebClient,
        ping_interval: float,
        refused: Callable[[str | None], None],
        greeted: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Take the parts.

        `refused` hears Slack's word for a refusal, and None once it is over; `greeted` hears with
        each new connection how many this app has.
        """
        super().__init__(
            app_token=app_token,
            logger=sdk_log,
            on_message_listeners=[self._heard],
            web_client=web_client,
            proxy=web_client.proxy,
            ping_interval=ping_interval,
        )
        self.proxy = web_client.proxy  # the SDK takes the environment's where it is None
        self._refused = refused
        self._greeted = greeted
        self._was_refused = False
        self._reason: str | None = None
        self._opened_at: float | None = None
        self._streak = 0
        self._reconnecting = False

    @property
    def is_up(self) -> bool:
        """Whether there is a connection that the SDK does not hold for stale."""
        session = self.current_session
        return session is not None and not session.closed and not self.stale

    @property
    def ends(self) -> str | None:
        """Why Slack ends every connection, and what to do; None while they last."""
        if self._streak < LOOP or self._reason is None or self._has_lasted():
            return None
        way_out = REASONS.get(self._reason, "trying again, ever more slowly")
        return f"Slack ends every connection ({self._reason}): {way_out}"

    def opened(self, url: str) -> None:
        """Take a URL that was asked for elsewhere, to be used by the first connection."""
        self.wss_uri = url
        self._opened_at = asyncio.get_running_loop().time()

    async def issue_new_wss_url(self) -> str:
        """Ask for the next URL, after the pause that is due."""
        await asyncio.sleep(self._pause_s())
        self._opened_at = asyncio.get_running_loop().time()
        try:
            url: str = await super().issue_new_wss_url()
        except SlackApiError as error:
            code = code_of(error)
            if code in TOKEN_REFUSALS:
                self._was_refused = True
                self._refused(code)
                await asyncio.sleep(NOT_RETRIED_S)
            raise
        if self._was_refused:
            self._was_refused = False
            self._refused(None)
        log.info("slack connection opened streak=%s", self._streak)
        return url

    def _pause_s(self) -> float:
        self._streak = 0 if self._has_lasted() else self._streak + 1
        return spacing_s(self._streak)

    def _has_lasted(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._opened_at is None or now - self._opened_at >= LASTING_S

    async def _heard(self, message: WSMessage) -> None:
        """Take greetings and goodbyes, which the SDK shows to nobody else."""
        text = message.data
        if not isinstance(text, str) or len(text) > FRAME_MAX or '"envelope_id"' in text:
            return
        with contextlib.suppress(ValueError, AttributeError):
            frame = json.loads(text)
            if frame.get("type") == "hello" and isinstance(frame.get("num_connections"), int):
                self._greeted(frame["num_connections"])
            elif frame.get("type") == "disconnect":
                self._reason = str(frame.get("reason"))

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: FBT001, FBT002  the SDK's signature
        """Reconnect, unless that is being done already."""
        if self._reconnecting:
            return
        self._reconnecting = True
        try:
            await super().connect_to_new_endpoint(force)
        finally:
            self._reconnecting = False

    async def end(self) -> None:
        """Close, and wait for the SDK's tasks, which `close` only cancels."""
        tasks = (self.message_processor, self.current_session_monitor, self.message_receiver)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.close()  # type: ignore[no-untyped-call]
        await self.aiohttp_client_session.close()
        left = [task for task in tasks if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
