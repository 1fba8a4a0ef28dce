"""What a Ghost does with the processes of an earlier one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from signal import SIGHUP, SIGKILL, SIGTERM
from subprocess import PIPE, Popen

import pytest

from ghostbot.config.model import DaemonTable, Kill
from ghostbot.core.daemon import Adopted, Exited, Proc
from ghostbot.process.identity import identify, is_alive
from ghostbot.process.journal import Entry
from tests.fakes.house import PROGRAMS, House, children_of, program, until

First = Callable[..., Awaitable[DaemonTable]]


@asynccontextmanager
async def died(house: House, table: DaemonTable, moment: str) -> AsyncIterator[None]:
    """Have a first Ghost start `table` and die; inside, its orphans belong to another parent."""
    ghost = str(PROGRAMS / "first_ghost.py")
    words = (str(house.path), house.state_id, moment, table.kill.value, *table.command)
    init = await asyncio.to_thread(
        Popen, (sys.executable, ghost, *words), stdin=PIPE, stdout=PIPE, cwd=Path.cwd()
    )
    assert init.stdout is not None
    assert init.stdin is not None
    try:
        pid = int(await asyncio.to_thread(init.stdout.readline))
        if moment == "later":
            journal = house.journal._path
            await until(lambda: journal.exists() and '"spawned"' in journal.read_text())
            os.kill(pid, SIGKILL)
        await until(lambda: identify(pid) is None)
        house.journal.read()
        yield
    finally:
        house.end()
        init.stdin.close()
        init.stdout.close()
        await asyncio.to_thread(init.wait)


@pytest.fixture
async def first(house: House) -> AsyncIterator[First]:
    """Start a daemon under a first Ghost, which dies at `moment`."""
    async with AsyncExitStack() as stack:

        async def start(
            *command: str, moment: str = "later", kill: Kill = Kill.TREE
        ) -> DaemonTable:
            table = house.table(*command, kill=kill)
            await stack.enter_async_context(died(house, table, moment))
            return table

        yield start


def last(house: House) -> Entry:
    return house.journal.last["web"]


@pytest.mark.parametrize("code", [0, 42, -SIGTERM, -SIGKILL])
async def test_an_adopted_daemons_end_is_told_with_its_code(
    house: House, first: First, code: int
) -> None:
    table = await first(*program("exit_on_hup", code))
    await house.said(table)
    proc = house.runs.find("web")
    assert proc is not None
    assert house.runs.adopt(table, proc, house.mail.append, last(house).run) == Adopted(proc)
    os.kill(proc.pid, SIGHUP)
    exited = await house.exited(proc)
    assert exited.code in (code, None)
    assert not exited.left
    if tuple(int(word) for word in os.uname().release.split(".")[:2]) >= (6, 15):
        assert exited.code == code


@pytest.mark.parametrize("signal", [SIGTERM, SIGKILL])
async def test_an_adopted_daemon_is_stopped_down_to_its_last_descendant(
    house: House, first: First, signal: int
) -> None:
    table = await first(*program("fork_children", "group", "own_session", "double_fork-term"))
    children = children_of(await house.said(table))
    proc = house.runs.find("web")
    assert proc is not None
    house.runs.adopt(table, proc, house.mail.append, last(house).run)
    assert {pid for pid, _ in house.runs.members(table, proc)} == {proc.pid, *children.values()}
    house.runs.signal(table, proc, signal)
    exited = await house.exited(proc)
    if signal == SIGTERM:
        assert exited.left
        house.runs.signal(table, proc, SIGKILL)
    if exited.left:
        await house.gone(proc)
    assert not any(identify(pid) for pid in children.values())


async def test_a_spawn_whose_pid_was_never_saved_is_found_by_its_marker(
    house: House, first: First
) -> None:
    table = await first(*program("fork_children", "own_session", "group"), moment="unsaved")
    children = children_of(await house.said(table))
    assert last(house).proc is None
    proc = house.runs.find("web")
    assert proc is not None
    assert proc.pid not in children.values()
    assert house.runs.adopt(table, proc, house.mail.append, last(house).run) == Adopted(proc)


async def test_without_a_journal_the_marker_is_enough(house: House, first: First) -> None:
    table = await first(*program("fork_children", "own_session"))
    await house.said(table)
    saved = last(house).proc
    house.journal._path.unlink()
    house.journal.read()
    assert not house.journal.last
    assert house.runs.find("web") == saved


async def test_a_child_is_not_taken_for_a_leader_that_died(house: House, first: First) -> None:
    """Whoever leads a session of its own is still only a child."""
    table = await first(*program("leader_dies", 0.05, "own_session"))
    children = children_of(await house.said(table))
    proc = last(house).proc
    assert proc is not None
    await until(lambda: not is_alive(proc))
    assert house.runs.find("web") is None
    assert [pid for pid, _ in house.runs.left_of("web")] == list(children.values())


async def test_what_a_dead_leader_left_is_told_and_can_be_ended(house: House, first: First) -> None:
    table = await first(*program("leader_dies", 0.05, "group", "own_session", "double_fork"))
    children = children_of(await house.said(table))
    proc = last(house).proc
    assert proc is not None
    await until(lambda: not is_alive(proc))
    outcome = house.runs.adopt(table, proc, house.mail.append, last(house).run)
    assert isinstance(outcome, Exited)
    assert outcome.left
    house.runs.signal(table, proc, SIGTERM)
    await house.gone(proc)
    assert not any(identify(pid) for pid in children.values())


async def test_kill_leader_leaves_what_a_dead_leader_left(house: House, first: First) -> None:
    table = await first(*program("leader_dies", 0.05, "own_session"), kill=Kill.LEADER)
    (worker,) = children_of(await house.said(table)).values()
    proc = last(house).proc
    assert proc is not None
    await until(lambda: not is_alive(proc))
    outcome = house.runs.adopt(table, proc, house.mail.append, None)
    assert outcome in (Exited(proc, None), Exited(proc, 3))  # 3 while its zombie is there
    assert identify(worker) is not None


async def test_a_pid_that_another_process_has_by_now_is_not_adopted(house: House) -> None:
    table = house.table(*program("ignore_term"))
    stranger = house.spawn(house.table(*table.command, name="stranger"))
    for proc in (
        replace(stranger, ticks=stranger.ticks - 1),
        replace(stranger, boot="another"),
        Proc(2**22 - 1, 1, stranger.boot),
    ):
        assert house.runs.adopt(table, proc, house.mail.append, None) == Exited(proc, None)
        house.runs.signal(table, proc, SIGKILL)
    assert is_alive(stranger)


async def test_records_of_another_boot_are_never_matched(house: House) -> None:
    proc = house.spawn(house.table(*program("ignore_term"), name="another"))
    house.journal.spawned("web", "run", replace(proc, boot="another"))
    assert house.runs.find("web") is None
    run = house.runs._runs["another"].run
    house.journal.spawn("web", run, boot="another", ticks=proc.ticks)
    assert house.runs.find("web") is None


async def test_a_daemon_does_not_notice_that_its_ghost_is_killed(
    house: House, first: First
) -> None:
    table = await first(*program("counter", 0.002))
    proc = house.runs.find("web")
    assert proc is not None
    house.runs.adopt(table, proc, house.mail.append, None)
    so_far = len(table.log.path.read_bytes().splitlines())
    await until(lambda: len(table.log.path.read_bytes().splitlines()) > so_far + 20)
    house.runs.signal(table, proc, SIGKILL)
    await house.exited(proc)
    lines = [line.split() for line in table.log.path.read_text().splitlines()]
    assert {pid for pid, _ in lines} == {str(proc.pid)}
    assert [int(number) for _, number in lines] == list(range(1, len(lines) + 1))


async def test_what_nobody_adopted_is_ended_before_the_next_start(
    house: House, first: First
) -> None:
    """The record was lost, the leader died: its children must not meet those of the next run."""
    table = await first(*program("leader_dies", 0.05, "own_session", "double_fork-term"))
    children = children_of(await house.said(table))
    proc = last(house).proc
    assert proc is not None
    await until(lambda: not is_alive(proc))
    assert house.runs.find("web") is None
    await house.runs.clear(table)
    assert not any(identify(pid) for pid in children.values())


async def test_kill_leader_keeps_what_a_dead_leader_left_also_before_the_next_start(
    house: House, first: First
) -> None:
    table = await first(*program("leader_dies", 0.05, "own_session"), kill=Kill.LEADER)
    (worker,) = children_of(await house.said(table)).values()
    await until(lambda: not is_alive(last(house).proc or Proc(1, 1, "")))
    assert house.runs.find("web") is None
    await house.runs.clear(table)
    assert identify(worker) is not None


@pytest.mark.parametrize("stale", ["gone", "spawned", "spawn"])
async def test_a_daemon_begun_while_the_journal_could_not_be_written_is_found(
    house: House, first: First, stale: str
) -> None:
    """What is on disk is about the run before; the daemon must be found, and not be ended."""
    table = await first(*program("fork_children", "own_session"))
    await house.said(table)
    proc = last(house).proc
    assert proc is not None
    before = replace(proc, pid=2**22 - 1, ticks=proc.ticks - 10)
    house.journal.close()
    house.journal._path.unlink()
    house.journal.last.clear()
    if stale == "spawn":
        house.journal.spawn("web", "before", boot=proc.boot, ticks=proc.ticks - 600 * 100)
    elif stale == "spawned":
        house.journal.spawned("web", "before", before)
    else:
        house.journal.gone("web", "before", before, proc.boot)
    house.journal.read()
    assert house.runs.find("web") == proc


async def test_a_daemon_is_known_by_the_journal_when_its_state_directory_was_moved(
    house: House, first: First
) -> None:
    """The folder's name is in its processes' markers: the old name counts for them."""
    table = await first(*program("fork_children", "own_session", "double_fork"))
    children = children_of(await house.said(table))
    house.runs._state_id = house.runs._traces._state_id = "moved0000000"
    proc = house.runs.find("web")
    assert proc is not None
    assert house.runs.adopt(table, proc, house.mail.append, last(house).run) == Adopted(proc)
    assert {pid for pid, _ in house.runs.members(table, proc)} == {proc.pid, *children.values()}


async def test_daemons_whose_names_begin_alike_are_never_taken_for_each_other(
    house: House,
) -> None:
    web = house.spawn(house.table(*program("ignore_term"), name="web-1"))
    house.spawn(house.table(*program("ignore_term"), name="web-1a"))
    assert house.runs.find("web") is None
    assert house.runs.left_of("web") == []
    assert [pid for pid, _ in house.runs.left_of("web-1")] == [web.pid]
    del house.journal.last["web-1"]
    assert house.runs.find("web-1") == web


async def test_a_late_word_about_an_earlier_run_does_not_hide_the_present_one(
    house: House,
) -> None:
    proc = house.spawn(house.table(*program("ignore_term")))
    house.journal.gone("web", "earlier", Proc(1, 1, proc.boot), proc.boot)
    house.journal.read()
    assert last(house).proc == proc
    assert house.runs.find("web") == proc
