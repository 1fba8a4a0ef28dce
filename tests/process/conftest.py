"""A house for each test, and a look afterwards that no process of it is left."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ghostbot.process.exits import Exits
from ghostbot.process.journal import Journal
from ghostbot.process.runs import Runs
from ghostbot.process.spawn import inherited_environment
from ghostbot.process.tree import Snapshot
from tests.fakes.house import House, until


@pytest.fixture
def state_id() -> str:
    return uuid.uuid4().hex[:12]


@pytest.fixture
async def house(tmp_path: Path, state_id: str) -> AsyncIterator[House]:
    loop = asyncio.get_running_loop()
    exits = Exits(loop)
    journal = Journal(tmp_path / "journal" / "spawns.jsonl")
    runs = Runs(
        state_id=state_id,
        inherited=inherited_environment(os.environ),
        exits=exits,
        journal=journal,
        loop=loop,
    )
    a_house = House(tmp_path, state_id, exits, journal, runs)
    try:
        yield a_house
    finally:
        await until(lambda: [a_house.end()] and not a_house.marked())
        await until(lambda: not exits.pids)
        a_house.end()
        runs._orphans.sweep()
        runs.close()
        exits.close()
        journal.close()


@pytest.fixture(autouse=True)
def nobody_is_left(state_id: str) -> Iterator[None]:
    yield
    left = Snapshot.take().marked(f"{state_id}/")
    assert not left, f"processes left behind: {left}"
