"""Troubles on the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.test_commands import GhostRun, run
from tests.fakes.desks import Troubled, troubled_doors


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Troubled]:
    (tmp_path / "ghost.toml").write_text('[daemon.web]\ncommand = "true"\n')
    async with troubled_doors(tmp_path / ".ghost") as opened:
        yield opened


async def ghost(doors: Troubled, *words: str) -> GhostRun:
    return await asyncio.to_thread(run, doors.asked.state_dir.parent, *words)


async def test_troubles_are_a_line_each_and_json_for_programs(doors: Troubled) -> None:
    assert (await ghost(doors, "incidents")).stdout == "no trouble yet\n"
    await doors.sick("HTTP 500 \x1b[31m")
    shown = (await ghost(doors, "incidents")).stdout
    assert "site  sick: HTTP 500 \\x1b[31m" in shown
    found = json.loads((await ghost(doors, "incidents", "--json")).stdout)
    assert [i["name"] for i in found["incidents"]] == ["site"]


async def test_a_trouble_is_taken_in_hand_once(doors: Troubled) -> None:
    number = str(await doors.sick())
    assert (await ghost(doors, "ack", number)).stdout == "incident 1 is acknowledged\n"
    assert "acknowledged already" in (await ghost(doors, "ack", number)).stdout
    assert "in hand: " in (await ghost(doors, "incidents")).stdout
    assert (await ghost(doors, "ack", "99")).returncode == 4


async def test_quiet_is_asked_for_by_name_and_ended(doors: Troubled) -> None:
    said = (await ghost(doors, "silence", "all", "2h")).stdout
    assert said == "all is silent for 2 h; a page comes through\n"
    assert "all is silent until " in (await ghost(doors, "incidents")).stdout
    assert (await ghost(doors, "silence", "all", "off")).stdout == "all is no longer silent\n"
    assert (await ghost(doors, "silence", "wbe", "2h")).returncode == 4
    wrong = await ghost(doors, "silence", "web", "soon")
    assert (wrong.returncode, "give a time, as in 30m or 2h" in wrong.stderr) == (2, True)
