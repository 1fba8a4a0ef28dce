"""What `ghost patch apply` tells a running Ghost, which tells it to people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ghostbot.core.proposal import Status
from ghostbot.patches.elsewhere import Elsewhere
from ghostbot.slack.blocks.patch_elsewhere import elsewhere
from ghostbot.web.elsewhere import ToldElsewhere
from tests.fakes.block_kit import assert_fits
from tests.fakes.doors import Asked, open_doors

DONE = {"id": "cli-1a2b", "status": "applied", "root": "app", "files": ["a.py"], "unattended": True}


@pytest.fixture
def said() -> list[Elsewhere]:
    return []


@pytest.fixture
async def asked(tmp_path: Path, said: list[Elsewhere]) -> AsyncIterator[Asked]:
    async with open_doors(
        tmp_path, more=lambda k: [ToldElsewhere(k.ghost.permit, said.append)]
    ) as opened:
        yield opened


async def test_what_was_done_is_said_with_who_did_it(asked: Asked, said: list[Elsewhere]) -> None:
    answer = await asked.ask("POST /api/patches/elsewhere", DONE)
    assert (answer.status, answer.json) == (200, {"said": True})
    (done,) = said
    assert (done.id, done.status, done.root) == ("cli-1a2b", Status.APPLIED, "app")
    assert done.files == ("a.py",)
    assert done.is_unattended
    assert done.by


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../x"},
        {"id": None},
        {"status": "approved"},
        {"status": []},
        {"root": ""},
        {"files": "a"},
        {"files": [1]},
        {"reason": 1},
        {"text": "x"},
    ],
)
async def test_what_makes_no_sense_is_said_to_nobody(
    asked: Asked, said: list[Elsewhere], wrong: dict[str, Any]
) -> None:
    answer = await asked.ask("POST /api/patches/elsewhere", {**DONE, **wrong})
    assert answer.status == 400
    assert said == []


async def test_without_the_token_nobody_is_heard(asked: Asked, said: list[Elsewhere]) -> None:
    assert (await asked.private("POST /api/patches/elsewhere", DONE)).status == 401
    assert said == []


@pytest.mark.parametrize("status", list(Status))
def test_every_end_is_a_message_that_slack_takes(status: Status) -> None:
    done = Elsewhere(
        id="cli-1",
        status=status,
        root="<!channel>",
        by="eve <@U1>",
        files=tuple(f"f{n}" for n in range(9)),
        reason="no *room*\n" * 400,
        is_verified=False,
    )
    message = elsewhere(done)
    assert_fits(message)
    text = message.text
    assert "<!channel>" not in text
    assert "<@U1>" not in text
    if status is Status.APPLIED:
        assert "and 4 more. Its checks were left out" in text
