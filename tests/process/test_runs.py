"""Runs on daemons that misbehave."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import time
from dataclasses import replace
from signal import SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import Any

import pytest

from ghostbot.config.model import Kill
from ghostbot.core.daemon import Exited, Gone, Proc, Unspawned
from ghostbot.process import orphans, runs
from ghostbot.process.identity import Stat, identify, is_alive, stat_of
from ghostbot.process.orphans import Orphans
from ghostbot.process.tree import Snapshot, send
from tests.fakes.house import House, children_of, program, until

FIRST, SECOND = 90_000_001, 90_000_002  # beyond every pid_max
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
    table = house.table(*program("leader_dies", 0.05, *ESCAPES))
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


@pytest.mark.parametrize(("before", "after"), [(Kill.LEADER, Kill.TREE), (Kill.TREE, Kill.LEADER)])
async def test_another_kill_holds_for_what_runs_already(
    house: House, before: Kill, after: Kill
) -> None:
    table = house.table(*program("fork_children", "own_session-term"), kill=before)
    proc = house.spawn(table)
    (worker,) = children_of(await house.said(table)).values()
    house.runs.describe(replace(table, kill=after))
    os.kill(proc.pid, SIGKILL)
    assert (await house.exited(proc)).left is (after is Kill.TREE)
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


@pytest.mark.timeout(120)
async def test_a_thousand_short_lives_leave_no_zombie_and_no_descriptor(house: House) -> None:
    await house.exited(house.spawn(house.table("true")))
    others = house.runs._orphans.living()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        house.mail.clear()
        procs = [house.spawn(house.table("true", name=f"d{n}")) for n in range(50)]
        for proc in procs:
            await house.exited(proc)
    await asyncio.sleep(0)
    assert house.runs._orphans.living() == others
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208
    assert not house.runs._runs


async def test_orphans_that_end_are_reaped_though_nobody_watches_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that forks twice, again and again, and lives on."""
    monkeypatch.setattr(orphans, "LAIN_S", 0.05)
    script = "for i in 1 2 3 4 5 6 7 8; do (setsid -f true); done; echo done; exec sleep 60"
    table = house.table("sh", "-c", script)
    proc = house.spawn(table)
    await house.said(table, "done")

    def zombies() -> list[int]:
        seen = Snapshot.take()
        return [p for p in seen.children(os.getpid()) if seen.stats[p].is_gone]

    house.runs._orphans.sweep()
    await until(lambda: [house.runs._orphans.sweep()] and not zombies(), within_s=15)
    assert is_alive(proc)


def popen(*command: str, **keys: Any) -> subprocess.Popen[bytes]:
    """Start a child of the main thread, as whoever runs on the loop would."""
    return subprocess.Popen(command, **keys)


async def test_other_children_of_ghost_are_theirs_to_wait_for(house: House) -> None:
    mine, apart = popen("sh", "-c", "exit 7"), popen("sh", "-c", "exit 8", start_new_session=True)
    await until(lambda: identify(mine.pid) is None and identify(apart.pid) is None)
    house.runs._orphans.sweep()
    proc = house.spawn(house.table("true"))
    assert not (await house.exited(proc)).left
    assert (mine.wait(), apart.wait()) == (7, 8)


async def test_a_program_that_clears_its_environment_is_found_while_its_parents_live(
    house: House,
) -> None:
    script = "env -i setsid sleep 60 & echo ready; wait"
    table = house.table("sh", "-c", script)
    proc = house.spawn(table)
    await house.said(table)
    # Before, it may change its group between a look at it and the signal to that group.
    await until(lambda: any(c.startswith("sleep") for _, c in house.runs.members(table, proc)))
    house.runs.signal(table, proc, SIGTERM)
    exited = await house.exited(proc)
    assert exited.code == -SIGTERM
    await until(lambda: not house.marked())


async def test_a_respawner_that_ignores_term_is_ended_by_kill(house: House) -> None:
    """Each child starts the next one in a session of its own and goes."""
    table = house.table(*program("respawner"))
    proc = house.spawn(table)
    await house.said(table)
    house.runs.signal(table, proc, SIGTERM)
    assert is_alive(proc)
    began = time.perf_counter()
    house.runs.signal(table, proc, SIGKILL)
    if (await house.exited(proc)).left:
        await house.gone(proc)
    assert time.perf_counter() - began < 5
    assert not house.marked()


async def test_whoever_sigkill_did_not_meet_is_met_once_the_leader_is_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = house.table(*program("fork_children", "group-term", "own_session-term"))
    proc = house.spawn(table)
    children = children_of(await house.said(table))
    monkeypatch.setattr(runs, "KILL_ROUNDS", 0)
    house.runs.signal(table, proc, SIGKILL)
    os.kill(proc.pid, SIGKILL)
    assert (await house.exited(proc)).left
    await house.gone(proc)
    assert not any(identify(pid) for pid in children.values())


async def test_a_stopped_daemon_hears_a_request_to_exit(house: House) -> None:
    table = house.table(*program("counter"))
    proc = house.spawn(table)
    await until(lambda: table.log.path.exists() and table.log.path.stat().st_size)
    os.kill(proc.pid, SIGSTOP)
    await until(lambda: (s := stat_of(proc.pid)) and s.state == "T")
    house.runs.signal(table, proc, SIGTERM)
    assert (await house.exited(proc)).code == -SIGTERM


async def test_each_process_hears_term_once(house: House) -> None:
    script = (
        "import os,signal,time\n"
        "def heard(*_): os.write(1, b'heard %d\\n' % os.getpid())\n"
        "signal.signal(signal.SIGTERM, heard)\n"
        "if not os.fork(): pass\n"
        "elif not os.fork(): os.setsid()\n"
        "os.write(1, b'ready\\n')\n"
        "while True: time.sleep(60)\n"
    )
    table = house.table(sys.executable, "-S", "-c", script)
    proc = house.spawn(table)
    await until(lambda: table.log.path.exists() and table.log.path.read_text().count("ready") == 3)
    house.runs.signal(table, proc, SIGTERM)
    log = table.log.path
    await until(lambda: log.read_text().count("heard") >= 3)
    await asyncio.sleep(0.05)  # a second one would have come by now
    assert log.read_text().count("heard") == 3


async def test_a_death_alone_looks_at_no_other_process(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(Snapshot, "take", lambda: looks.append(1) or Snapshot({}))
    proc = house.spawn(house.table("true"))
    assert not (await house.exited(proc)).left
    monkeypatch.undo()
    assert not looks


async def test_a_crowd_that_dies_at_once_costs_one_look(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = [house.table(*program("hold_stdout", 60), name=f"d{n}") for n in range(6)]
    procs = [house.spawn(table) for table in tables]
    taken, looks = Snapshot.take, []
    monkeypatch.setattr(Snapshot, "take", lambda: looks.append(1) or taken())
    for proc in procs:
        assert (await house.exited(proc)).left
    monkeypatch.undo()
    for table, proc in zip(tables, procs, strict=True):
        house.runs.signal(table, proc, SIGKILL)
        await house.gone(proc)


async def test_an_orphan_that_forks_and_goes_while_it_is_listed_is_not_missed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list had the one that has ended since; its successor is only in the next list."""
    first, second = b"%d" % FIRST, b"%d" % SECOND
    lists = iter([{first}, {first, second}])
    monkeypatch.setattr(orphans, "_children", lambda: next(lists))
    states = {FIRST: "Z", SECOND: "S"}
    monkeypatch.setattr(
        orphans, "stat_of", lambda pid: Stat(pid, states[pid], 1, pid, pid, 0, 1, 1, 0)
    )
    assert house.runs._orphans._look() == {SECOND}
    monkeypatch.undo()


async def test_a_death_is_told_though_nothing_can_be_looked_at(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc = house.spawn(house.table("sleep", "60"))

    def no_descriptor(*_: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    with monkeypatch.context() as starved:
        starved.setattr(Snapshot, "take", no_descriptor)
        starved.setattr(Orphans, "living", no_descriptor)
        send([proc], SIGKILL)
        exited = await house.exited(proc)
        assert (exited.code, exited.left) == (-SIGKILL, True)
    await house.gone(proc)


@pytest.mark.parametrize(("signal", "most"), [(SIGTERM, 2), (SIGKILL, 2 + 2 * runs.FEW)])
async def test_many_that_are_to_end_in_one_turn_cost_few_looks(
    house: House, monkeypatch: pytest.MonkeyPatch, signal: Signals, most: int
) -> None:
    tables = [house.table("sleep", "60", name=f"d{n}") for n in range(20)]
    procs = [house.spawn(table) for table in tables]
    looks, take = [], Snapshot.take
    monkeypatch.setattr(Snapshot, "take", lambda: [looks.append(1), take()][1])
    for table, proc in zip(tables, procs, strict=True):
        house.runs.signal(table, proc, signal)
    late = house.table("sleep", "60", name="late")
    after = house.spawn(late)  # in the same turn: it is not in that look
    house.runs.signal(late, after, signal)
    assert len(looks) <= most
    for proc in (*procs, after):
        assert (await house.exited(proc)).code == -signal
