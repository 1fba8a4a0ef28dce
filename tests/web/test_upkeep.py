"""Upkeep over HTTP, before a Ghost on a fake system."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.doors import Asked, open_doors


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with open_doors(tmp_path, listen=None) as opened:
        yield opened


async def test_strays_are_listed_and_ended_only_when_asked(asked: Asked) -> None:
    listed = (await asked.ask("POST /api/sweep")).json
    (stray,) = listed["strays"]
    assert list(stray) == ["pid", "daemon", "run", "age_s", "command"]
    assert (listed["killed"], listed["left"]) == (False, [stray])
    ended = (await asked.ask("POST /api/sweep", {"kill": True, "spare": [77]})).json
    assert (ended["killed"], ended["left"], ended["strays"][0]["pid"]) == (True, [], 77)


@pytest.mark.parametrize(
    "body",
    [
        {"kill": "yes"},
        {"spare": 5},
        {"spare": ["5"]},
        {"spare": [True]},
        {"spare": [0]},
        {"all": 1},
    ],
)
async def test_a_sweep_that_makes_no_sense_is_none(asked: Asked, body: object) -> None:
    given = await asked.ask("POST /api/sweep", body)
    assert (given.status, given.code) == (400, "bad_request")


async def test_a_reload_shows_its_plan(asked: Asked, tmp_path: Path) -> None:
    shown = await asked.ask("POST /api/reload", {"dry_run": True})
    assert (shown.status, shown.json["added"], shown.json["lines"]) == (
        200,
        ["new"],
        ["+ new: new"],
    )
    assert (await asked.ask("POST /api/reload?wait=true")).status == 200
    begun = await asked.ask("POST /api/reload")
    assert (begun.status, begun.json["going_on"]) == (202, True)
    assert (await asked.ask("POST /api/reload", {"dry_run": 1})).status == 400
    (tmp_path / "mistaken").touch()
    refused = await asked.ask("POST /api/reload")
    assert (refused.status, refused.code) == (422, "bad_config")
    assert refused.json["error"]["message"].splitlines() == [
        "ghost.toml:1: one",
        "ghost.toml:2: two",
    ]
