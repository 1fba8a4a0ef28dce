"""Patches under a whole Ghost, without Slack: proposed, approved, verified, and cut short."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.pipelines import BUILD, GREET, HELLO
from tests.fakes.real_ghost import LOOK_S, RealGhost, real_ghost

TOML = """
[web]
listen = "off"
[root.app]
path = "app"
{root}
[daemon.web]
command = {web}
cwd = "app"
ready_after = "100ms"
"""


@asynccontextmanager
async def house(folder: Path, root: str = "", web: str | None = None) -> AsyncIterator[RealGhost]:
    (folder / "app").mkdir()
    (folder / "app" / "greet.py").write_text(GREET)
    (folder / "app" / "Makefile").write_text(BUILD)
    (folder / "hello.patch").write_text(HELLO)
    toml = TOML.format(root=root, web=web or json.dumps(["sleep", "1000"]))
    async with real_ghost(folder, toml, None) as ghost:
        yield ghost


EDIT = {"path": "greet.py", "old_str": '"hi"', "new_str": '"hello"'}


async def proposed(ghost: RealGhost, edit: dict[str, str] = EDIT) -> dict[str, Any]:
    """Propose a patch over the socket, and return it as it waits."""
    found: dict[str, Any] = await ghost.post("/api/patches", edit)
    assert found["status"] == "awaiting_approval", found
    return found


async def approved(ghost: RealGhost, p: dict[str, Any], wait_s: int = 30) -> dict[str, Any]:
    said = {"digest": p["plan_digest"]}
    found: dict[str, Any] = await ghost.post(f"/api/patches/{p['id']}/approve?wait={wait_s}", said)
    return found


async def ended(ghost: RealGhost, name: str, status: str) -> dict[str, Any]:
    """Look until a patch has come so far."""
    deadline = asyncio.get_running_loop().time() + 20
    while True:
        found: dict[str, Any] = await ghost.get(f"/api/patches/{name}")
        if found["status"] == status:
            return found
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(LOOK_S)


async def test_a_patch_is_proposed_shown_approved_and_taken_back(tmp_path: Path) -> None:
    async with house(tmp_path, 'restart = ["web"]') as ghost:
        await ghost.all_up()
        before = (await ghost.daemons())["web"]["pid"]
        code, out, err = await ghost.cli("patch", "submit", "hello.patch")
        assert (code, "one person must say yes" in out) == (0, True), err
        code, out, _ = await ghost.cli("patch", "show", "p1")
        assert (code, '+    return "hello"' in out) == (0, True)
        code, out, err = await ghost.cli("patch", "approve", "p1", "--yes")
        assert (code, "applied" in out) == (0, True), err
        assert "hello" in (tmp_path / "app" / "greet.py").read_text()
        web = await ghost.daemon("web", lambda d: d["word"] == "up")
        assert web["pid"] != before
        code, out, err = await ghost.cli("patch", "revert", "p1", "--yes")
        assert (code, "applied" in out) == (0, True), err
        assert (tmp_path / "app" / "greet.py").read_text() == GREET


async def test_the_command_line_says_no_and_types_the_end_of_what_is_risky(tmp_path: Path) -> None:
    async with house(tmp_path) as ghost:
        risky = {"path": "Makefile", "old_str": "true", "new_str": "false"}
        p = await proposed(ghost, risky)
        assert p["needs"] == 2
        code, _, err = await ghost.cli("patch", "approve", "p1", "--yes")
        assert (code, "last 4 characters of its digest, as --tail XXXX" in err) == (1, True)
        _, _, err = await ghost.cli("patch", "show", "p1")
        assert "makefile: such files decide how code is built" in err.lower()
        tail = p["plan_digest"][-4:]
        code, out, err = await ghost.cli("patch", "approve", "p1", "--yes", "--tail", tail)
        assert code == 0, out + err
        assert (await ended(ghost, "p1", "applied"))["approvals"][0]["sole"]
        await proposed(ghost)
        code, out, err = await ghost.cli("patch", "reject", "p2", "--why", "not now")
        assert (code, "not now" in out) == (0, True), err
        code, out, _ = await ghost.cli("patch", "list")
        assert (code, out.count("\n"), "applied" in out, "rejected" in out) == (0, 2, True, True)


async def test_a_daemon_that_does_not_come_up_again_takes_its_patch_back(tmp_path: Path) -> None:
    web = json.dumps(["sh", "-c", "! grep -q hello greet.py && exec sleep 1000"])
    async with house(tmp_path, 'restart = ["web"]', web) as ghost:
        await ghost.all_up()
        found = await approved(ghost, await proposed(ghost))
        assert found["status"] == "rolled_back", found
        assert (tmp_path / "app" / "greet.py").read_text() == GREET
        await ghost.daemon("web", lambda d: d["word"] == "up")


async def test_a_ghost_that_is_killed_while_it_verifies_leaves_the_old_tree(tmp_path: Path) -> None:
    checks = 'verify = [["sleep", "1000"]]\nverify_live = true'
    async with house(tmp_path, checks) as ghost:
        await approved(ghost, await proposed(ghost), 0)
        await ended(ghost, "p1", "verifying")
        assert "hello" in (tmp_path / "app" / "greet.py").read_text()
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        found = await ended(ghost, "p1", "rolled_back")
        assert "Ghost ended" in found["reason"]
        assert (tmp_path / "app" / "greet.py").read_text() == GREET
        assert "was cut short" in ghost.out.read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_what_was_being_tried_in_a_copy_is_tried_again_by_the_next_ghost(
    tmp_path: Path, number: signal.Signals
) -> None:
    gate = tmp_path / "gate"
    checks = f'verify = [["sh", "-c", "test -e {gate} || sleep 1000"]]'
    async with house(tmp_path, checks) as ghost:
        await approved(ghost, await proposed(ghost), 0)
        await ended(ghost, "p1", "prechecking")
        await ghost.end(number)
        assert (tmp_path / "app" / "greet.py").read_text() == GREET
        gate.touch()
        await ghost.up()
        await ended(ghost, "p1", "applied")
        assert "hello" in (tmp_path / "app" / "greet.py").read_text()


async def test_a_root_that_a_reload_brings_takes_patches_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as ghost:
        whole = ghost.config.read_text()
        ghost.config.write_text(whole.replace("[root.app]\npath", "[root.other]\npath"))
        told = await ghost.post("/api/reload?wait=true", {})
        assert "root.other" in json.dumps(told), told
        assert (await proposed(ghost))["root"] == "other"
        said = await ghost.post("/api/patches?root=app", EDIT)
        assert said["error"]["code"] == "no_such_root", said
