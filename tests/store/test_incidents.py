"""Incidents over Ghost's restarts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ghostbot.core.incident import About, Call, Hand, Incident, Part, Person, Phase, Step
from ghostbot.store.database import Database
from ghostbot.store.incidents import REOPENED_S, Incidents

NOW = 1_790_000_000.0
FRESH = Incident(
    0,
    "web",
    Phase.DOWN,
    "exited 1",
    opened_at=NOW,
    changed_at=NOW,
    deaths=2,
    next_try_at=NOW + 1,
    steps=(Step(NOW, "exited 1"),),
    lines=("a\x00", "🙂", "\ud800"),
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(tmp_path / "ghost.db")
    yield made
    await made.close()


async def test_ids_are_given_from_one(database: Database) -> None:
    incidents = Incidents(database)
    assert [(await incidents.save(FRESH)).id for _ in range(3)] == [1, 2, 3]


async def test_an_incident_comes_back_as_it_was(database: Database) -> None:
    incidents = Incidents(database, lambda: NOW)
    saved = await incidents.save(FRESH)
    assert await incidents.open() == [saved]
    assert await incidents.get(saved.id) == saved


async def test_its_parts_its_people_and_its_calls_come_back_too(database: Database) -> None:
    hand = Hand(Person("U0BOB", "bob"), NOW, NOW + 60)
    whole = replace(
        FRESH,
        about=About.TUNNEL,
        parts=(Part("web", Phase.BLOCKED, "x", NOW), Part("api", Phase.DOWN, "y", NOW)),
        acked=hand,
        silenced=hand,
        steps=(Step(NOW, "said", by=hand.by), Step(NOW + 1, "blocked", call=Call.PAGE)),
        paged_at=NOW,
        stuck_at=NOW,
        reminded=2,
        told=False,
        hold_until=NOW + 5,
    )
    saved = await Incidents(database, lambda: NOW).save(whole)
    assert await Incidents(database, lambda: NOW).open() == [saved]


async def test_a_row_of_an_older_ghost_is_read(database: Database) -> None:
    body = {
        "daemon": "web",
        "phase": "down",
        "cause": "exited 1",
        "opened_at": NOW,
        "changed_at": NOW,
        "deaths": 1,
        "next_try_at": None,
        "lines": [],
        "steps": [{"at": NOW, "what": "exited 1"}],
    }
    old = ("web", 0, NOW, json.dumps(body))
    await database.run(
        lambda db: db.execute(
            "INSERT INTO incidents (daemon, is_over, changed_at, body) VALUES (?, ?, ?, ?)", old
        )
    )
    (found,) = await Incidents(database, lambda: NOW).open()
    assert (found.id, found.told, found.parts, found.acked) == (1, True, (), None)


async def test_the_newest_come_after_those_that_are_not_over(database: Database) -> None:
    incidents = Incidents(database)
    over = replace(FRESH, phase=Phase.RECOVERED)
    for one in (over, FRESH, over, over):
        await incidents.save(one)
    assert [i.id for i in await incidents.newest(3)] == [2, 4, 3]


async def test_a_changed_one_keeps_its_id(database: Database) -> None:
    incidents = Incidents(database, lambda: NOW)
    saved = await incidents.save(FRESH)
    changed = await incidents.save(replace(saved, phase=Phase.BLOCKED))
    assert await incidents.open() == [changed]


async def test_what_was_over_long_ago_is_no_longer_open(database: Database) -> None:
    now = NOW
    incidents = Incidents(database, lambda: now)
    down = await incidents.save(FRESH)
    over = await incidents.save(replace(FRESH, phase=Phase.RECOVERED))
    assert [i.id for i in await incidents.open()] == [over.id, down.id]
    now = NOW + REOPENED_S + 1
    assert [i.id for i in await incidents.open()] == [down.id]
