"""Daemons that crash in a loop, flap or are slow, under a whole Ghost that goes on answering."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.fakes.real_ghost import RealGhost, real_ghost

pytestmark = pytest.mark.timeout(120)

HEAD = """
[web]
listen = "off"
[defaults]
ready_after = "50ms"
restart_delay = "50ms"
stop_timeout = "500ms"
"""
FOR_S = 8.0


def cpu_s(process: psutil.Process) -> float:
    """Return what the process itself has used, without its children."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def test_twenty_daemons_that_crash_in_a_loop_cost_ghost_little(
    tmp_path: Path,
) -> None:
    never = "max_restarts = 1000\nslow_restarts = 1000\nrestart_max_delay = '1s'\n"
    loops = "".join(f'[daemon.d{n}]\ncommand = "false"\n{never}' for n in range(20))
    async with real_ghost(tmp_path, HEAD + loops, None) as ghost:
        assert ghost.process is not None
        me = psutil.Process(ghost.process.pid)
        began, used = time.monotonic(), cpu_s(me)
        before = sum(d["starts"] for d in (await ghost.daemons()).values())
        await asyncio.sleep(FOR_S)  # the use over a time is what is asked for
        share = (cpu_s(me) - used) / (time.monotonic() - began)
        starts = sum(d["starts"] for d in (await ghost.daemons()).values()) - before
        print(f"{share:.1%} of a core for {starts} starts")  # noqa: T201  a number worth seeing
        assert 50 < starts < 20 * 20  # not blocked, and a second apart once the delay has grown
        assert share < 0.3


async def test_orders_are_answered_while_a_daemon_fails_in_each_of_its_starts(
    tmp_path: Path,
) -> None:
    house = f"""{HEAD}
[daemon.crasher]
command = ["sh", "-c", "sleep 0.03; exit 1"]
max_restarts = 1000
slow_restarts = 1000
[daemon.web]
command = "sleep 60"
"""
    async with real_ghost(tmp_path, house, None) as ghost:
        await ghost.daemon("web", lambda d: d["word"] == "up")
        for _ in range(5):
            for verb in ("restart", "stop", "start"):
                await _answered(ghost, f"/api/daemons/crasher/{verb}")
                await _answered(ghost, "/api/daemons/web/restart?wait=true")
        await _answered(ghost, "/api/daemons/crasher/stop?wait=true")
        crasher = await ghost.daemon("crasher", lambda d: d["state"] == "down", 5)
        assert crasher["pid"] is None
        assert crasher["starts"] >= 5


async def _answered(ghost: RealGhost, path: str) -> None:
    async with asyncio.timeout(5):
        assert "error" not in await ghost.post(path)


async def test_dependents_of_a_daemon_that_flaps_are_back_within_two_seconds(
    tmp_path: Path,
) -> None:
    house = f"""{HEAD}
[daemon.db]
command = "sleep 60"
[daemon.web]
command = "sleep 60"
after = ["db"]
"""
    async with real_ghost(tmp_path, house, None) as ghost:
        for turn in range(1, 3):  # a third death would be a crash loop
            up = await ghost.all_up()
            pids = {d["pid"] for d in up.values()}
            began = time.monotonic()
            for name in ("db", "web"):
                psutil.Process(up[name]["pid"]).kill()
            await ghost.daemon(
                "web",
                lambda d, pids=pids: d["word"] == "up" and d["pid"] not in pids,  # type: ignore[misc]
            )
            took_s = time.monotonic() - began
            print(f"back after {took_s:.2f} s")  # noqa: T201  a number worth seeing
            assert took_s < 2
            assert (await ghost.daemons())["db"]["restarts"] == turn


async def test_a_slow_daemon_holds_up_only_what_comes_after_it_and_that_can_be_stopped(
    tmp_path: Path,
) -> None:
    slow = [sys.executable, "-S", "-c", "import signal; signal.pause()"]
    house = f"""{HEAD}
[daemon.slow]
command = {slow}
ready_after = "20s"
[daemon.web]
command = "sleep 60"
after = ["slow"]
[daemon.other]
command = "sleep 60"
"""
    async with real_ghost(tmp_path, house, None) as ghost:
        await ghost.daemon("other", lambda d: d["word"] == "up")
        waiting = await ghost.daemon("web", lambda d: d["word"] == "waiting for slow")
        assert waiting["pid"] is None
        for name in ("web", "slow"):  # one that waits, and one that is starting
            await _answered(ghost, f"/api/daemons/{name}/stop?wait=true")
            assert (await ghost.daemons())[name]["state"] == "down"
        assert (await ghost.daemons())["web"]["starts"] == 0


async def test_a_stop_is_kept_during_a_delay(tmp_path: Path) -> None:
    house = f"""{HEAD}
[daemon.late]
command = "false"
restart_delay = "3s"
"""
    async with real_ghost(tmp_path, house, None) as ghost:
        await ghost.daemon("late", lambda d: d["state"] == "backoff")
        await _answered(ghost, "/api/daemons/late/stop?wait=true")
        starts = (await ghost.daemons())["late"]["starts"]
        await asyncio.sleep(4)  # longer than its delay: nothing is what is to be seen
        late = (await ghost.daemons())["late"]
        assert (late["state"], late["starts"]) == ("down", starts)
