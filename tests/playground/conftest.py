"""A playground, clients of it, and an app that speaks Socket Mode by hand."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Ghost"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "ghost"},
        "shortcuts": [
            {"name": "Open", "type": "global", "callback_id": "open", "description": "d"},
            {"name": "Take", "type": "message", "callback_id": "take", "description": "d"},
        ],
        "slash_commands": [
            {"command": "/ghost", "description": "Daemons", "should_escape": True},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "app_mentions:read",
                "channels:history",
                "channels:read",
                "chat:write",
                "commands",
                "files:write",
                "im:history",
                "reactions:write",
                "users:read",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": ["app_home_opened", "app_mention", "message.channels", "message.im"]
        },
        "socket_mode_enabled": True,
    },
}

Envelope = dict[str, Any]
Answer = Callable[[Envelope], Any]


class Listener:
    """An app on one connection: it notes every envelope, and acks with what `answer` gives."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, answer: Answer) -> None:
        self.socket = socket
        self.hello: Envelope = {}
        self.frames: asyncio.Queue[Any] = asyncio.Queue()
        self.envelopes: asyncio.Queue[Envelope] = asyncio.Queue()
        self._answer = answer

    async def run(self) -> None:
        async for frame in self.socket:
            if frame.type is not aiohttp.WSMsgType.TEXT or not frame.data:
                self.frames.put_nowait(frame)
                continue
            data = json.loads(frame.data)
            if "envelope_id" not in data:
                self.frames.put_nowait(data)
                continue
            self.envelopes.put_nowait(data)
            answer = self._answer(data)
            if answer is not NO_ACK:
                ack = {"envelope_id": data["envelope_id"]}
                await self.socket.send_json(ack if answer is None else ack | {"payload": answer})

    async def next(self, kind: str | None = None) -> Envelope:
        async with asyncio.timeout(5):
            while True:
                envelope = await self.envelopes.get()
                if kind in {None, envelope["type"]}:
                    return envelope


NO_ACK = object()


@pytest.fixture
def no_ack() -> object:
    return NO_ACK


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def manifest() -> dict[str, Any]:
    return copy.deepcopy(MANIFEST)


@pytest.fixture
async def playground(manifest: dict[str, Any]) -> AsyncIterator[Playground]:
    playground = Playground(manifest)
    await playground.start()
    yield playground
    await playground.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def slack(playground: Playground, http: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(
        token=playground.bot_token,
        base_url=playground.api_url,
        session=http,
        retry_handlers=[],
    )


@pytest.fixture
def open_url(playground: Playground, slack: AsyncWebClient) -> Callable[[], Awaitable[str]]:
    async def url() -> str:
        answer = await slack.apps_connections_open(app_token=playground.app_token)
        return str(answer["url"])

    return url


@pytest.fixture
def listening(
    http: aiohttp.ClientSession, open_url: Callable[[], Awaitable[str]]
) -> Callable[..., Any]:
    """`async with listening(answer) as app:` an app that acks with what `answer` gives."""

    @asynccontextmanager
    async def listen(answer: Answer = lambda _envelope: None) -> AsyncIterator[Listener]:
        async with http.ws_connect(await open_url(), autoclose=True) as socket:
            listener = Listener(socket, answer)
            listener.hello = await socket.receive_json(timeout=5)
            task = asyncio.create_task(listener.run())
            try:
                yield listener
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    return listen


@pytest.fixture
def refusal() -> Callable[[Awaitable[Any]], Awaitable[dict[str, Any]]]:
    """What Slack says when it says no."""
    from slack_sdk.errors import SlackApiError  # noqa: PLC0415 - only where it is expected

    async def refused(call: Awaitable[Any]) -> dict[str, Any]:
        with pytest.raises(SlackApiError) as caught:
            await call
        data: dict[str, Any] = caught.value.response.data
        return data

    return refused


@pytest.fixture
async def page(playground: Playground, browser: Browser) -> AsyncIterator[Page]:
    """The playground's page, which must not meet an error."""
    errors: list[str] = []
    page = await browser.new_page()
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(playground.page_url)
    await page.get_by_test_id("composer").wait_for()
    yield page
    await page.close()
    assert errors == []
