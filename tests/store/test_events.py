"""What happened, kept and followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from ghostbot.record import Journal, Noted, Record
from ghostbot.store import events as module
from ghostbot.store.database import Database
from ghostbot.store.events import Events


@asynccontextmanager
async def keeping(
    folder: Path, record: Record | None = None
) -> AsyncIterator[tuple[Record, Events]]:
    record, database = record or Record(), Database(folder / "ghost.db")
    events = Events(record, database)
    task = asyncio.create_task(events.run())
    await asyncio.sleep(0)  # it has begun
    try:
        yield record, events
    finally:
        task.cancel()
        await asyncio.wait({task})
        await database.close()


def whats(found: list[Noted]) -> list[str]:
    return [one.what for one in found]


async def test_what_was_noted_is_there_for_the_next_one(tmp_path: Path) -> None:
    record = Record()
    record.note("ghost", "", "before anybody kept it")
    async with keeping(tmp_path, record):
        record.note("order", "U1", "at the last moment", verb="restart", names=["web"])
    async with keeping(tmp_path) as (record, events):
        record.note("death", "", "later")
        found = await events.newest(10)
        assert whats(found) == ["before anybody kept it", "at the last moment", "later"]
        assert found[1].more == {"verb": "restart", "names": ["web"]}
        assert whats(await events.newest(2)) == ["at the last moment", "later"]
        assert whats(await events.newest(10, kinds=("order",))) == ["at the last moment"]
        assert whats(await events.newest(10, after=found[1].id)) == ["later"]
        assert whats(await events.newest(10, since=found[2].at)) == ["later"]


async def test_who_follows_hears_each_once_and_can_go_on_after_a_gap(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (record, events):
        record.note("order", "", "old")
        heard: list[Noted] = []

        async def follow(after: int | None, most: int) -> None:
            async with aclosing(events.follow(after)) as batches:
                async for batch in batches:
                    heard.extend(batch)
                    if len(heard) >= most:
                        return

        task = asyncio.create_task(follow(None, 3))
        await asyncio.sleep(0)
        for number in range(3):
            record.note("order", "", str(number))
        await asyncio.wait_for(task, 10)
        assert whats(heard) == ["0", "1", "2"]
        first = heard[0].id
        heard.clear()
        await asyncio.wait_for(follow(first, 2), 10)
        assert whats(heard) == ["1", "2"]


async def test_who_comes_back_late_gets_from_disk_what_is_no_longer_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECENT", 3)
    async with keeping(tmp_path) as (record, events):
        for number in range(20):
            record.note("order", "", str(number))
        found: list[Noted] = []
        async with aclosing(events.follow(0)) as batches:
            async for batch in batches:
                found.extend(batch)
                if len(found) >= 20:
                    break
        assert whats(found) == [str(number) for number in range(20)]


async def test_deaths_push_no_deed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 5)
    monkeypatch.setattr(module, "TRIM_EVERY", 10)
    async with keeping(tmp_path) as (record, events):
        record.note("refusal", "U1", "eve may not")
        for number in range(40):
            record.note("death", "", str(number))
        await events.newest(1)
        record.note("death", "", "last")
        for _ in range(2):
            record.note("death", "", "x")
            await events.newest(1)
        for number in range(12):
            record.note("death", "", f"more {number}")
        found = whats(await events.newest(1_000))
        assert "eve may not" in found
        assert len(found) <= 12


async def test_an_odd_name_is_kept_as_far_as_it_is_text(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (record, events):
        record.note("order", "U\ud800", "a \ud83d\x00 b", name="\udfff", odd={1, 2})
        (found,) = await events.newest(1)
        assert "b" in found.what


async def test_who_follows_hears_when_nothing_comes_and_when_ghost_ends(tmp_path: Path) -> None:
    async def follow(events: Events) -> list[int]:
        async with aclosing(events.follow(None, 0.01)) as batches:
            return [len(batch) async for batch in batches]

    async with keeping(tmp_path) as (_, events):
        following = asyncio.create_task(follow(events))
        await asyncio.sleep(0.05)
    heard = await asyncio.wait_for(following, 10)
    assert heard
    assert not any(heard)


async def test_a_ghost_that_is_killed_takes_no_deed_with_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal" / "deeds.jsonl")
    record = Record(journal=journal)
    record.note("death", "", "web died")
    record.note("order", "U1", "stop web \ud800", verb="stop", names=["web"])
    journal.close()  # and nobody ever kept it
    with (tmp_path / "journal" / "deeds.jsonl").open("ab") as file:
        file.write(b'{"id": 5, "kind": "ord')
    again = Record(journal=Journal(tmp_path / "journal" / "deeds.jsonl"))
    async with keeping(tmp_path, again) as (_, events):
        again.note("order", "U1", "start web")
        found = await _stored(events, 2)
        assert [one.what for one in found] == ["stop web ?", "start web"]
        assert found[0].more == {"verb": "stop", "names": ["web"]}
    assert (tmp_path / "journal" / "deeds.jsonl").read_bytes() == b""


async def _stored(events: Events, count: int) -> list[Noted]:
    """Wait until so many are kept."""
    async with asyncio.timeout(10):
        while len(found := await events.newest(10)) < count:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
    return found
