"""Logs of a real Ghost's daemons: whatever happens to the files, it hits nobody but their owner."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.real_ghost import RealGhost, program, real_ghost, until
from tests.fakes.storm import storm

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="proc(5)"),
]
TOLD_S = 5.0
HOUSE = f"""
[web]
listen = "off"
[defaults]
ready_after = "100ms"
stop_timeout = "500ms"
restart_delay = "50ms"
[daemon.web]
command = {program("counter.py")}
[daemon.other]
command = {program("counter.py")}
log = {{ path = "elsewhere/other.log" }}
"""


def removed(log: Path) -> None:
    log.unlink()


def removed_with_its_folder(log: Path) -> None:
    """In one blow: files are made in it meanwhile."""
    shutil.rmtree(log.parent.rename(log.parent.with_name("going")))


def replaced_by_a_folder(log: Path) -> None:
    log.unlink()
    log.mkdir()


def replaced_with_its_folder(log: Path) -> None:
    removed_with_its_folder(log)
    log.parent.write_text("a file")


async def told(ghost: RealGhost, *words: str) -> None:
    """Wait until Ghost tells of its trouble; no words: until it has none."""
    deadline = asyncio.get_running_loop().time() + TOLD_S
    while True:
        troubles = " ".join((await ghost.get("/api/daemons"))["troubles"])
        if all(word in troubles for word in words) if words else not troubles:
            return
        assert asyncio.get_running_loop().time() < deadline, troubles
        await asyncio.sleep(0.05)


async def writes_on(*pids: int) -> None:
    """Wait until each has written more: none hangs in a write(2)."""
    for pid in pids:
        process = psutil.Process(pid)
        before = process.io_counters().write_chars
        await until(lambda p=process, b=before: p.io_counters().write_chars > b + 50, "lines")  # type: ignore[misc]


async def last_line(ghost: RealGhost, name: str) -> str:
    code, out, err = await ghost.cli("logs", name, "-n", "1")
    assert code == 0, err
    return out


@pytest.mark.parametrize("how", [removed, removed_with_its_folder])
async def test_a_daemon_whose_log_is_removed_writes_on_and_has_a_new_one_after_a_restart(
    tmp_path: Path, how: Callable[[Path], None]
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = await ghost.all_up()
        log = tmp_path / ".ghost" / "logs" / "web.log"
        web = await taken_away(ghost, how, log, "the log of web was taken away")
        assert f"{web} " in await last_line(ghost, "web"), "it is read where it is written"
        await ghost.post("/api/daemons/web/restart")
        again = await ghost.daemon("web", lambda d: d["word"] == "up" and d["pid"] != web)
        await told(ghost)
        await until(lambda: f"{again['pid']} " in log.read_text(), "lines in its new log")
        assert f"{again['pid']} " in await last_line(ghost, "web")
        await unharmed(ghost, before)


@pytest.mark.parametrize(
    ("how", "words", "why"),
    [
        (replaced_by_a_folder, "the log of web was taken away", "it is a directory"),
        (replaced_with_its_folder, "cannot note when the log of web was", "not a directory"),
    ],
)
async def test_a_daemon_whose_log_is_replaced_writes_on_and_fails_alone_when_it_is_restarted(
    tmp_path: Path, how: Callable[[Path], None], words: str, why: str
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = await ghost.all_up()
        log = tmp_path / ".ghost" / "logs" / "web.log"
        await taken_away(ghost, how, log, words)
        await ghost.post("/api/daemons/web/restart")
        await fails_alone(ghost, why)
        await unharmed(ghost, before)


async def taken_away(ghost: RealGhost, how: Callable[[Path], None], log: Path, words: str) -> int:
    """Take the log of web away while it writes; return its pid."""
    await until(log.with_name("web.log.times").exists, "a look at the log")
    how(log)
    await told(ghost, words)
    web: int = (await ghost.daemons())["web"]["pid"]
    await writes_on(web)
    return web


async def fails_alone(ghost: RealGhost, why: str) -> None:
    await ghost.daemon("web", lambda d: d["pid"] is None and why in str(d))
    _, out, err = await ghost.cli("why", "web")
    assert why in out, out + err


async def unharmed(ghost: RealGhost, before: dict[str, Any]) -> None:
    now = (await ghost.daemons())["other"]
    assert (now["pid"], now["word"], now["restarts"]) == (before["other"]["pid"], "up", 0)
    await writes_on(now["pid"])


async def test_a_daemon_whose_log_is_a_folder_fails_alone_with_the_reason(tmp_path: Path) -> None:
    log = tmp_path / ".ghost" / "logs" / "web.log"
    log.mkdir(parents=True)
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await ghost.daemon("other", lambda d: d["word"] == "up")
        await fails_alone(ghost, "it is a directory")
        await unharmed(ghost, await ghost.daemons())
        log.rmdir()
        await ghost.post("/api/daemons/web/start")
        await ghost.daemon("web", lambda d: d["word"] == "up")


async def test_a_log_that_is_forbidden_is_told_and_stops_nobody(tmp_path: Path) -> None:
    ghost = RealGhost(tmp_path, HOUSE, {})
    ghost.python = not_almighty(tmp_path)
    log = tmp_path / ".ghost" / "logs" / "web.log"
    try:
        await ghost.up()
        before = await ghost.all_up()
        log.chmod(0)
        await told(ghost, "the log of web", "permission denied")
        await writes_on(before["web"]["pid"])
        await ghost.post("/api/daemons/web/restart")
        await fails_alone(ghost, "permission denied")
        await unharmed(ghost, before)
        log.chmod(0o600)
        await ghost.post("/api/daemons/web/start")
        await ghost.daemon("web", lambda d: d["word"] == "up")
        await told(ghost)
    finally:
        await ghost.clear()


def not_almighty(folder: Path) -> str:
    """Return a Python whom modes of files bind, also where root runs these tests."""
    if os.geteuid() != 0:
        return sys.executable
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root needs setpriv(1) to be told no")
    script = folder / "python"
    bounds = "--bounding-set=-dac_override,-dac_read_search"
    script.write_text(f'#!/bin/sh\nexec {setpriv} {bounds} {sys.executable} "$@"\n')
    script.chmod(0o700)
    return str(script)


@pytest.mark.alone
async def test_a_daemon_that_pours_out_lines_is_felt_by_neither_ghost_nor_another(
    tmp_path: Path,
) -> None:
    (await storm(tmp_path, 6)).hold()
