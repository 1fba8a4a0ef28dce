"""When a daemon that notifies is ready."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ghostbot.core.daemon import Daemon, Proc, State, Wanted
from ghostbot.core.restart import Policy
from ghostbot.process.notices import Notice, Notices
from tests.fakes.clock import run
from tests.fakes.kennel import kennel, table
from tests.fakes.runs import BOOT, FakeRuns

POLICY = Policy(start_timeout_s=30)


def ready(pid: int | None, **fields: str) -> Notice:
    return Notice(fields or {"READY": "1"}, pid, 0)


def test_a_daemon_that_notifies_is_ready_when_it_says_so_and_not_before() -> None:
    async def main() -> None:
        notices = Notices("state", asyncio.get_running_loop())
        async with kennel(table("web", notify=True, policy=POLICY), notices=notices) as k:
            await k.until(lambda: k.dogs["web"].daemon.proc is not None)
            proc = k.dogs["web"].daemon.proc
            assert proc is not None
            await asyncio.sleep(20)
            notices.heard("web", ready(proc.pid, STATUS="nearly"))
            notices.heard("web", ready(1))  # init is no part of it
            notices.heard("nobody", ready(proc.pid))
            await asyncio.sleep(1)
            assert k.state("web") is State.STARTING
            notices.heard("web", ready(proc.pid))
            await k.until(lambda: k.state("web") is State.UP)
            assert asyncio.get_running_loop().time() == 21

    run(main())


def test_one_that_never_says_so_is_late() -> None:
    async def main() -> None:
        async with kennel(table("web", notify=True, policy=POLICY)) as k:
            k.runs.stubborn.add("web")
            await k.until(lambda: k.state("web") is State.STOPPING)
            assert asyncio.get_running_loop().time() == 30

    run(main())


def test_one_that_may_have_told_a_ghost_that_was_not_there_is_not_blamed() -> None:
    proc = Proc(7, 7, BOOT)
    was = Daemon("web", state=State.STARTING, wanted=Wanted.UP, proc=proc, deadline=9.0)
    up = replace(was, state=State.UP, deadline=None)

    async def main(record: Daemon, after_s: float) -> None:
        runs = FakeRuns()
        runs.found["web"] = proc
        tables = table("web", notify=True, policy=POLICY)
        async with kennel(tables, records={"web": record}, runs=runs) as k:
            while k.state("web") is not State.UP:
                await k.dogs["web"].next_turn()
            assert asyncio.get_running_loop().time() <= after_s
            assert runs.spawns == []

    run(main(was, 9.0))
    run(main(up, 0.0))
