"""A daemon that tells when it is ready, across Ghosts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.fakes.real_ghost import program, real_ghost

pytestmark = pytest.mark.timeout(120)

HOUSE = f"""
[web]
listen = "off"
[defaults]
ready_after = "100ms"
stop_timeout = "500ms"
[daemon.slow]
command = {program("notify.py", "child")}
[[daemon.slow.probe]]
kind = "notify"
[daemon.after]
command = {program("counter.py")}
after = ["slow"]
"""


async def test_what_comes_after_waits_until_the_daemon_says_ready(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        slow = await ghost.daemon("slow", lambda d: d["pid"])
        after = await ghost.daemon("after", lambda d: d["state"] == "waiting")
        assert (slow["word"], after["word"]) == ("starting", "waiting for slow")
        os.kill(slow["pid"], signal.SIGHUP)
        await ghost.all_up()


async def test_a_daemon_tells_the_next_ghost_and_one_that_was_up_stays_so(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        pid = (await ghost.daemon("slow", lambda d: d["pid"]))["pid"]
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        slow = await ghost.daemon("slow", lambda d: d["pid"])
        assert (slow["pid"], slow["word"]) == (pid, "starting")
        os.kill(pid, signal.SIGHUP)
        await ghost.all_up()
        for _ in range(2):
            assert (await ghost.cli("upgrade"))[0] == 0
            assert (await ghost.daemons())["slow"]["word"] == "up"
        assert (await ghost.daemons())["slow"]["pid"] == pid
