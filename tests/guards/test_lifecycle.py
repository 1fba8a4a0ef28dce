"""Gates that follow when who comes after whom has changed."""

from __future__ import annotations

import asyncio

from ghostbot.core.daemon import Daemon, Proc, State, Unspawned, Wanted
from ghostbot.orders import Doing, local
from tests.fakes.clock import run
from tests.fakes.kennel import kennel, table
from tests.fakes.runs import BOOT, FakeRuns


def test_a_daemon_that_no_longer_comes_after_another_waits_no_longer() -> None:
    async def main() -> None:
        async with kennel(table("db"), table("web", after=("db",))) as k:
            k.runs.refuse["db"] = Unspawned("no such file", own=False)
            await k.until(lambda: k.state("web") is State.WAITING)
            k.dogs["web"].describe(table("web"))
            k.lifecycle.rewire()
            await k.until(lambda: k.state("web") is State.UP)

    run(main())


def test_a_daemon_that_comes_after_another_from_now_on_waits_for_it_at_its_next_start() -> None:
    async def main() -> None:
        async with kennel(table("db"), table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP and k.state("db") is State.UP)
            k.dogs["web"].describe(table("web", after=("db",)))
            k.lifecycle.rewire()
            k.runs.refuse["db"] = Unspawned("no such file", own=False)
            k.runs.die("db")
            await k.until(lambda: k.state("db") is State.BLOCKED)
            assert k.state("web") is State.UP  # a running daemon is not touched
            k.runs.die("web")
            await k.until(lambda: k.state("web") is State.WAITING)
            del k.runs.refuse["db"]
            await k.until(lambda: k.state("web") is State.UP)
            assert k.state("db") is State.UP

    run(main())


def test_who_is_up_and_in_doubt_is_left_alone_and_only_what_comes_after_it_waits() -> None:
    async def main() -> None:
        async with kennel(table("db"), table("web", after=("db",))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            db = k.dogs["db"].daemon.proc
            assert db is not None
            k.lifecycle.doubt(db, "db", ready=False)
            k.runs.die("web")
            await k.until(lambda: k.state("web") is State.WAITING)
            assert (k.state("db"), k.dogs["web"].daemon.gate) == (State.UP, ("db",))
            k.lifecycle.doubt(db, "db", ready=True)
            await k.until(lambda: k.state("web") is State.UP)

    run(main())


def test_a_doubt_about_a_process_ends_with_it() -> None:
    async def main() -> None:
        async with kennel(table("db"), table("web", after=("db",))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            db = k.dogs["db"].daemon.proc
            assert db is not None
            k.lifecycle.doubt(db, "db", ready=False)
            k.runs.die("db")
            await k.until(lambda: k.runs.spawns.count("db") == 2 and k.state("db") is State.UP)
            k.lifecycle.doubt(db, "db", ready=False)  # late, and about the one that was
            k.runs.die("web")
            await k.until(lambda: k.runs.spawns.count("web") == 2 and k.state("web") is State.UP)

    run(main())


def test_a_restart_of_all_goes_level_by_level_and_takes_instances_one_by_one() -> None:
    async def main() -> None:
        web = [table(f"web-{n}", of="web", after=("db",)) for n in (1, 2, 3)]
        async with kennel(table("db"), *web, table("mail", after=("db",))) as k:
            await k.until(lambda: all(dog.daemon.is_ready for dog in k.dogs.values()))
            down_at_once: list[set[str]] = []
            order = asyncio.create_task(k.ghost.order(Doing.RESTART, ["all"], local("t")))
            while not order.done():
                down_at_once.append({n for n, d in k.dogs.items() if not d.daemon.is_ready})
                turns = [dog.next_turn() for dog in k.dogs.values()]
                await asyncio.wait([order, *turns], return_when=asyncio.FIRST_COMPLETED)
            assert all(outcome.ok for outcome in order.result())
            assert all(len(down & {"web-1", "web-2", "web-3"}) <= 1 for down in down_at_once)
            assert not any("db" in down and len(down) > 1 for down in down_at_once)
            assert any(down == {"mail", "web-1"} for down in down_at_once)
            assert len(k.runs.spawns) == 10

    run(main())


def test_a_restart_of_all_stops_at_the_first_that_does_not_come_up_again() -> None:
    async def main() -> None:
        async with kennel(table("db"), table("web", after=("db",))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.runs.refuse["db"] = Unspawned("no such file", own=False)
            found = await k.ghost.order(Doing.RESTART, ["all"], local("t"))
            assert [(o.name, o.ok) for o in found] == [("db", False), ("web", False)]
            assert found[1].said == "was left alone, as db did not come up again"
            assert k.state("web") is State.UP

    run(main())


def test_whom_a_person_stopped_is_not_started_when_an_earlier_hold_would_have_ended() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            await k.ghost.order(Doing.HOLD, ["web"], local("ada"), for_s=60)
            await k.ghost.order(Doing.STOP, ["web"], local("ada"))
            await asyncio.sleep(600)
            assert (k.state("web"), k.runs.spawns) == (State.DOWN, ["web"])

    run(main())


def test_a_record_with_the_end_of_a_hold_that_is_no_more_starts_nobody() -> None:
    async def main() -> None:
        stopped = Daemon("web", stopped=True, held_until=5.0)
        async with kennel(table("web"), records={"web": stopped}) as k:
            await asyncio.sleep(60)
            assert (k.state("web"), k.runs.spawns) == (State.DOWN, [])

    run(main())


def test_whose_start_ran_out_of_time_while_no_ghost_looked_gets_its_whole_time_again() -> None:
    async def main() -> None:
        runs, proc = FakeRuns(), Proc(99, 1, BOOT)
        runs.found["web"] = proc
        begun = Daemon(
            "web", state=State.STARTING, wanted=Wanted.UP, proc=proc, deadline=-60.0, since=-90.0
        )
        async with kennel(table("web"), records={"web": begun}, runs=runs) as k:
            await k.until(lambda: k.state("web") is not State.STARTING)
            assert (k.state("web"), k.runs.spawns) == (State.UP, [])
            assert k.dogs["web"].daemon.record.deaths == ()

    run(main())


def test_whom_a_person_stops_during_a_restart_of_all_stays_stopped() -> None:
    async def main() -> None:
        db = table("db", ready_after_s=20.0)
        async with kennel(db, table("web", after=("db",))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            restart = k.ghost.order(Doing.RESTART, ["all"], local("ada"))
            restarting = asyncio.create_task(restart)
            await k.until(lambda: k.runs.spawns.count("db") == 2)
            await asyncio.sleep(1)
            await k.ghost.order(Doing.STOP, ["web"], local("bob"))
            outcomes = {o.name: (o.ok, o.said) for o in await restarting}
            assert outcomes["db"] == (True, "is up")
            assert outcomes["web"] == (False, "was stopped meanwhile")
            assert (k.state("web"), k.runs.spawns.count("web")) == (State.DOWN, 1)

    run(main())
