"""What `ghost patch apply` tells a running Ghost becomes a proposal that all see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ghostbot.core.proposal import Proposal
from ghostbot.errors import NoSuch
from ghostbot.patches.elsewhere import Elsewhere
from ghostbot.web.elsewhere import ToldElsewhere
from tests.fakes.doors import Asked, open_doors
from tests.fakes.pipelines import Shop

FILE = {"path": "a.py", "op": "update", "tier": "exact", "added": 1, "removed": 2}
DONE = {
    "id": "cli-1a2b",
    "status": "applied",
    "root": "app",
    "plan_digest": f"sha256:{'0' * 64}",
    "files": [FILE],
    "risk": ["delete"],
    "unattended": True,
    "verified": False,
}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
async def asked(tmp_path: Path, shop: Shop) -> AsyncIterator[Asked]:
    async with shop.open() as pipeline:

        async def keep(done: Elsewhere) -> Proposal:
            return await pipeline.elsewhere(done)

        told = lambda k: [ToldElsewhere(k.ghost.permit, keep)]  # noqa: E731
        async with open_doors(tmp_path / "doors", more=told) as opened:
            yield opened


async def test_it_is_kept_once_as_who_did_it_and_told(asked: Asked, shop: Shop) -> None:
    answers = [await asked.ask("POST /api/patches/elsewhere", DONE) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    p = answers[0].json
    assert (p["status"], p["over"], p["root"], p["risk"]) == ("applied", True, "app", ["delete"])
    assert p["title"] == "ghost patch apply (its checks were left out)"
    assert p["submitter"]["id"].startswith("local:")
    assert [(one["unattended"], one["by"]) for one in p["approvals"]] == [
        (True, p["submitter"]["id"])
    ]
    assert p["files"][0]["path"] == "a.py"
    assert answers[1].json["id"] == p["id"]
    assert len(shop.told) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../x"},
        {"id": None},
        {"status": "approved"},
        {"status": "rolled_back"},
        {"status": []},
        {"root": 1},
        {"plan_digest": "sha256:0"},
        {"files": "a"},
        {"files": [1]},
        {"files": [{**FILE, "op": "burn"}]},
        {"files": [{**FILE, "added": "x"}]},
        {"risk": [1]},
        {"reason": 1},
        {"text": "x"},
    ],
)
async def test_what_makes_no_sense_is_kept_by_nobody(
    asked: Asked, shop: Shop, wrong: dict[str, Any]
) -> None:
    answer = await asked.ask("POST /api/patches/elsewhere", {**DONE, **wrong})
    assert answer.status == 400, answer.body
    assert shop.told == []


async def test_a_root_that_is_none_of_ours_is_404_and_no_token_401(asked: Asked) -> None:
    assert (await asked.ask("POST /api/patches/elsewhere", {**DONE, "root": "b"})).status == 404
    assert (await asked.private("POST /api/patches/elsewhere", DONE)).status == 401
    assert NoSuch("x", "root").code == "no_such_root"
