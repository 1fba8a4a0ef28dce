"""Exits on real processes: children, adopted ones, and without descriptors."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ghostbot.core.daemon import Proc
from ghostbot.process import codes
from ghostbot.process.exits import MANY, Exits
from ghostbot.process.identity import identify, proc_of, stat_of
from ghostbot.process.kqueue import Kqueue
from tests.fakes.house import until

SLOW_PARENT = """
import os, sys, time
pid = os.fork()
if pid == 0:
    sys.stdin.readline()
    {end}
print(pid, flush=True)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
time.sleep({after_s})
os.waitpid(pid, 0)
"""
CODES = (0, 42, -signal.SIGTERM, -signal.SIGKILL)


def quiet_child(code: int, after_s: float = 0.0) -> subprocess.Popen[bytes]:
    end = f"kill -{-code} $$" if code < 0 else f"exit {code}"
    child = subprocess.Popen(["sh", "-c", f"sleep {after_s}; {end}"])
    child.returncode = 0  # Exits collects it
    return child


def popen(*command: str, **keys: Any) -> subprocess.Popen[Any]:
    return subprocess.Popen(command, **keys)


def proc(pid: int) -> Proc:
    stat = stat_of(pid)
    assert stat is not None
    return proc_of(stat)


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def code_of(exits: Exits, process: Proc, within_s: float = 10.0) -> int | None:
    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    exits.watch(process, ended.set_result)
    return await asyncio.wait_for(ended, within_s)


@pytest.mark.parametrize("code", CODES)
async def test_the_code_of_a_child_is_right_and_no_zombie_stays(code: int) -> None:
    exits = Exits(asyncio.get_running_loop())
    child = quiet_child(code, 0.02)
    assert await code_of(exits, proc(child.pid)) == code
    await asyncio.sleep(0)
    assert stat_of(child.pid) is None
    exits.close()


async def test_a_child_is_still_a_zombie_while_its_end_is_told() -> None:
    exits = Exits(asyncio.get_running_loop())
    child = quiet_child(0)
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_exit(_: int | None) -> None:
        stat = stat_of(child.pid)
        told.set_result(stat.state if stat else "reaped")

    exits.watch(proc(child.pid), on_exit)
    assert await asyncio.wait_for(told, 5) == "Z"
    exits.close()


async def test_a_failing_callback_leaves_no_zombie_and_no_watch() -> None:
    exits, loop = Exits(asyncio.get_running_loop()), asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    loop.set_exception_handler(lambda _, __: failed.set_result(None))
    child = quiet_child(0)

    def on_exit(_: int | None) -> None:
        raise RuntimeError("not mine")

    exits.watch(proc(child.pid), on_exit)
    await asyncio.wait_for(failed, 5)
    assert stat_of(child.pid) is None
    assert not exits.pids
    exits.close()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="codes of strangers need Linux")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("parent_reaps_after_s", [0.0, 0.15])
async def test_the_code_of_an_adopted_process_is_right(
    code: int, parent_reaps_after_s: float
) -> None:
    """Its real parent is another process, that reaps it at once or late."""
    exits = Exits(asyncio.get_running_loop())
    end = f"os.kill(os.getpid(), {-code})" if code < 0 else f"os._exit({code})"
    script = SLOW_PARENT.format(end=end, after_s=parent_reaps_after_s)
    pipe = subprocess.PIPE
    with popen(sys.executable, "-c", script, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        adopted = proc(pid)
        told = asyncio.ensure_future(code_of(exits, adopted))
        await asyncio.sleep(0)
        parent.stdin.write("\n")
        parent.stdin.flush()
        got = await told
        await asyncio.to_thread(parent.wait)
    assert got in (code, None)
    if _kernel_tells_codes():
        assert got == code
    exits.close()


def _kernel_tells_codes() -> bool:
    major, minor = (int(word) for word in os.uname().release.split(".")[:2])
    return sys.platform == "linux" and (major, minor) >= (6, 15)


def test_unknown_is_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that does not tell, and a stranger whose code may not be seen."""

    def refuse(*_: object) -> int:
        raise OSError(25, "not a tty")

    gone = Proc(2**22 - 1, 1, "boot")
    monkeypatch.setattr(codes.fcntl, "ioctl", refuse)
    assert codes.stranger_code(gone, 3) == codes.Status(None)
    assert codes.stranger_code(gone, None) == codes.Status(None)
    zombie = SimpleNamespace(ticks=1, is_gone=True, exit_code=0)
    monkeypatch.setattr(codes, "stat_of", lambda _: zombie)
    monkeypatch.setattr(codes, "_shows_codes", lambda _: False)
    assert codes.stranger_code(gone, None) == codes.Status(None)


async def test_a_process_that_has_ended_already_is_told_as_unknown() -> None:
    exits = Exits(asyncio.get_running_loop())
    child = popen("true")
    gone = proc(child.pid)
    child.wait()
    assert await code_of(exits, gone) is None
    exits.close()


async def test_a_pid_that_another_process_has_by_now_counts_as_ended() -> None:
    exits = Exits(asyncio.get_running_loop())
    child = popen("sleep", "60")
    stranger = proc(child.pid)
    assert await code_of(exits, replace(stranger, ticks=stranger.ticks - 1)) is None
    assert await code_of(exits, replace(stranger, boot="another")) is None
    assert identify(child.pid) == stranger
    child.kill()
    child.wait()
    exits.close()


@pytest.mark.parametrize("error", [24, 38])  # EMFILE, ENOSYS
async def test_without_a_pidfd_exits_are_polled(
    error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> int:
        raise OSError(error, "no pidfd")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    exits = Exits(asyncio.get_running_loop())
    children = {code: quiet_child(code, 0.03) for code in CODES}
    told = {c: await code_of(exits, proc(child.pid)) for c, child in children.items()}
    assert told == {code: code for code in CODES}
    assert all(stat_of(child.pid) is None for child in children.values())
    exits.close()


async def test_polling_ends_when_descriptors_are_back(monkeypatch: pytest.MonkeyPatch) -> None:
    real, refused = os.pidfd_open, []

    def refuse(pid: int) -> int:
        refused.append(pid)
        if len(refused) == 1:
            raise OSError(24, "too many open files")
        return real(pid)

    monkeypatch.setattr("ghostbot.process.exits.REARM_S", 0.0)
    monkeypatch.setattr(os, "pidfd_open", refuse)
    exits = Exits(asyncio.get_running_loop())
    child = quiet_child(5, 0.3)
    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    watch = exits.watch(proc(child.pid), ended.set_result)
    assert watch.fd is None
    await until(lambda: watch.fd)
    assert await asyncio.wait_for(ended, 5) == 5
    exits.close()


async def test_many_ends_at_once_are_all_told() -> None:
    exits, ended = Exits(asyncio.get_running_loop()), []
    children = [popen("sleep", "60") for _ in range(60)]
    for child in children:
        child.returncode = 0
        exits.watch(proc(child.pid), ended.append)
    began = time.perf_counter()
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
    await until(lambda: len(ended) == len(children))
    assert ended == [-9] * len(children)
    assert time.perf_counter() - began < 1
    await until(lambda: not any(stat_of(child.pid) for child in children))
    exits.close()


async def test_what_is_not_yet_reaped_is_reaped_when_watching_ends() -> None:
    exits, ended = Exits(asyncio.get_running_loop()), []
    children = [popen("true") for _ in range(MANY + 5)]
    for child in children:
        child.returncode = 0
        exits.watch(proc(child.pid), ended.append)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222  all at once
    for _ in range(10):
        if len(ended) == len(children):
            break
        await asyncio.sleep(0)
    left = [child.pid for child in children if stat_of(child.pid)]
    assert left
    assert ended == [0] * len(children)
    assert {b"%d" % pid for pid in left} <= exits.names, "else they would be taken for orphans"
    exits.close()
    assert not any(stat_of(pid) for pid in left)


class FakeQueue:
    """A kqueue whose events the test makes: readable through a pipe, as the real one is."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.registered: list[int] = []
        self.notes: list[SimpleNamespace] = []
        self.refuse: type[OSError] | None = None

    def fileno(self) -> int:
        return self.reader

    def control(self, changes: list[SimpleNamespace] | None, most: int, _: int) -> list:
        if self.refuse:
            raise self.refuse
        self.registered += [change.ident for change in changes or ()]
        notes, self.notes = self.notes[:most], self.notes[most:]
        if notes:
            os.read(self.reader, 1)
        return notes

    def end(self, pid: int) -> None:
        self.notes.append(SimpleNamespace(ident=pid))
        os.write(self.writer, b".")

    def close(self) -> None:
        os.close(self.reader)
        os.close(self.writer)


WORDS = SimpleNamespace(
    kevent=lambda ident, **_: SimpleNamespace(ident=ident),
    KQ_FILTER_PROC=-5,
    KQ_EV_ADD=1,
    KQ_EV_ONESHOT=16,
    KQ_NOTE_EXIT=2**31,
)


async def test_with_kqueue_an_exit_is_an_event_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    queue, loop = FakeQueue(), asyncio.get_running_loop()
    exits = Exits(loop, Kqueue(loop, queue, WORDS))
    child = quiet_child(7)
    ended: asyncio.Future[int | None] = loop.create_future()
    exits.watch(proc(child.pid), ended.set_result)
    assert queue.registered == [child.pid]
    await until(lambda: identify(child.pid) is None)
    queue.end(child.pid)
    assert await asyncio.wait_for(ended, 5) == 7
    assert stat_of(child.pid) is None
    exits.close()


async def test_with_kqueue_an_end_before_the_watch_is_not_missed() -> None:
    queue, loop = FakeQueue(), asyncio.get_running_loop()
    kqueue, ended = Kqueue(loop, queue, WORDS), asyncio.Event()
    queue.refuse = ProcessLookupError
    assert kqueue.add(1234, ended.set)
    await asyncio.wait_for(ended.wait(), 5)
    queue.refuse = OSError
    assert not kqueue.add(1235, ended.set)
    kqueue.close()


def test_a_zombie_is_nobody(tmp_path: Path) -> None:
    child = popen("true")
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert stat_of(child.pid) is not None
    assert identify(child.pid) is None
    child.wait()


async def test_a_process_that_cannot_be_waited_for_by_event_is_polled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """epoll_ctl(2) says ENOSPC when too much is watched by this user."""
    loop = asyncio.get_running_loop()
    exits, child = Exits(loop), quiet_child(3, 0.05)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(loop, "add_reader", refuse)
        ended = asyncio.create_task(code_of(exits, proc(child.pid)))
        await asyncio.sleep(0)
    before = descriptors()
    assert await ended == 3
    assert descriptors() == before
    assert not exits.pids
    exits.close()
