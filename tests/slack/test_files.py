"""Files in Slack: where the token goes, and how much is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.errors import Failed
from ghostbot.slack.files import Files
from ghostbot.slack.reading import FileRef

FILE = FileRef("F1", "fix.diff", 0)
TOKEN = "xoxb-1-secret"


@dataclass
class Place:
    """A server that stands for Slack, what it says of the file, and who asked it with a token."""

    files: Files
    server: TestServer
    told: dict[str, Any] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async def info(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "file": made.told})

    async def held(request: web.Request) -> web.StreamResponse:
        made.tokens.append(request.headers.get("Authorization", ""))
        if request.match_info["name"] == "moved":
            raise web.HTTPFound("/files/other")
        return web.Response(body=b"x" * 100)

    app = web.Application()
    app.router.add_route("*", "/api/files.info", info)
    app.router.add_get("/files/{name}", held)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=TOKEN, base_url=str(server.make_url("/api/")))
        client.session = session
        made = Place(Files(client, lambda: session), server)
        yield made


async def test_a_file_is_read_with_the_token(place: Place) -> None:
    place.told["url_private"] = str(place.server.make_url("/files/fix"))
    assert await place.files.read(FILE, 100) == b"x" * 100
    assert place.tokens == [f"Bearer {TOKEN}"]


async def test_what_is_longer_than_allowed_or_than_it_said_is_refused(place: Place) -> None:
    place.told["url_private"] = str(place.server.make_url("/files/fix"))
    with pytest.raises(Failed, match="more than 99 bytes"):
        await place.files.read(FILE, 99)
    place.told["size"] = 5_000
    with pytest.raises(Failed, match="more than 4,000 bytes"):
        await place.files.read(FILE, 4_000)


async def test_a_redirect_is_not_followed(place: Place) -> None:
    place.told["url_private"] = str(place.server.make_url("/files/moved"))
    with pytest.raises(Failed, match="HTTP 302"):
        await place.files.read(FILE, 1_000)
    assert len(place.tokens) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://slack.com.evil.example/files-pri/T1-F1/x",
        "https://evilslack.com/x",
        "http://files.slack.com/x",
        "https://user@files.slack.com/x",
        "file:///etc/passwd",
        "",
    ],
)
async def test_the_token_goes_nowhere_but_to_slack(place: Place, url: str) -> None:
    place.told["url_private"] = url
    with pytest.raises(Failed, match="outside of Slack"):
        await place.files.read(FILE, 1_000)
    assert not place.tokens


@pytest.mark.parametrize(
    "url", ["https://files.slack.com/files-pri/T1-F1/x", "https://slack.com/x"]
)
async def test_slacks_own_hosts_are_known(place: Place, url: str) -> None:
    assert place.files._is_slacks(url)
