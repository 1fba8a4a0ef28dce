"""Probes of a real Ghost's real daemons: by their logs, by commands, over HTTP."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.fakes.real_ghost import real_ghost

pytestmark = pytest.mark.timeout(120)

HEAD = """
[web]
listen = "off"
[defaults]
stop_timeout = "500ms"
restart_delay = "0s"
"""


async def test_a_line_of_an_earlier_process_makes_no_later_one_ready(tmp_path: Path) -> None:
    code = (
        "import os, time; print('begun', flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.02)\n"
        "print('listening', flush=True); os.unlink('go'); time.sleep(99)"
    )
    house = f"""{HEAD}
[daemon.web]
command = [{sys.executable!r}, "-S", "-c", {code!r}]
[[daemon.web.probe]]
kind = "log"
pattern = "^listening"
"""
    async with real_ghost(tmp_path, house, None) as ghost:
        (tmp_path / "go").touch()
        first = (await ghost.all_up())["web"]
        status, _, said = await ghost.cli("restart", "web", "--no-wait")
        assert status == 0, said
        await ghost.daemon("web", lambda d: d["state"] == "starting" and d["pid"] != first["pid"])
        seen = await ghost.post("/api/test", {"names": ["web"]})
        (tmp_path / "go").touch()
        second = await ghost.daemon("web", lambda d: d["state"] == "up")
        assert second["pid"] != first["pid"]
        assert "no line of the log matches" in json.dumps(seen["results"])


async def test_a_daemon_that_says_in_its_first_moment_that_it_is_ready_is_heard(
    tmp_path: Path,
) -> None:
    house = f"""{HEAD}
[daemon.quick]
command = ["sh", "-c", "echo listening; exec sleep 99"]
[[daemon.quick.probe]]
kind = "log"
pattern = "^listening"
[[daemon.quick.probe]]
kind = "exec"
command = ["true"]
"""
    async with real_ghost(tmp_path, house, None) as ghost:
        await ghost.all_up()
        for _ in range(3):
            status, _, said = await ghost.cli("restart", "quick")
            assert status == 0, said
