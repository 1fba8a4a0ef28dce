"""What daemons are started with, by a real Ghost on a real machine."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.fakes.real_ghost import real_ghost

pytestmark = pytest.mark.timeout(120)

SERVE = """
import os, signal, socket, sys
where = ("127.0.0.1", int(os.environ["PORT"]))
server = socket.create_server(where)
print(os.environ["INSTANCE"], os.environ["PORT"], os.environ["SAID"], flush=True)
signal.pause()
"""
HOUSE = f"""
[web]
listen = "off"
[daemon.web]
command = {json.dumps([sys.executable, "-S", "-c", SERVE])}
env_file = "web.env"
instances = 2
port = "auto"
[daemon.late]
command = ["sleep", "600"]
after = ["web"]
[daemon.modest]
command = ["sleep", "600"]
nice = 5
rlimits = {{ nofile = [64, 64] }}
[daemon.refused]
command = ["true"]
rlimits = {{ nofile = 1099511627776 }}
restart = "never"
"""


async def test_instances_have_their_numbers_and_ports_and_keep_them(tmp_path: Path) -> None:
    (tmp_path / "web.env").write_text("SAID=one\n")
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await ghost.daemon("late", lambda d: d["word"] == "up")
        before = {n: d["port"] for n, d in (await ghost.daemons()).items() if n[:3] == "web"}
        assert len(set(before.values()) - {None}) == 2
        logs = tmp_path / ".ghost" / "logs"
        said = (logs / "web-1.log").read_text(), (logs / "web-2.log").read_text()
        assert said == (f"1 {before['web-1']} one\n", f"2 {before['web-2']} one\n")
        (tmp_path / "web.env").write_text("SAID=two\n")
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        assert (await ghost.cli("restart", "web"))[0] == 0
        again = await ghost.daemons()
        assert {n: again[n]["port"] for n in before} == before
        assert (logs / "web-2.log").read_text().endswith(f"2 {before['web-2']} two\n")
        assert {again[n]["word"] for n in before} == {"up"}


async def test_limits_are_set_and_a_refusal_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "web.env").touch()
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        modest = psutil.Process((await ghost.daemon("modest", lambda d: d["word"] == "up"))["pid"])
        assert (modest.nice(), modest.rlimit(psutil.RLIMIT_NOFILE)) == (5, (64, 64))
        assert modest.cmdline() == ["sleep", "600"]
        refused = await ghost.daemon("refused", lambda d: d["last_exit"])
        assert refused["last_exit"]["code"] == 126
        assert refused["last_exit"]["reason"].startswith(
            "cannot set rlimit nofile to 1099511627776"
        )
