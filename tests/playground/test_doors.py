"""No web page elsewhere can reach the playground: Host and Origin are checked on every route."""

from __future__ import annotations

import aiohttp
import pytest

from ghostbot.playground import Playground

ROUTES = [
    "/",
    "/app.js",
    "/api/auth.test",
    "/link/?ticket=x",
    "/page/live",
    "/nowhere",
    "/files/F1",
]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
    ],
)
async def test_a_stranger_is_refused(
    playground: Playground, http: aiohttp.ClientSession, path: str, headers: dict[str, str]
) -> None:
    async with http.get(playground.page_url[:-1] + path, headers=headers) as answer:
        assert answer.status == 403


async def test_a_page_of_another_place_gets_no_websocket(
    playground: Playground, http: aiohttp.ClientSession
) -> None:
    url = playground.page_url + "page/live"
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(url, headers=headers)
        assert caught.value.status == 403
    async with http.ws_connect(url, headers={"Origin": playground.page_url[:-1]}) as socket:
        assert (await socket.receive_json(timeout=5))["kind"] == "all"


async def test_localhost_is_the_same_machine(
    playground: Playground, http: aiohttp.ClientSession
) -> None:
    name = playground.page_url.removeprefix("http://127.0.0.1").strip("/")
    headers = {"Host": f"localhost{name}", "Origin": f"http://localhost{name}"}
    async with http.get(playground.page_url, headers=headers) as answer:
        assert answer.status == 200
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_what_is_not_there_is_not_found(
    playground: Playground, http: aiohttp.ClientSession
) -> None:
    for path in ("nowhere", "../stage.py", "schema", "files/F0"):
        async with http.get(playground.page_url + path) as answer:
            assert answer.status == 404
