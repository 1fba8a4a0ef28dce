"""Who may do what by HTTP and on the command line, and that each deed there is on record.

Rule 1: behind both there is one role, the local admin: whoever may open Ghost's files. All others
        are nobody.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ghostbot.core.rights import NEEDS, Role
from ghostbot.core.verbs import VERBS
from tests.fakes.real_ghost import PROGRAMS, ROOT, RealGhost, program, real_ghost
from tests.fakes.servers import free_port

pytestmark = pytest.mark.timeout(90)

NOBODY = 65534
WEB = ROOT / "ghostbot" / "web"
PUBLIC = {"webhook.py", "public.py"}  # another door, with secrets of its own
ROUTE = re.compile(r"web\.(get|post|put|patch|delete)\(\s*(?:f?\"([^\"]*)\"|(at)\b)")
ALIASES = ("/api/patches", "/patch")  # what `at` stands for, in web/patches.py


def toml(port: int) -> str:
    return f"""
[web]
listen = "127.0.0.1:{port}"
[daemon.web]
command = {program("counter.py")}
ready_after = "50ms"
[daemon.bad]
command = ["sh", "-c", "exit 3"]
max_restarts = 1
cooldown = "1h"
[action.clean]
kind = "command"
command = ["true"]
[action.long]
kind = "command"
command = ["sleep", "60"]
"""


def routes() -> Iterator[tuple[str, str]]:
    """Give every route of the private door, as it stands in the code."""
    for path in sorted(WEB.glob("*.py")):
        text = path.read_text() if path.name not in PUBLIC else ""
        names = dict(re.findall(r"^ +(\w+) = \"(/.*)\"$", text, re.MULTILINE))
        for verb, route, at in ROUTE.findall(text):
            for alias in ALIASES if at or "{at}" in route else ("",):
                full = alias if at else route.replace("{at}", alias)
                for name, value in names.items():
                    full = full.replace(f"{{{name}}}", value)
                yield verb.upper(), re.sub(r"{+[^}]*}+", "web", full)


@pytest.fixture
async def ghost(tmp_path: Path) -> AsyncIterator[RealGhost]:
    async with real_ghost(tmp_path, toml(free_port()), None) as running:
        await running.daemon("web", lambda d: d["word"] == "up")
        await running.daemon("bad", lambda d: d["breaker"] == "open")
        yield running


async def asked(ghost: RealGhost, what: tuple[str, str], **headers: str) -> tuple[int, str]:
    """Ask at the private door; `nonsense` in the query keeps what is let in from doing a thing."""
    found = re.search(r"listen = \"(127.0.0.1:\d+)\"", ghost.config.read_text())
    assert found
    url = f"http://{found[1]}{what[1]}?nonsense=1"
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.request(what[0], url, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_each_route_of_the_private_door_is_open_to_the_token_alone(ghost: RealGhost) -> None:
    known = list(routes())
    assert len(known) > 40
    token = (ghost.state_dirs[-1] / "web.token").read_text().strip()
    key = {"Authorization": f"Bearer {token}"}
    for what in known:
        if what != ("GET", "/health"):
            assert (await asked(ghost, what))[0] == 401, what
            wrong = {"Authorization": f"Bearer {token[:-1]}x"}
            assert (await asked(ghost, what, **wrong))[0] == 401, what
        assert (await asked(ghost, what, **key, Host="evil.example"))[0] == 403, what
        assert (await asked(ghost, what, **key, Origin="http://evil.example"))[0] == 403, what
        status, said = await asked(ghost, what, **key)
        assert status not in (401, 403, 404, 405) or "no_such" in said, (what, status, said[:200])
    kinds = {e["kind"] for e in (await ghost.get("/api/events"))["events"]}
    assert not kinds & {"order", "reload", "upgrade"}


LINES = {  # each command that asks Ghost for something, and the deed it is
    "status": None,
    "why web": None,
    "logs web": None,
    "incidents": None,
    "tasks": None,
    "events": None,
    "checks": None,
    "tunnels": None,
    "test": None,
    "health": None,
    "backoff": None,
    "registry": None,
    "sweep": None,
    "patch list": None,
    "hold web": "hold",
    "reset web": "reset",
    "stop web": "stop",
    "start web": "start",
    "restart web": "restart",
    "ack 1": "ack",
    "silence web 1h": "silence",
    "run clean": "run",
    "tasks cancel 2": "tasks cancel",
    "drill web": "drill",
    "test alert": "test alert",
    "claim": "new claim",
    "sweep --kill": "sweep kill",
    "reload": "reload",
    "upgrade": "upgrade",
    "down": "down",
}
MAY_FAIL = {"test", "test alert", "drill web"}  # there is no Slack, and no probe
BY_SLACK_OR_HTTP = {"heal", "patch submit", "patch approve", "patch reject", "patch revert"}


def test_every_deed_has_its_line() -> None:
    deeds = {name for name, role in NEEDS.items() if role > Role.VIEWER}
    deeds |= {verb.name for verb in VERBS.values() if verb.changes}
    assert deeds - BY_SLACK_OR_HTTP == {deed for deed in LINES.values() if deed}


async def test_each_command_is_the_local_admins_and_each_deed_is_on_record(
    ghost: RealGhost,
) -> None:
    for line in LINES:
        if line == "tasks cancel 2":
            await ghost.post("/api/actions/long/run")
        if line == "drill web":
            await ghost.daemon("web", lambda d: d["word"] == "up")
        if line == "reload":
            ghost.config.write_text(ghost.config.read_text() + '[action.new]\nkind = "command"\n')
            ghost.config.write_text(ghost.config.read_text() + 'command = ["true"]\n')
        code, out, err = await ghost.cli(*line.split())
        assert code == 0 or line in MAY_FAIL, (line, code, out, err)
        if line == "upgrade":
            await ghost.daemons()
    with closing(sqlite3.connect(ghost.state_dirs[-1] / "ghost.db")) as database:
        rows = database.execute("SELECT who, more FROM events WHERE kind = 'order' ORDER BY id")
        noted = [(who, json.loads(more)["verb"], json.loads(more)["role"]) for who, more in rows]
    me = noted[0][0]
    assert me.startswith("local:")
    expected = [(me, deed, "admin") for deed in LINES.values() if deed]
    at = expected.index((me, "tasks cancel", "admin"))
    expected.insert(at, (me, "run", "admin"))
    assert noted == expected


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that everybody may look into."""
    folder = Path(tempfile.mkdtemp(prefix="ghost-"))
    folder.chmod(0o755)
    (folder / "empty").mkdir(mode=0o755)
    (folder / "empty" / "ghost.toml").write_text('[daemon.web]\ncommand = "true"\n')
    yield folder
    shutil.rmtree(folder)


def shut_out(ghost: RealGhost, folder: Path) -> dict[str, Any]:
    """Run every line as somebody who may not open Ghost's files; return exit codes and words."""
    uid = NOBODY if os.geteuid() == 0 else 0
    assert Path(ghost.socket).stat().st_mode & 0o777 == 0o600
    if not uid:  # whoever is not root cannot become another, but can be shut out
        Path(ghost.socket).chmod(0)
    ran = subprocess.run(
        [sys.executable, PROGRAMS / "as_nobody.py", folder / "empty", folder, str(uid), *LINES],
        env=ghost.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    Path(ghost.socket).chmod(0o600)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


async def test_another_user_of_the_machine_may_do_nothing(open_folder: Path) -> None:
    async with real_ghost(open_folder, toml(free_port()), None) as ghost:
        web = await ghost.daemon("web", lambda d: d["word"] == "up")
        found = await asyncio.to_thread(shut_out, ghost, open_folder)
        assert {line: code for line, (code, _) in found.items()} == dict.fromkeys(LINES, 5), found
        assert all("another user's" in said for _, said in found.values())
        assert (await ghost.daemons())["web"]["pid"] == web["pid"]
        assert (await ghost.get("/api/events?kind=order"))["events"] == []
