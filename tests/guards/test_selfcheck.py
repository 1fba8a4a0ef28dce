"""When a daemon is ready, and when it is sick: on a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from ghostbot.config.model import CheckTable, ProbeKind, ProbeRole, ProbeTable
from ghostbot.core.daemon import Daemon, Proc, State, Wanted
from ghostbot.core.restart import Policy
from ghostbot.guards.rounds import Round, Rounds
from ghostbot.guards.selfcheck import FIRST_LOOK_S, LAST_LOOK_S, RESUMED_GRACE_S
from ghostbot.keep import keep
from ghostbot.orders import Doing, local
from ghostbot.probes.finding import Finding
from ghostbot.process.notices import Notice, Notices
from tests.fakes.clock import run
from tests.fakes.house import NOTIFIES
from tests.fakes.kennel import kennel, table
from tests.fakes.runs import BOOT, FakeRuns

POLICY = Policy(start_timeout_s=30)


def ready(pid: int | None, **fields: str) -> Notice:
    return Notice(fields or {"READY": "1"}, pid, 0)


def test_a_daemon_that_notifies_is_ready_when_it_says_so_and_not_before() -> None:
    async def main() -> None:
        notices = Notices("state", asyncio.get_running_loop())
        async with kennel(table("web", probes=NOTIFIES, policy=POLICY), notices=notices) as k:
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
        async with kennel(table("web", probes=NOTIFIES, policy=POLICY)) as k:
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
        tables = table("web", probes=NOTIFIES, policy=POLICY)
        async with kennel(tables, records={"web": record}, runs=runs) as k:
            while k.state("web") is not State.UP:
                await k.dogs["web"].next_turn()
            assert asyncio.get_running_loop().time() <= after_s
            assert runs.spawns == []

    run(main(was, 9.0))
    run(main(up, 0.0))


def probe(label: str = "http", **more: Any) -> ProbeTable:
    return ProbeTable(kind=ProbeKind(label.split(maxsplit=1)[0]), label=label, **more)


def test_a_daemon_is_ready_when_all_its_probes_for_readiness_are_well() -> None:
    probes = (
        probe(successes=2),
        probe("tcp", role=ProbeRole.READY),
        probe("log", role=ProbeRole.LIVE),
    )

    async def main() -> None:
        async with kennel(table("web", probes=probes, policy=POLICY)) as k:
            k.world.ok["web", "tcp"] = False
            await asyncio.sleep(10)
            assert k.state("web") is State.STARTING
            assert k.world.times("web", "log") == []
            early = k.world.times("web", "http")
            assert early[0] == pytest.approx(FIRST_LOOK_S)
            assert all(b - a < LAST_LOOK_S * 1.1 for a, b in pairwise(early))
            k.world.ok["web", "tcp"] = True
            await k.until(lambda: k.state("web") is State.UP)
            assert asyncio.get_running_loop().time() < 10 + 2 * LAST_LOOK_S

    run(main())


def test_once_up_probes_are_asked_at_their_own_pace_spread_and_never_twice_at_a_time() -> None:
    async def main() -> None:
        tables = [table(f"d{n}", probes=(probe(every_s=30.0),)) for n in range(40)]
        async with kennel(*tables) as k:
            await k.until(lambda: all(k.state(t.name) is State.UP for t in tables))
            k.world.looked.clear()
            await asyncio.sleep(300)
            firsts = sorted(k.world.times(t.name, "http")[0] for t in tables)
            assert firsts[-1] - firsts[0] > 15  # of 30: they do not strike together
            for t in tables:
                pauses = [b - a for a, b in pairwise(k.world.times(t.name, "http"))]
                assert all(28 <= pause <= 32 for pause in pauses), pauses
            k.world.took_s = 70.0  # longer than the pace
            k.world.looked.clear()
            await asyncio.sleep(400)
            times = k.world.times("d0", "http")
            assert all(b - a >= 70 for a, b in pairwise(times)), times

    run(main())


def test_a_failing_probe_for_life_restarts_after_as_many_failures_as_it_says() -> None:
    async def main() -> None:
        async with kennel(table("web", probes=(probe(every_s=10.0, failures=3),))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            first = k.dogs["web"].daemon.proc
            k.world.ok["web", "http"] = False
            began = asyncio.get_running_loop().time()
            await k.until(lambda: k.dogs["web"].daemon.proc not in (None, first))
            assert len([t for t in k.world.times("web", "http") if t > began]) >= 3
            assert k.dogs["web"].daemon.exits[-1].why == "http probe failed: refused"

    run(main())


def test_counters_begin_anew_with_each_process() -> None:
    """monit#787: what an earlier process did is not held against the next."""

    async def main() -> None:
        async with kennel(table("web", probes=(probe(every_s=10.0, failures=3),))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.world.ok["web", "http"] = False
            await _until(lambda: k.selfcheck.rounds("web")[0].health.failures == 2)
            k.runs.die("web", 1)
            k.world.ok["web", "http"] = True
            await k.until(lambda: bool(k.dogs["web"].daemon.exits))
            await k.until(lambda: k.state("web") is State.UP)
            k.world.ok["web", "http"] = False
            restarted = asyncio.get_running_loop().time()
            await k.until(lambda: len(k.dogs["web"].daemon.exits) == 2)
            assert len([t for t in k.world.times("web", "http") if t > restarted]) == 3

    run(main())


def test_within_the_grace_after_a_start_nobody_is_blamed() -> None:
    async def main() -> None:
        probes = (probe("log", role=ProbeRole.LIVE, every_s=1.0, grace_s=50.0, failures=1),)
        async with kennel(table("web", probes=probes, ready_after_s=1.0)) as k:
            k.world.ok["web", "log"] = False
            await k.until(lambda: bool(k.dogs["web"].daemon.exits))
            assert 50 <= asyncio.get_running_loop().time() < 53

    run(main())


def test_after_the_machine_slept_nobody_is_blamed_for_a_while() -> None:
    async def main() -> None:
        async with kennel(table("web", probes=(probe(every_s=5.0, failures=1),))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.world.ok["web", "http"] = False
            k.selfcheck.resumed()
            slept = asyncio.get_running_loop().time()
            await k.until(lambda: bool(k.dogs["web"].daemon.exits))
            assert RESUMED_GRACE_S <= asyncio.get_running_loop().time() - slept < 70

    run(main())


def test_what_ghost_could_not_look_at_is_unknown_and_not_sick() -> None:
    async def main() -> None:
        async with kennel(table("web", probes=(probe(every_s=5.0, failures=1),))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.world.ok["web", "http"] = None
            await asyncio.sleep(100)
            assert k.state("web") is State.UP
            assert k.selfcheck.health("web") == "ok"  # as it was last known
            assert k.selfcheck.rounds("web")[0].health.said == "refused"

    run(main())


def test_a_failing_probe_for_readiness_shuts_only_the_gate_of_what_comes_after() -> None:
    async def main() -> None:
        db = table("db", probes=(probe("tcp", role=ProbeRole.READY, every_s=30.0, failures=1),))
        async with kennel(db, table("web", after=("db",), ready_after_s=0.0)) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.world.ok["db", "tcp"] = False
            await _until(lambda: k.selfcheck.health("db") == "sick")
            k.runs.die("web", 1)
            await k.until(lambda: k.state("web") is State.WAITING)
            assert k.state("db") is State.UP
            k.world.ok["db", "tcp"] = True
            well = asyncio.get_running_loop().time()
            await k.until(lambda: k.state("web") is State.UP)
            assert asyncio.get_running_loop().time() - well < 2.0

    run(main())


def test_a_held_daemon_is_looked_at_and_left_alone() -> None:
    async def main() -> None:
        async with kennel(table("web", probes=(probe(every_s=5.0, failures=1),))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            await k.ghost.order(Doing.HOLD, ["web"], local("ada"))
            k.world.ok["web", "http"] = False
            await asyncio.sleep(60)
            assert k.state("web") is State.UP
            assert k.selfcheck.health("web") == "sick"

    run(main())


def test_a_check_is_looked_at_and_its_verdict_told() -> None:
    async def main() -> None:
        told: list[tuple[str, bool | None]] = []
        site = CheckTable(name="site", probe=probe(every_s=300.0, failures=2))
        async with kennel(table("web")) as k:
            k.selfcheck.heard_by(checked=lambda name, ok, _: told.append((name, ok)))
            k.world.ok["site", "http"] = False
            k.selfcheck.watch({"site": site})
            await asyncio.sleep(1000)
            assert told[:3] == [("site", None), ("site", False), ("site", False)]
            k.selfcheck.watch({})
            count = len(told)
            await asyncio.sleep(1000)
            assert len(told) == count

    run(main())


def test_a_reload_that_changes_probes_looks_anew_and_touches_no_process() -> None:
    async def main() -> None:
        async with kennel(table("web", probes=(probe(every_s=5.0),))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            proc = k.dogs["web"].daemon.proc
            k.dogs["web"].describe(replace(k.dogs["web"].table, probes=(probe("tcp"),)))
            k.selfcheck.rewire()
            k.world.looked.clear()
            await asyncio.sleep(100)
            assert {label for _, label, _ in k.world.looked} == {"tcp"}
            assert k.dogs["web"].daemon.proc == proc
            assert k.state("web") is State.UP

    run(main())


def test_a_look_that_fails_within_ghost_ends_no_other() -> None:
    """Rounds are kept: after a failure of Ghost's own they go on."""

    async def main() -> None:
        rounds, looked = Rounds(), []

        async def look() -> Finding:
            looked.append(1)
            if len(looked) == 2:
                raise RuntimeError("not mine")
            return Finding(ok=True, said="fine")

        rounds.begin(Round("web", probe(), look, lambda _one, _finding: None, 1.0))
        going = asyncio.create_task(keep("probes", rounds.run), name="probes")
        await asyncio.sleep(30)
        assert len(looked) > 10
        going.cancel()

    run(main())


async def _until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(1000):
        while not what():  # noqa: ASYNC110 - the clock jumps
            await asyncio.sleep(0.5)
