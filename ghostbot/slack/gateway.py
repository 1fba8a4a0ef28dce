"""The way to Slack: Bolt on Socket Mode, from the first token check to the graceful close.

Rule 1: a token that Slack refuses is told from a network that is down. The first is said with
        the way out and tried once a minute; the second is tried ever more slowly.
Rule 2: nothing Slack does reaches further than this: `run` stays until it is cancelled.
Rule 3: a connection on which nothing comes back is built anew, client and handler and all.
Rule 4: an ack never waits for a call: who we are is asked once, and answered from memory.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.slack.blocks.message import Message
from ghostbot.slack.census import Census
from ghostbot.slack.client import VeiledClient, veiled
from ghostbot.slack.pulse import Pulse
from ghostbot.slack.refusals import (
    APP,
    BOT,
    NETWORK,
    NOT_RETRIED_S,
    TOKEN_REFUSALS,
    code_of,
    retry_after_s,
    token_way_out,
)
from ghostbot.slack.socket import SocketHandler, SpacedClient
from ghostbot.slack.work import Work

SLACK_URL = "https://slack.com/api/"
TIMEOUT_S = 10
PING_S = 10.0
WATCH_S = 5.0
FIRST_S, LAST_S = 1.0, 30.0  # between tries while the network is down
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

log = logging.getLogger("ghost.slack")


class Gateway:
    """One workspace. `client` reads, `writes` is for what must not be repeated by itself."""

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        api_url: str | None,
        register: Callable[[AsyncApp], None],
        tell: Callable[[str | None], None],
        twice: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Take the parts; `tell` gets a line for people when the link is bad, None once it is not.

        `twice` gets one while another program is connected as this app. Needs no running loop.
        """
        self._app_token = app_token
        self._register = register
        self._tell = tell
        self._url = api_url or SLACK_URL
        self.client = client_of(
            bot_token,
            self._url,
            [
                AsyncConnectionErrorRetryHandler(max_retry_count=1),
                AsyncRateLimitErrorRetryHandler(max_retry_count=2),
                AsyncServerErrorRetryHandler(max_retry_count=1),
            ],
        )
        # A post that is repeated after a cut connection is posted twice.
        self.writes = client_of(bot_token, self._url, [])
        self.work = Work()
        self.team_id: str | None = None
        self.bot_user_id: str | None = None
        self._identity: AuthorizeResult | None = None
        self._bot_token = bot_token
        self._off: str | None = None
        self._link: SpacedClient | None = None
        self._pulse: Pulse | None = None
        self._census = Census(twice, time.monotonic)
        self._session: aiohttp.ClientSession | None = None
        self._known = asyncio.Event()

    def state(self) -> str:
        """Say how the link is, in words that end in what to do where something is to be done."""
        if self._off is not None:
            return self._off
        if self._link is None or self._pulse is None or not self._link.is_up:
            return "connecting"
        if self._pulse.is_silent:
            return "connecting: the line is open, but nothing comes back on it"
        return "connected"

    async def ready(self) -> None:
        """Wait until Slack has let us in once; from then on posting is worth a try."""
        await self._known.wait()

    async def run(self) -> None:
        """Connect, and stay until cancelled; close gracefully then."""
        async with aiohttp.ClientSession() as session:
            self._session = self.client.session = self.writes.session = session
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self.work.run(), name="slack work")
                    url = await self._let_in()
                    app = self._app()
                    self._register(app)  # once: what it remembers outlives a connection
                    while True:
                        await self._stay(app, url)
                        url = await self._let_in()
            finally:
                self._session = self.client.session = self.writes.session = None

    def session(self) -> aiohttp.ClientSession:
        """Return the one session of all calls, which is there while `run` is."""
        assert self._session is not None, "there is nothing to call for before the first session"
        return self._session

    async def answer(self, response_url: str, message: Message, *, public: bool = False) -> None:
        """Answer a command or a click by its response_url, to the asker alone unless `public`."""
        kind = "in_channel" if public else "ephemeral"
        body = {**veiled(message.payload()), "response_type": kind, "replace_original": False}
        limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
        proxy = self.client.proxy
        async with self.session().post(response_url, json=body, timeout=limit, proxy=proxy) as got:
            if not got.ok:
                log.warning("response_url refused status=%s", got.status)

    async def _let_in(self) -> str:
        """Ask who we are and for a first connection, until Slack says both; return its URL."""
        delay_s = FIRST_S
        while True:
            asked = BOT
            try:
                who = await self.client.auth_test()
                asked = APP
                opened = await self.writes.apps_connections_open(app_token=self._app_token)
            except SlackApiError as error:
                delay_s = self._not_let_in(asked, error, delay_s)
            except NETWORK as error:
                self._is_off(f"connecting: cannot reach {self._goal}: {_in_words(error)}")
                delay_s = min(delay_s * 2, LAST_S)
            else:
                self._is_off(None)
                self._remember(
                    AuthorizeResult.from_auth_test_response(
                        bot_token=self._bot_token, auth_test_response=who
                    )
                )
                return str(opened["url"])
            await asyncio.sleep(delay_s)

    def _not_let_in(self, asked: str, error: SlackApiError, delay_s: float) -> float:
        code = code_of(error)
        if code in TOKEN_REFUSALS:
            self._is_off(token_way_out(asked, code))
            return NOT_RETRIED_S
        self._is_off(f"connecting: Slack answers {code}, trying again")
        return retry_after_s(error, min(delay_s * 2, LAST_S))

    def _remember(self, identity: AuthorizeResult) -> None:
        self._identity = identity
        self.team_id, self.bot_user_id = identity.team_id, identity.bot_user_id
        self._known.set()

    async def _stay(self, app: AsyncApp, url: str) -> None:
        """Be connected, until the SDK has not come back for too long by itself."""
        self._link = link = SpacedClient(
            app_token=self._app_token,
            web_client=self.writes,
            ping_interval=PING_S,
            refused=self._refused,
            greeted=self._census.hear,
        )
        link.opened(url)
        self._pulse = Pulse(link)
        try:
            async with asyncio.TaskGroup() as group:
                # It tries for ever with the one URL it has, also when that is no longer good.
                connect = SocketHandler(app, link, self.work).connect_async()  # type: ignore[no-untyped-call]
                connecting = group.create_task(connect, name="slack connect")
                await self._watch(link, self._pulse)
                connecting.cancel()
            log.warning("slack connection is down or silent for too long, building a new one")
        finally:
            self._link = self._pulse = None
            await link.end()

    async def _watch(self, link: SpacedClient, pulse: Pulse) -> None:
        """Return when the connection is to be built anew."""
        ends: str | None = None
        async with asyncio.TaskGroup() as group:
            while not pulse.is_gone:
                await asyncio.sleep(WATCH_S)
                pulse.feel()
                if link.ends != ends:
                    ends = link.ends
                    self._is_off(None if ends is None else f"connecting: {ends}")
                if self._census.is_due and link.is_up:
                    self._census.asked()
                    group.create_task(link.connect_to_new_endpoint(force=True), name="slack census")

    def _app(self) -> AsyncApp:
        """Return Bolt's app without what a socket does not need: signatures and their checks."""
        identity = self._identity
        assert identity is not None, "nothing connects before Slack said who we are"

        async def authorize() -> AuthorizeResult:
            return identity

        nameless = client_of(None, self._url, [])  # each request gets the token from `authorize`
        nameless.session = self._session
        return AsyncApp(
            name="ghost",
            logger=logging.getLogger("ghost.slack.bolt"),
            client=nameless,
            authorize=authorize,
            raise_error_for_unhandled_request=True,
            request_verification_enabled=False,
            ssl_check_enabled=False,
            url_verification_enabled=False,
        )

    def _refused(self, code: str | None) -> None:
        self._is_off(None if code is None else token_way_out(APP, code))

    def _is_off(self, why: str | None) -> None:
        if why == self._off:
            return
        if why is not None:
            log.warning("slack %s", why)
        self._off = why
        self._tell(None if why is None else f"Slack: {why}")

    @property
    def _goal(self) -> str:
        """Where calls go and by which way, without what is secret in a proxy's address."""
        host = urlsplit(self._url).netloc
        if self.client.proxy is None:
            return host
        return f"{host} through the proxy {urlsplit(self.client.proxy).netloc.rpartition('@')[2]}"


def client_of(token: str | None, url: str, retries: list[object]) -> AsyncWebClient:
    """Return a client of a workspace that goes by the proxies that people set."""
    client = VeiledClient(token=token, base_url=url, timeout=TIMEOUT_S, retry_handlers=retries)  # type: ignore[arg-type]
    host = urlsplit(url).hostname or ""
    if host in LOOPBACK or proxy_bypass(host):
        client.proxy = None  # the SDK goes through HTTPS_PROXY, whatever NO_PROXY says
    return client


def _in_words(error: BaseException) -> str:
    return str(error) or type(error).__name__
