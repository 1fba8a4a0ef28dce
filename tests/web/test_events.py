"""What happened, and codes for admins, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ghostbot.claims import Claims as Codes
from ghostbot.permit import Permit
from ghostbot.record import Record
from ghostbot.store.claims import Claims as Kept
from ghostbot.store.database import Database
from ghostbot.store.events import Events
from ghostbot.web.claims import Claims
from ghostbot.web.events import Happened
from tests.fakes.doors import Asked, open_doors

Asking = tuple[Asked, Record, Codes]


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    record, database = Record(), Database(tmp_path / "ghost.db")
    events, codes = Events(record, database), Codes(Kept(database))
    running = asyncio.create_task(events.run())
    nouns = (Happened(events), Claims(codes, Permit(record.note), "/ghost"))
    async with open_doors(tmp_path, more=lambda _: nouns) as asked:
        yield asked, record, codes
        running.cancel()
        await asyncio.wait({running})
    await database.close()


async def test_events_are_given_with_who_and_when(asking: Asking) -> None:
    asked, record, _ = asking
    record.note("order", "U1", "alice: restart web", verb="restart", names=["web"])
    record.note("death", "", "web died")
    (order, death) = (await asked.ask("GET /api/events")).json["events"]
    assert list(order) == ["id", "at", "kind", "who", "what", "more"]
    assert (order["who"], death["who"]) == ("U1", None)
    assert order["at"].endswith("Z")
    (only,) = (await asked.ask("GET /api/events?kind=death,restart")).json["events"]
    assert only == death
    later = await asked.ask(f"GET /api/events?since={order['id']}")
    assert later.json["events"] == [death]
    assert (await asked.ask("GET /api/events?since=10m&limit=1")).json["events"] == [death]


@pytest.mark.parametrize("query", ["kind=deth", "since=soon", "limit=many", "limit=-1", "sinc=5"])
async def test_a_query_that_makes_no_sense_is_refused(asking: Asking, query: str) -> None:
    given = await asking[0].ask(f"GET /api/events?{query}")
    assert (given.status, given.json["error"]["code"]) == (400, "bad_request")


async def read(reader: asyncio.StreamReader, words: bytes) -> bytes:
    """Read until these words came."""
    held = b""
    async with asyncio.timeout(10):
        while words not in held:
            held += await reader.read(4096)
    return held


async def follow(asked: Asked, path: str, header: str = "") -> asyncio.StreamReader:
    reader, writer = await asked.unix()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: ghost\r\n{header}\r\n".encode())
    asked.writers.append(writer)
    return reader


async def test_a_stream_goes_on_after_the_last_event_that_was_seen(asking: Asking) -> None:
    asked, record, _ = asking
    reader = await follow(asked, "/events")
    await read(reader, b": nothing new")
    record.note("death", "", "one")
    seen = await read(reader, b"\n\n")
    assert b"event: death" in seen
    last = next(line for line in seen.split(b"\n") if line.startswith(b"id: "))[4:].strip()
    record.note("death", "", "two")
    record.note("order", "U1", "three")
    header = f"Last-Event-ID: {last.decode()}\r\n"
    again = await read(await follow(asked, "/events", header), b"three")
    assert b"one" not in again
    assert b"two" in again


async def test_a_stream_of_lines_begins_with_the_newest_of_a_kind(asking: Asking) -> None:
    asked, record, _ = asking
    for kind in ("death", "order", "death"):
        record.note(kind, "", f"a {kind}")
    reader = await follow(asked, "/events?lines=true&limit=1&kind=order")
    held = await read(reader, b"a order")
    (line,) = [line for line in held.split(b"\r\n") if line.startswith(b"{")]
    assert json.loads(line)["kind"] == "order"
    assert b"a death" not in held


async def test_a_code_is_made_shown_and_taken_back_by_the_local_admin(asking: Asking) -> None:
    asked, _, codes = asking
    assert (await asked.ask("GET /api/claim")).json["code"] is None
    made = (await asked.ask("POST /api/claim")).json
    assert (await asked.ask("GET /api/claim")).json["code"] == made["code"]
    assert 595 <= made["left_s"] <= 600
    (noted,) = (await asked.ask("GET /api/events?kind=order")).json["events"]
    assert noted["more"]["verb"] == "new claim"
    assert made["code"] not in json.dumps(noted)
    none = await asked.ask("POST /api/claim/revoke", {"user": "U1"})
    assert (none.status, none.json["error"]["code"]) == (404, "no_such_claim")
    assert codes.code is not None
