"""The public door: what is there, what is not, and how it bears strangers."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from ghostbot.config.model import PublicStatus, WebTable
from ghostbot.web import public
from tests.fakes.deliveries import open_town
from tests.fakes.house import until

PAGE = "https://status.example.com"


def table(status: PublicStatus = PublicStatus.OFF, *cors: str, port: int = 0) -> WebTable:
    return WebTable(public=("127.0.0.1", port), public_status=status, cors=cors)


async def test_nothing_exists_there_but_webhooks_and_health(tmp_path: Path) -> None:
    async with open_town(tmp_path, web=table()) as town:
        assert (await town.outside("GET /health")).json == {"status": "ok", "service": "ghost"}
        assert (await town.send(public=True)).status == 202
        for what in (
            *("GET /api/daemons", "GET /api/patches", "GET /patch", "GET /ghost/status.json"),
            *("POST /api/orders", "POST /api/down", "GET /", "GET /webhook", "GET /metrics"),
            *("GET /dashboard", "POST /patch", "GET //api/daemons", "GET /health/../api/daemons"),
        ):
            assert (await town.outside(what)).status in {404, 405}, what
        assert (await town.outside("GET /api/daemons")).code == "no_such_route"


async def test_how_the_house_is_is_shown_as_far_as_it_is_public(tmp_path: Path) -> None:
    async with open_town(tmp_path, web=table(PublicStatus.SUMMARY)) as town:
        given = await town.outside("GET /ghost/status.json")
        assert given.json["total"] == 2
        assert sum(given.json["states"].values()) == 2
        assert b"worker" not in given.body
        assert (await town.outside("GET /health")).json.keys() == {"status", "service"}
    async with open_town(tmp_path, web=table(PublicStatus.FULL)) as town:
        given = await town.outside("GET /ghost/status.json")
        assert {"web", "worker"} <= given.json["daemons"].keys()
        assert "uptime" in (await town.outside("GET /health")).json


async def test_pages_of_the_origins_named_may_read_it_and_no_others(tmp_path: Path) -> None:
    async with open_town(tmp_path, web=table(PublicStatus.SUMMARY, PAGE)) as town:
        for path in ("/health", "/ghost/status.json"):
            seen = await town.outside(f"GET {path}", None, {"Origin": PAGE})
            assert seen.headers["access-control-allow-origin"] == PAGE
            assert seen.headers["vary"] == "Origin"
            for origin in ("https://evil.example.com", f"{PAGE}.evil.example.com", "null", ""):
                other = await town.outside(f"GET {path}", None, {"Origin": origin})
                assert "access-control-allow-origin" not in other.headers
        hook = await town.outside("GET /webhook/gpt/p1", None, {"Origin": PAGE})
        assert "access-control-allow-origin" not in hook.headers
        at_home = await town.asked.private("GET /health", Origin=PAGE)
        assert at_home.status == 403


async def test_it_is_off_unless_it_is_opened(tmp_path: Path) -> None:
    async with open_town(tmp_path, web=WebTable(public=None)) as town:
        assert town.public.at is None
        assert (await town.send()).status == 202


async def test_a_port_that_is_taken_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "AGAIN_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        async with open_town(tmp_path, web=table(port=port), patient=False) as town:
            await until(lambda: town.told)
            assert town.told[0]
            assert f"the public door on 127.0.0.1:{port}: port is taken by " in town.told[0]
            assert f"({os.getpid()}); set [web] public" in town.told[0]
            assert (await town.send()).status == 202
            squatter.close()
            await until(lambda: town.public.at)
            assert town.told[-1] is None
            assert (await town.outside("GET /health")).status == 200


async def test_who_never_ends_a_head_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "IDLE_S", 0.2)
    async with open_town(tmp_path, web=table()) as town:
        streams = [await town.knock() for _ in range(30)]
        for number, (_, writer) in enumerate(streams):
            writer.write(b"POST /webhook/gpt HTTP/1.1\r\nHost: x\r\nX: "[: number * 2])
        async with asyncio.timeout(10):
            for reader, _ in streams:
                with suppress(ConnectionResetError):  # what it sent was never read
                    assert await reader.read() == b""
        for _, writer in streams:
            writer.close()
        assert (await town.send(public=True)).status == 202


async def test_a_crowd_is_turned_away_and_the_other_doors_stay_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "CROWD", 5)
    async with open_town(tmp_path, web=table()) as town:
        streams = [await town.knock() for _ in range(5)]
        for _, writer in streams:
            writer.write(b"GET /health HTTP/1.1\r\n")
        reader, writer = await town.knock()
        said = await reader.read()
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 15" in said
        writer.close()
        assert (await town.asked.ask("GET /health")).status == 200
        assert (await town.send(key="k")).status == 202
        for _, one in streams:
            one.close()
        async with asyncio.timeout(10):  # the door notices that they are gone
            while (await town.outside("GET /health")).status != 200:
                pass
        assert (await town.send(key="k", public=True)).status == 200


@pytest.mark.parametrize(
    "junk",
    [
        b"hello\r\n\r\n",
        os.urandom(9_000) + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"A: b\r\n" * 3000 + b"\r\n",
        b"POST /webhook/gpt HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /webhook/gpt HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0",
    ],
)
async def test_what_is_no_http_is_400(tmp_path: Path, junk: bytes) -> None:
    async with open_town(tmp_path, web=table()) as town:
        reader, writer = await town.knock()
        writer.write(junk)
        async with asyncio.timeout(10):
            assert b" 400 " in await reader.readline()
        writer.close()
        assert (await town.outside("GET /health")).status == 200


async def test_a_web_page_cannot_post_for_its_visitor(tmp_path: Path) -> None:
    async with open_town(tmp_path, web=table(PublicStatus.FULL, PAGE)) as town:
        asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
        given = await town.outside("OPTIONS /webhook/gpt", None, asked)
        assert given.status == 405
        assert "access-control-allow-methods" not in given.headers
        assert json.loads(given.body)["error"]["code"] == "method_not_allowed"
