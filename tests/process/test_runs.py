"""Runs on daemons that misbehave."""

from __future__ import annotations

import asyncio
import time
from signal import SIGKILL, SIGTERM, Signals

import pytest

from ghostbot.config.model import Kill
from ghostbot.core.daemon import Exited, Gone, Proc, Unspawned
from ghostbot.process.identity import identify, is_alive, stat_of
from tests.fakes.house import House, children_of, program, until

ESCAPES = ("group", "own_group", "own_session", "double_fork")


async def test_a_leader_that_dies_alone_is_told_once_and_leaves_no_zombie(house: House) -> None:
    proc = house.spawn(house.table(*program("exit_after", 0, 42)))
    assert await house.exited(proc) == Exited(proc, 42, left=False)
    await asyncio.sleep(0.02)
    assert house.mail == [Exited(proc, 42, left=False)]
    assert stat_of(proc.pid) is None


async def test_a_grandchild_that_holds_stdout_delays_no_exit(house: House) -> None:
    table = house.table(*program("hold_stdout", 60))
    proc = house.spawn(table)
    await house.said(table, "leaving")
    began = time.perf_counter()
    exited = await house.exited(proc)
    assert time.perf_counter() - began < 0.5
    assert (exited.code, exited.left) == (0, True)
    house.runs.signal(table, proc, SIGTERM)
    await house.gone(proc)


@pytest.mark.parametrize("signal", [SIGTERM, SIGKILL])
async def test_every_kind_of_escaped_child_ends_with_its_daemon(
    house: House, signal: Signals
) -> None:
    table = house.table(*program("fork_children", *ESCAPES))
    proc = house.spawn(table)
    children = children_of(await house.said(table))
    assert set(children) == set(ESCAPES)
    found = {pid for pid, _ in house.runs.members(table, proc)}
    assert found == {proc.pid, *children.values()}
    house.runs.signal(table, proc, signal)
    exited = await house.exited(proc)
    assert exited.code == -signal
    if exited.left:
        await house.gone(proc)
    await until(lambda: not any(identify(pid) for pid in children.values()))


@pytest.mark.parametrize("kind", [f"{kind}-term" for kind in ESCAPES])
async def test_a_member_that_ignores_term_is_waited_for_and_killed(house: House, kind: str) -> None:
    table = house.table(*program("fork_children", kind))
    proc = house.spawn(table)
    (pid,) = children_of(await house.said(table)).values()
    house.runs.signal(table, proc, SIGTERM)
    assert await house.exited(proc) == Exited(proc, -SIGTERM, left=True)
    assert Gone(proc) not in house.mail
    assert [left for left, _ in house.runs.members(table, proc)] == [pid]
    house.runs.signal(table, proc, SIGKILL)
    await house.gone(proc)
    assert identify(pid) is None


async def test_what_a_leader_left_is_told_and_gone_only_when_all_ended(house: House) -> None:
    table = house.table(*program("leader_dies", 0.3, *ESCAPES))
    proc = house.spawn(table)
    children = children_of(await house.said(table))
    assert await house.exited(proc) == Exited(proc, 3, left=True)
    house.runs.signal(table, proc, SIGTERM)
    await house.gone(proc)
    assert not any(identify(pid) for pid in children.values())
    assert house.mail.count(Gone(proc)) == 1


async def test_kill_leader_leaves_a_detached_worker_alive(house: House) -> None:
    table = house.table(*program("fork_children", "own_session"), kill=Kill.LEADER)
    proc = house.spawn(table)
    (worker,) = children_of(await house.said(table)).values()
    house.runs.signal(table, proc, SIGTERM)
    assert await house.exited(proc) == Exited(proc, -SIGTERM, left=False)
    assert identify(worker) is not None


async def test_kill_group_reaches_the_group_and_no_further(house: House) -> None:
    kinds = ("group", "own_group")
    table = house.table(*program("fork_children", *kinds), kill=Kill.GROUP)
    proc = house.spawn(table)
    children = children_of(await house.said(table))
    house.runs.signal(table, proc, SIGTERM)
    exited = await house.exited(proc)
    if exited.left:
        await house.gone(proc)
    await until(lambda: identify(children["group"]) is None)
    assert identify(children["own_group"]) is not None


async def test_a_signal_for_another_life_of_a_pid_reaches_nobody(house: House) -> None:
    table = house.table(*program("fork_children", "group"))
    proc = house.spawn(table)
    await house.said(table)
    other = Proc(proc.pid, proc.ticks - 1, proc.boot)
    for kill in Kill:
        keyed = house.table(*table.command, kill=kill, name="other")
        house.runs.signal(keyed, other, SIGKILL)
        house.runs.signal(keyed, Proc(proc.pid, proc.ticks, "another boot"), SIGKILL)
    await asyncio.sleep(0.05)
    assert is_alive(proc)
    assert not house.mail


async def test_a_command_that_is_not_there_is_the_daemons_own_fault(house: House) -> None:
    outcome = house.runs.spawn(house.table("/nowhere/ghost"), house.mail.append)
    assert outcome == Unspawned("cannot start web: /nowhere/ghost is not there", own=False)
    assert house.journal.last["web"].event == "gone"
