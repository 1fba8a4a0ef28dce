"""Logs, status and health over HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ghostbot.guards.sanity import Meter
from ghostbot.web.status import bytes_of_status
from tests.fakes.doors import Asked, open_doors, request


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with open_doors(tmp_path, listen=None) as opened:
        (tmp_path / "logs" / "web.log").write_text("one\ntwo needle\nthree\n")
        yield opened


async def test_the_last_lines_come_with_their_offsets(asked: Asked) -> None:
    given = await asked.ask("GET /api/daemons/web/logs?lines=2")
    assert given.json == {
        "daemon": "web",
        "lines": [
            {"daemon": "web", "offset": 4, "line": "two needle"},
            {"daemon": "web", "offset": 15, "line": "three"},
        ],
    }


async def test_grep_is_literal_and_the_server_runs_no_pattern(asked: Asked) -> None:
    given = await asked.ask("GET /api/daemons/web/logs?grep=needle")
    assert [line["line"] for line in given.json["lines"]] == ["two needle"]
    assert (await asked.ask("GET /api/daemons/web/logs?grep=n.*e")).json["lines"] == []


async def test_a_log_that_was_never_written_is_empty(asked: Asked) -> None:
    assert (await asked.ask("GET /api/daemons/worker/logs")).json["lines"] == []


async def streamed(asked: Asked, query: str, **headers: str) -> asyncio.StreamReader:
    """Open a stream of web's log, and read past its head."""
    reader, writer = await asked.unix()
    said = request(f"GET /api/daemons/web/logs/stream{query}", None, headers)
    writer.write(said.replace(b"HTTP/1.1", b"HTTP/1.0"))
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.splitlines()[0]
    asked.writers.append(writer)
    return reader


async def test_a_stream_gives_the_last_lines_and_then_each_new_one_whole(asked: Asked) -> None:
    reader = await streamed(asked, "?lines=1")
    async with asyncio.timeout(10):
        assert json.loads(await reader.readline())["line"] == "three"
        with (asked.state_dir / "logs" / "web.log").open("a") as log:
            log.write("fo")
            log.flush()
            log.write("ur\n")
        assert json.loads(await reader.readline()) == {
            "daemon": "web",
            "offset": 21,
            "line": "four",
        }


async def test_a_stream_of_events_goes_on_after_the_last_one_seen(asked: Asked) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "4"}
    reader = await streamed(asked, "", **headers)
    async with asyncio.timeout(10):
        assert await reader.readline() == b"id: 15\n"
        assert json.loads((await reader.readline()).removeprefix(b"data: "))["line"] == "three"
        assert await reader.readline() == b"\n"


async def test_a_stream_ends_when_the_doors_close(tmp_path: Path) -> None:
    async with open_doors(tmp_path, listen=None) as opened:
        reader = await streamed(opened, "?lines=0")
        began = time.monotonic()
    async with asyncio.timeout(5):
        await reader.read()
    assert time.monotonic() - began < 5


async def test_health_says_ok_and_503_after_the_loop_stood_still(asked: Asked) -> None:
    given = await asked.ask("GET /health")
    assert (given.status, given.json["status"], given.json["service"]) == (200, "ok", "ghost")
    assert set(given.json) == {"status", "service", "timestamp", "uptime", "slack"}
    meter = Meter()
    meter._due = 100.0
    assert meter.trouble(100.9) is None
    assert meter.trouble(101.5) == "the event loop stood still for 1.5 s, 0 s ago"
    meter._due = 170.0
    assert meter.trouble(161.0) is not None
    assert meter.trouble(169.0) is None


def still(status: dict[str, Any]) -> dict[str, Any]:
    """Return the daemons of a status without the clock that moves between two looks."""
    clocks = ("uptime_s",)
    return {
        name: {key: value for key, value in daemon.items() if key not in clocks}
        for name, daemon in status["daemons"].items()
    }


async def test_status_json_is_the_file_and_304_while_nothing_changes(asked: Asked) -> None:
    await asked.ask("POST /api/orders?wait=true", {"verb": "start", "all": True})
    first = await asked.ask("GET /ghost/status.json")
    assert first.status == 200
    assert set(first.json) >= {"updatedAt", "daemons", "host", "uptime", "summaryHeartbeat"}
    assert first.body.startswith(b'{\n  "updatedAt"')
    again = json.loads(bytes_of_status(asked.kennel.ghost))
    assert still(again) == still(first.json)
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await asked.ask("GET /ghost/status.json", None, **tag)).status == 304
    await asked.ask("POST /api/daemons/web/restart?wait=true")
    await asyncio.sleep(0.11)  # status.FRESH_S: no event marks its end
    assert (await asked.ask("GET /ghost/status.json", None, **tag)).status == 200
