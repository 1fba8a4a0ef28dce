"""Ghost without descriptors, process slots or space: its own trouble, and nobody else's."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.disk import fill, small_disk
from tests.fakes.real_ghost import RealGhost, program, real_ghost, until

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="prlimit(2) and mount(2)"),
]
HOUSE = f"""
[web]
listen = "off"
[defaults]
ready_after = "100ms"
stop_timeout = "500ms"
restart_delay = "50ms"
[daemon.web]
command = {program("counter.py")}
[daemon.db]
command = {program("counter.py")}
[daemon.worker]
command = {program("counter.py")}
"""


def pid_of(ghost: RealGhost) -> int:
    assert ghost.process is not None
    return ghost.process.pid


async def unharmed(ghost: RealGhost, before: dict[str, Any], *names: str) -> None:
    now = await ghost.daemons()
    for name in names:
        assert (now[name]["pid"], now[name]["restarts"]) == (before[name]["pid"], 0)


def starve(pid: int) -> int:
    """Leave a process no descriptor but those that it keeps back; return the limit it had."""
    fds = {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}  # noqa: PTH115, PTH208
    kept = [fd for fd, path in fds.items() if path == os.devnull and fd > 2]
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(kept) + 1, hard))
    return hard


async def said(ghost: RealGhost, words: str, times: int = 1) -> None:
    """Wait for words in the terminal: asking Ghost would take a descriptor."""
    await until(lambda: ghost.out.read_text().count(words) >= times, words)


async def test_without_descriptors_status_and_stop_work_and_starting_resumes_by_itself(
    tmp_path: Path,
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = await ghost.all_up()
        await asyncio.sleep(1)  # its start is over, and what it opened for that is closed
        limit = starve(pid_of(ghost))
        os.kill(before["web"]["pid"], signal.SIGKILL)
        await said(ghost, "waiting for file descriptors")
        for words in (("status",), ("stop", "worker"), ("status",)):
            code, out, err = await ghost.cli(*words)
            assert code == 0, err + out
        assert "waiting for file descriptors" in out
        assert out.count("Ghost is out of file descriptors") == 1
        await unharmed(ghost, before, "db")
        resource.prlimit(pid_of(ghost), resource.RLIMIT_NOFILE, (limit, limit))
        back = await ghost.daemon("web", lambda d: d["word"] == "up")
        assert (back["restarts"], back["breaker"]) == (1, "closed")
        await quiet(ghost)
        assert ghost.out.read_text().count("! cannot start daemons") == 1


async def quiet(ghost: RealGhost, within_s: float = 20) -> None:
    """Wait until Ghost has no trouble of its own."""
    until_s = asyncio.get_running_loop().time() + within_s
    while troubles := (await ghost.get("/api/daemons"))["troubles"]:
        assert asyncio.get_running_loop().time() < until_s, troubles
        await asyncio.sleep(0.1)


@contextmanager
def no_more_processes(ghost: RealGhost) -> Iterator[None]:
    """Let Ghost fork no more: by RLIMIT_NPROC, which does not bind root, or else by a cgroup."""
    pid = pid_of(ghost)
    if os.getuid() != 0:
        before = resource.prlimit(pid, resource.RLIMIT_NPROC, (1, 1))
        yield
        resource.prlimit(pid, resource.RLIMIT_NPROC, before)
        return
    group = Path("/sys/fs/cgroup/pids") / f"ghost-test-{pid}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"root needs a writable pids controller: {error}")
    try:
        (group / "cgroup.procs").write_text(str(pid))
        (group / "pids.max").write_text("1")
        yield
    finally:
        (group.parent / "cgroup.procs").write_text(str(pid))
        for left in (group / "cgroup.procs").read_text().split():
            (group.parent / "cgroup.procs").write_text(left)
        group.rmdir()


async def test_without_process_slots_all_wait_and_nobody_is_blamed(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = await ghost.all_up()
        with no_more_processes(ghost):
            for name in ("web", "worker"):
                os.kill(before[name]["pid"], signal.SIGKILL)
            for name in ("web", "worker"):
                await ghost.daemon(name, lambda d: d["word"] == "waiting for process slots")
            await unharmed(ghost, before, "db")
            code, out, err = await ghost.cli("stop", "worker")
            assert code == 0, err + out
            code, out, err = await ghost.cli("status")
            assert out.count("Ghost is out of process slots") == 1, out + err
        back = await ghost.daemon("web", lambda d: d["word"] == "up")
        assert (back["restarts"], back["breaker"]) == (1, "closed")
        await quiet(ghost)
        assert (await ghost.daemons())["worker"]["word"] == "down"


async def test_on_a_full_disk_daemons_live_on_and_are_known_to_the_next_ghost(
    tmp_path: Path,
) -> None:
    house = HOUSE + "".join(
        f'\n[daemon.{name}.log]\npath = "{tmp_path}/{name}.log"' for name in ("web", "db")
    )
    with small_disk(tmp_path / ".ghost"):
        async with real_ghost(tmp_path, house, None) as ghost:
            before = await ghost.all_up()
            hog = tmp_path / ".ghost" / "hog"
            fill(hog)
            os.kill(before["web"]["pid"], signal.SIGKILL)
            web = await ghost.daemon("web", lambda d: d["starts"] == 2 and d["word"] == "up")
            assert web["restarts"] == 1
            await told(ghost, "No space left", "no space left")
            assert (await ghost.cli("status"))[0] == 0
            await ghost.end(signal.SIGKILL)
            await ghost.up()  # the journal and the registry speak of the web before
            for name, pid in (("web", web["pid"]), ("db", before["db"]["pid"])):
                now = await ghost.daemon(name, lambda d: d["word"] == "up")
                assert now["pid"] == pid  # the worker's log is on that disk: it dies of it
            hog.unlink()
            await ghost.post("/api/daemons/worker/stop?wait=true")
            await quiet(ghost, within_s=60)  # ghost.db is tried each half minute


async def told(ghost: RealGhost, *words: str) -> None:
    async with asyncio.timeout(20):
        while True:
            troubles = (await ghost.get("/api/daemons"))["troubles"]
            if any(word in line for line in troubles for word in words):
                return
            await asyncio.sleep(0.1)


async def test_in_a_state_directory_that_may_not_be_changed_daemons_are_kept_all_the_same(
    tmp_path: Path,
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = await ghost.all_up()
        with unchangeable(tmp_path / ".ghost"):
            os.kill(before["web"]["pid"], signal.SIGKILL)
            web = await ghost.daemon("web", lambda d: d["starts"] == 2 and d["word"] == "up")
            await told(ghost, "cannot write")
            code, out, err = await ghost.cli("stop", "worker")
            assert (code, "down" in out) == (0, True), out + err
            await unharmed(ghost, before, "db")
        await quiet(ghost)
        assert (await ghost.daemons())["web"]["pid"] == web["pid"]


@contextmanager
def unchangeable(folder: Path) -> Iterator[None]:
    """Let nothing be made, replaced or removed in `folder`."""
    if os.getuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    made = subprocess.run(["chattr", "+i", folder], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot make a folder unchangeable: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", folder], check=True)
