"""A state directory that is removed, moved aside or copied while its Ghost runs."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.fakes.real_ghost import RealGhost, program, real_ghost, until

pytestmark = pytest.mark.timeout(120)

HOUSE = f"""
[web]
listen = "off"
[defaults]
ready_after = "100ms"
[daemon.web]
command = {program("counter.py")}
[daemon.worker]
command = {program("counter.py")}
after = ["web"]
"""


async def pids(ghost: RealGhost) -> dict[str, int]:
    return {name: found["pid"] for name, found in (await ghost.all_up()).items()}


def answers_again(ghost: RealGhost) -> bool:
    return Path(ghost.socket).exists()


@pytest.mark.parametrize("how", ["removed", "moved"])
async def test_whose_state_directory_was_taken_away_lets_no_second_ghost_in(
    tmp_path: Path, how: str
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = await pids(ghost)
        assert ghost.process is not None
        state_dir = ghost.state_dirs[-1]
        if how == "removed":
            await asyncio.to_thread(shutil.rmtree, state_dir)
        else:
            state_dir.rename(tmp_path / "aside")
        code, _, err = await ghost.cli("up")
        assert code == 1, err
        assert f"another one (pid {ghost.process.pid}) holds" in err
        await until(lambda: answers_again(ghost), "ghost.sock")
        _, out, _ = await ghost.cli("status")
        assert "the state directory was taken away" in out
        assert await pids(ghost) == before
        await until((state_dir / "process-registry.json").exists, "the registry")
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        assert await pids(ghost) == before


async def test_a_ghost_whose_place_was_taken_leaves_the_daemons_to_the_other(
    tmp_path: Path,
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = await pids(ghost)
        lock = ghost.state_dirs[-1] / "ghost.lock"
        lock.unlink()
        held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)  # by a system without such sockets
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert ghost.process is not None
            assert await asyncio.wait_for(ghost.process.wait(), 20) == 0
            assert "leaves the daemons to it" in ghost.out.read_text()
            assert len(ghost.marked()) == len(before)
        finally:
            os.close(held)
        await ghost.up()
        assert await pids(ghost) == before


async def test_a_copy_of_a_state_directory_touches_no_process_of_its_original(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    async with real_ghost(first, HOUSE, None) as ghost:
        before = await pids(ghost)
        await ghost.cli("stop", "worker")
        await until(lambda: '"stopped": true' in registry(first), "the stop on disk")
        await asyncio.to_thread(copy, first / ".ghost", second / ".ghost")
        async with real_ghost(second, HOUSE, None) as other:
            web = await other.daemon("web", lambda d: d["word"] == "up")
            assert web["pid"] != before["web"]
            assert (await other.daemons())["worker"]["word"] == "down"  # a person's word
            code, out, _ = await other.cli("down")
            assert (code, out) == (0, "Ghost is down; stopped: web\n")
            code, _, err = await other.cli("down")
            assert code == 3, err
            assert (await ghost.daemons())["web"]["pid"] == before["web"]
        assert (await ghost.daemons())["web"]["word"] == "up"


def registry(folder: Path) -> str:
    return (folder / ".ghost" / "process-registry.json").read_text()


def copy(one: Path, other: Path) -> None:
    """Copy all but the socket, as `cp -r` of a folder does that is in use."""
    shutil.copytree(one, other, ignore=shutil.ignore_patterns("ghost.sock"))
