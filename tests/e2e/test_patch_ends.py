"""Where Ghost ends while a patch is carried out: tree, house, word and log are as one."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psutil
import pytest

from tests.e2e.test_patchwork import approved, ended, house, proposed
from tests.fakes.pipelines import GREET
from tests.fakes.real_ghost import RealGhost

pytestmark = pytest.mark.timeout(120)

CHECK = ["sleep", "4713"]
HANGS = f"verify = [{json.dumps(CHECK)}]\nverify_live = true"


def hanging() -> list[int]:
    """Return the checks that still run."""
    return [
        one.pid
        for one in psutil.process_iter(["cmdline", "status"])
        if one.info["cmdline"] == CHECK and one.info["status"] != psutil.STATUS_ZOMBIE
    ]


async def verifying(ghost: RealGhost) -> None:
    await approved(ghost, await proposed(ghost), 0)
    await ended(ghost, "p1", "verifying")


async def whole(ghost: RealGhost) -> None:
    code, out, err = await ghost.cli("patch", "log", "verify")
    assert code == 0, out + err


async def test_a_ghost_that_is_told_to_end_takes_back_what_it_verifies(tmp_path: Path) -> None:
    async with house(tmp_path, HANGS) as ghost:
        await verifying(ghost)
        assert "hello" in (tmp_path / "app" / "greet.py").read_text()
        await ghost.end(signal.SIGTERM)
        assert (tmp_path / "app" / "greet.py").read_text() == GREET
        assert hanging() == []
        await ghost.up()
        found = await ended(ghost, "p1", "rolled_back")
        assert "Ghost ended" in found["reason"]
        await whole(ghost)
        _, out, _ = await ghost.cli("patch", "log", "--json")
        seen = [json.loads(line)["status"] for line in out.splitlines()]
        assert (seen[-1], "verifying" in seen) == ("rolled_back", True)


@pytest.mark.soak
async def test_an_upgrade_takes_back_what_is_verified_and_says_so(tmp_path: Path) -> None:
    async with house(tmp_path, HANGS, json.dumps(["sleep", "4714"])) as ghost:
        web = (await ghost.all_up())["web"]["pid"]
        await verifying(ghost)
        code, out, err = await ghost.cli("upgrade")
        assert code == 0, out + err
        found = await ended(ghost, "p1", "rolled_back")
        assert "Ghost ended" in found["reason"]
        assert (tmp_path / "app" / "greet.py").read_text() == GREET
        assert hanging() == []
        assert (await ghost.daemons())["web"]["pid"] == web
        await whole(ghost)
