"""`ghost down`, with a Ghost and without one."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.fakes.real_ghost import RealGhost, program, real_ghost

pytestmark = pytest.mark.timeout(120)

HEAD = """
[web]
listen = "off"
[defaults]
ready_after = "100ms"
stop_timeout = "500ms"
"""
WILLING = f"""{HEAD}
[daemon.web]
command = {program("counter.py")}
[daemon.worker]
command = {program("counter.py")}
after = ["web"]
"""
HOUSE = f"""{WILLING}
[daemon.stubborn]
command = {program("ignore_term.py")}
[daemon.family]
command = {program("fork_children.py", "group", "own_group", "own_session", "double_fork")}
"""


async def _killed(ghost: RealGhost) -> None:
    await ghost.all_up()
    await ghost.end(signal.SIGKILL)
    assert ghost.marked()


async def test_down_without_a_ghost_stops_what_a_dead_one_left(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await _killed(ghost)
        code, out, err = await ghost.cli("down")
        assert (code, err) == (0, "")
        assert (
            out
            == "Ghost was not running; stopped what it had left: web, worker, stubborn, family\n"
        )
        assert ghost.marked() == []
        code, _, err = await ghost.cli("down")
        assert (code, err) == (3, "ghost: Ghost is not running here, and nothing of it was left\n")
        await ghost.up()
        await ghost.all_up()  # it was no person's stop


async def test_a_worker_is_stopped_before_what_it_comes_after(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await _killed(ghost)
        assert (await ghost.cli("down"))[0] == 0
        journal = (tmp_path / ".ghost" / "journal" / "spawns.jsonl").read_text().splitlines()
        gone = [line.split('"name":"')[1].split('"')[0] for line in journal if '"gone"' in line]
        assert gone.index("worker") < gone.index("web")


@pytest.mark.parametrize("lost", ["registry", "journal", "both", "config", "one daemon"])
async def test_what_is_lost_of_the_state_keeps_nothing_running(tmp_path: Path, lost: str) -> None:
    async with real_ghost(tmp_path, WILLING, None) as ghost:
        await _killed(ghost)
        if lost in {"registry", "both"}:
            (tmp_path / ".ghost" / "process-registry.json").unlink()
        if lost in {"journal", "both"}:
            shutil.rmtree(tmp_path / ".ghost" / "journal")
        if lost == "config":
            ghost.config.write_text(WILLING + "\nnonsense = 1\n")
        if lost == "one daemon":
            ghost.config.write_text(HEAD + f"[daemon.web]\ncommand = {program('counter.py')}\n")
        code, out, err = await ghost.cli("down")
        assert ghost.marked() == []
        assert (code, "worker" in out) == (0, True)
        assert ("unknown key" in err) is (lost == "config")


async def test_down_of_many_says_how_many(tmp_path: Path) -> None:
    many = "".join(f"[daemon.d{n}]\ncommand = {program('counter.py')}\n" for n in range(11))
    async with real_ghost(tmp_path, HEAD + many, None) as ghost:
        await ghost.all_up()
        code, out, _ = await ghost.cli("down")
        assert (code, out) == (0, "Ghost is down; stopped: 11 daemons\n")
