"""What Slack has delivered is not acted on again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ghostbot.store import deliveries as module
from ghostbot.store.database import Database
from ghostbot.store.deliveries import SEEN_MAX, SEEN_S, Deliveries


def test_a_delivery_is_forgotten_after_ten_minutes() -> None:
    now = 0.0
    seen = Deliveries(now=lambda: now)
    assert not seen.again("a")
    assert seen.again("a")
    now = SEEN_S + 1
    assert not seen.again("a")


def test_the_memory_is_bounded() -> None:
    seen = Deliveries(now=lambda: 0.0)
    for number in range(SEEN_MAX + 100):
        seen.again(str(number))
    assert len(seen._at) <= SEEN_MAX + 1


def test_what_has_no_id_is_never_held_for_seen() -> None:
    seen = Deliveries()
    assert not seen.again(None)
    assert not seen.again(None)


async def test_the_next_ghost_knows_what_was_delivered_before(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")
    now = 1_000.0
    seen = Deliveries(database, lambda: now)
    running = asyncio.create_task(seen.run())
    await seen.begin()
    assert not seen.again("a")
    await seen.kept()
    now += SEEN_S - 1
    seen.again("b")
    await seen.kept()
    running.cancel()
    await asyncio.wait({running})
    again = Deliveries(database, lambda: now)
    await again.begin()
    assert again.again("a")
    assert again.again("b")
    now += 2
    later = Deliveries(database, lambda: now)
    await later.begin()
    assert not later.again("a")
    assert later.again("b")
    await database.close()


async def test_work_does_not_wait_long_for_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_S", 0.05)
    database = Database(tmp_path / "ghost.db")
    seen = Deliveries(database)
    seen.again("a")  # and nobody keeps it
    began = asyncio.get_running_loop().time()
    await seen.kept()
    assert asyncio.get_running_loop().time() - began < 5
    await database.close()
