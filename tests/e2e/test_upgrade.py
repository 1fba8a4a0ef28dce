"""`ghost upgrade` on real processes: the same daemons, and nobody's end is missed."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.fakes.real_ghost import RealGhost, program, real_ghost, until

pytestmark = pytest.mark.timeout(120)

HOUSE = f"""
[web]
listen = "off"
[defaults]
ready_after = "200ms"
stop_timeout = "500ms"
restart = "never"
[daemon.web]
command = {program("counter.py")}
[daemon.worker]
command = {program("counter.py")}
after = ["web"]
[daemon.late]
command = {program("exit_on_hup.py", 42)}
"""


async def test_an_upgrade_leaves_every_process_as_it_is(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = {n: (d["pid"], d["starts"]) for n, d in (await ghost.all_up()).items()}
        for turn in (1, 2):
            code, out, err = await ghost.cli("upgrade")
            assert (code, err) == (0, "")
            assert "Ghost is upgraded" in out
            assert "3 daemons running" in out
            said = await ghost.get("/api/upgrade")
            assert ghost.process is not None
            assert (said["turn"], said["pid"]) == (turn, ghost.process.pid)
            assert 0 < said["blind_ms"] < 3000
            print(f"blind for {said['blind_ms']} ms")  # noqa: T201  a number worth seeing
        daemons = await ghost.daemons()
        assert {n: (d["pid"], d["starts"]) for n, d in daemons.items()} == before
        children = {p.pid for p in psutil.Process(ghost.process.pid).children()}
        assert {pid for pid, _ in before.values()} <= children
        assert not any("GHOST_UPGRADE" in psutil.Process(p).environ() for p, _ in before.values())


async def test_who_dies_while_ghost_becomes_another_is_told_with_the_right_code(
    tmp_path: Path,
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        late = (await ghost.all_up())["late"]["pid"]
        await _die_inside(ghost, late)
        dead = await ghost.daemon("late", lambda d: d["state"] == "down")
        assert dead["last_exit"]["code"] == 42
        await until(lambda: not psutil.pid_exists(late), "its zombie collected", 2)
        assert (await ghost.daemon("web", lambda d: d["word"] == "up"))["starts"] == 1


async def test_deaths_at_random_moments_of_an_upgrade_are_all_told_right(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201  to run it again
    chance = random.Random(seed)
    many = "".join(
        f"[daemon.d{n}]\ncommand = {program('exit_on_hup.py', 10 + n)}\n" for n in range(16)
    )
    async with real_ghost(tmp_path, HOUSE + many, None) as ghost:
        pids = {n: d["pid"] for n, d in (await ghost.all_up()).items() if n.startswith("d")}
        upgrading = asyncio.create_task(ghost.cli("upgrade"))
        for pid in pids.values():
            await asyncio.sleep(chance.uniform(0, 0.15))  # the moment of the death is the test
            os.kill(pid, signal.SIGHUP)
        assert (await upgrading)[0] == 0
        for n in range(16):
            dead = await ghost.daemon(f"d{n}", lambda d: d["state"] == "down")
            assert (dead["last_exit"]["code"], dead["starts"]) == (10 + n, 1)
        assert not {pid for pid in pids.values() if psutil.pid_exists(pid)}


async def test_a_tree_whose_leader_dies_inside_the_window_is_cleared_before_the_next_start(
    tmp_path: Path,
) -> None:
    family = f"""[daemon.family]
command = {program("fork_children.py", "group", "own_group", "own_session", "double_fork")}
restart = "always"
restart_delay = "50ms"
"""
    async with real_ghost(tmp_path, HOUSE + family, None) as ghost:
        leader = (await ghost.all_up())["family"]["pid"]
        before = {p.pid for p, unit in ghost.units().items() if "/family/" in unit}
        await _die_inside(ghost, leader, signal.SIGKILL)
        again = await ghost.daemon("family", lambda d: d["word"] == "up" and d["pid"] != leader)
        assert (again["starts"], again["last_exit"]["signal"]) == (2, "SIGKILL")
        now = {p.pid for p, unit in ghost.units().items() if "/family/" in unit}
        assert not now & before
        assert len(before) > 1


async def test_a_stop_that_an_upgrade_comes_upon_goes_on(tmp_path: Path) -> None:
    stubborn = f"[daemon.stubborn]\ncommand = {program('ignore_term.py')}\nstop_timeout = '4s'\n"
    async with real_ghost(tmp_path, HOUSE + stubborn, None) as ghost:
        pid = (await ghost.all_up())["stubborn"]["pid"]
        assert (await ghost.cli("stop", "stubborn", "--no-wait"))[0] == 0
        assert (await ghost.cli("upgrade"))[0] == 0
        stubborn_now = await ghost.daemon("stubborn", lambda d: d["state"] == "down")
        assert stubborn_now["starts"] == 1
        assert not psutil.pid_exists(pid)


async def _die_inside(ghost: RealGhost, pid: int, number: int = signal.SIGHUP) -> None:
    """Upgrade, and end `pid` when the old Ghost is no more and the new one not yet."""
    assert ghost.process is not None
    me = ghost.process.pid
    upgrading = asyncio.create_task(ghost.cli("upgrade"))
    # The next image has its own environment from its first instruction on: proc_pid_environ(5).
    environ = Path(f"/proc/{me}/environ")
    await until(lambda: b"GHOST_UPGRADE=1 " in environ.read_bytes(), "the exec")
    os.kill(me, signal.SIGSTOP)
    os.kill(pid, number)
    await until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, "its end")
    os.kill(me, signal.SIGCONT)
    code, _, err = await upgrading
    assert (code, err) == (0, "")


async def test_a_daemon_started_after_an_upgrade_inherits_no_lock(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await ghost.all_up()
        assert (await ghost.cli("upgrade"))[0] == 0
        assert (await ghost.cli("restart", "web"))[0] == 0
        pid = (await ghost.daemons())["web"]["pid"]
        assert not any("ghost.lock" in file.path for file in psutil.Process(pid).open_files())
        second = await ghost.cli("up")
        assert second[0] != 0
        assert ghost.process is not None
        assert f"pid {ghost.process.pid}" in second[2]


async def test_a_mistake_in_the_config_refuses_the_upgrade(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = {n: d["pid"] for n, d in (await ghost.all_up()).items()}
        ghost.config.write_text(HOUSE + "\nnonsense = 1\n")
        code, _, err = await ghost.cli("upgrade")
        assert code == 1
        assert re.search(r"ghost\.toml:\d+: daemon\.late\.nonsense: unknown key", err)
        assert (await ghost.get("/api/upgrade"))["turn"] == 0
        assert {n: d["pid"] for n, d in (await ghost.daemons()).items()} == before


async def test_another_state_directory_refuses_the_upgrade(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = {n: d["pid"] for n, d in (await ghost.all_up()).items()}
        ghost.config.write_text('[ghost]\nstate_dir = "elsewhere"\n' + HOUSE)
        answer = await ghost.post("/api/upgrade")
        assert "elsewhere now, and the daemons' records are in" in answer["error"]["message"]
        ghost.config.write_text(HOUSE)
        assert {n: d["pid"] for n, d in (await ghost.daemons()).items()} == before


async def test_an_interpreter_that_is_gone_refuses_the_upgrade(tmp_path: Path) -> None:
    ghost = RealGhost(tmp_path, HOUSE, {})
    ghost.python = str(_another_venv(tmp_path / "venv"))
    try:
        await ghost.up()
        await ghost.all_up()
        os.unlink(ghost.python)  # noqa: PTH108  Path's is refused in a coroutine
        code, _, err = await ghost.cli("upgrade")
        assert code == 1
        assert f"cannot upgrade: {ghost.python}: no such file" in err
        assert (await ghost.daemon("web", lambda d: d["word"] == "up"))["starts"] == 1
    finally:
        await ghost.clear()


async def test_where_the_exec_fails_the_same_ghost_takes_its_daemons_back(tmp_path: Path) -> None:
    ghost = RealGhost(tmp_path, HOUSE, {})
    ghost.python = str(_another_venv(tmp_path / "venv"))
    try:
        await ghost.up()
        before = {n: (d["pid"], d["starts"]) for n, d in (await ghost.all_up()).items()}
        code, err = await _fail_in_the_exec(ghost)
        assert code == 1
        assert "no such file or directory; the Ghost before goes on" in err
        daemons = await ghost.all_up()
        assert {n: (d["pid"], d["starts"]) for n, d in daemons.items()} == before
        os.kill(before["late"][0], signal.SIGHUP)
        dead = await ghost.daemon("late", lambda d: d["state"] == "down")
        assert dead["last_exit"]["code"] == 42
        assert "cannot upgrade" in (await ghost.cli("status"))[1]
    finally:
        await ghost.clear()


async def test_where_the_exec_fails_what_was_reloaded_before_holds(tmp_path: Path) -> None:
    ghost = RealGhost(tmp_path, HOUSE, {})
    ghost.python = str(_another_venv(tmp_path / "venv"))
    try:
        await ghost.up()
        await ghost.all_up()
        ghost.config.write_text(f"{HOUSE}[daemon.new]\ncommand = {program('counter.py')}\n")
        assert (await ghost.cli("reload"))[0] == 0
        before = {n: (d["pid"], d["starts"]) for n, d in (await ghost.all_up()).items()}
        assert (await _fail_in_the_exec(ghost))[0] == 1
        daemons = await ghost.all_up()
        assert {n: (d["pid"], d["starts"]) for n, d in daemons.items()} == before
        assert await ghost.cli("reload") == (0, "nothing has changed\n", "")
    finally:
        await ghost.clear()


async def _fail_in_the_exec(ghost: RealGhost) -> tuple[int, str]:
    """Upgrade, and take the interpreter away after the check; return exit code and stderr."""
    assert ghost.process is not None
    me = psutil.Process(ghost.process.pid)
    upgrading = asyncio.create_task(ghost.cli("upgrade"))
    await until(lambda: any("check" in p.cmdline() for p in me.children()), "the check")
    os.unlink(ghost.python)  # noqa: PTH108  Path's is refused in a coroutine
    code, _, err = await upgrading
    return code, err


def _another_venv(folder: Path) -> Path:
    """Make a virtual environment with everything that this one has, and return its Python."""
    (folder / "bin").mkdir(parents=True)
    for name in ("pyvenv.cfg", "lib"):
        (folder / name).symlink_to(Path(sys.prefix, name))
    python = folder / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    return python


async def test_no_other_ghost_gets_in_while_one_becomes_another(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await ghost.all_up()
        assert ghost.process is not None
        me = ghost.process.pid
        upgrading = asyncio.create_task(ghost.cli("upgrade"))
        environ = Path(f"/proc/{me}/environ")
        await until(lambda: b"GHOST_UPGRADE=1 " in environ.read_bytes(), "the exec")
        os.kill(me, signal.SIGSTOP)
        code, _, err = await ghost.cli("up")
        os.kill(me, signal.SIGCONT)
        assert code != 0
        assert f"pid {me}" in err
        assert (await upgrading)[0] == 0
