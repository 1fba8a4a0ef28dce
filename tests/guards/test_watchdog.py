"""Watchdogs, lifecycle and Ghost's orders on a jumping clock and a fake system."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from signal import SIGKILL, SIGTERM

import pytest

from ghostbot import errors
from ghostbot.config.model import DaemonTable
from ghostbot.core.daemon import Daemon, Event, Hold, Proc, Sick, Spawned, State, Unspawned, Wanted
from ghostbot.core.restart import Kind, Policy
from ghostbot.orders import Doing, local
from tests.fakes.clock import run
from tests.fakes.kennel import kennel, table
from tests.fakes.runs import BOOT, FakeRuns

ALICE = local("alice")


def test_a_daemon_that_dies_at_once_is_tried_less_and_less_and_then_blocked() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            k.runs.refuse["web"] = Unspawned("no such file", own=False)
            loop, tries = asyncio.get_running_loop(), []
            while len(tries) < 6:
                before = len(k.runs.spawns)
                await k.until(lambda before=before: len(k.runs.spawns) > before)
                tries.append(round(loop.time()))
            assert tries == [0, 1, 3, 63, 183, 423]
            assert k.state("web") is State.BLOCKED

    run(main())


def test_a_dead_daemon_comes_back_and_counts_it() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.runs.die("web")
            await k.until(lambda: k.state("web") is State.BACKOFF)
            await k.until(lambda: k.state("web") is State.UP)
            assert (k.dogs["web"].daemon.restarts, k.runs.spawns) == (1, ["web", "web"])

    run(main())


def test_a_stop_says_so_only_when_the_whole_tree_is_gone() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            k.runs.stubborn.add("web")
            await k.until(lambda: k.state("web") is State.UP)
            stopping = asyncio.create_task(k.ghost.order(Doing.STOP, ["web"], ALICE))
            await k.until(lambda: k.state("web") is State.STOPPING)
            k.runs.die("web", 0, left=True)
            await asyncio.sleep(1)
            assert not stopping.done()
            k.runs.gone("web")
            (outcome,) = await stopping
            assert (outcome.ok, outcome.said) == (True, "is down")

    run(main())


def test_what_ignores_the_stop_signal_is_killed_after_its_time() -> None:
    async def main() -> None:
        async with kennel(table("web", policy=Policy(stop_timeout_s=7))) as k:
            k.runs.stubborn.add("web")
            await k.until(lambda: k.state("web") is State.UP)
            began = asyncio.get_running_loop().time()
            await k.ghost.order(Doing.STOP, ["web"], ALICE)
            assert asyncio.get_running_loop().time() - began == pytest.approx(7)
            assert k.runs.signals == [("web", SIGTERM), ("web", SIGKILL)]

    run(main())


def test_dependents_start_after_what_they_need_is_ready_and_stop_before_it() -> None:
    async def main() -> None:
        tables = (table("app", after=("db", "queue")), table("queue", after=("db",)), table("db"))
        async with kennel(*tables) as k:
            await k.until(lambda: k.state("app") is State.WAITING)
            assert k.ghost.daemon("app").word == "waiting for db, queue"
            await k.until(lambda: k.state("app") is State.UP)
            assert k.runs.spawns == ["db", "queue", "app"]
            await k.ghost.order(Doing.STOP, ["all"], ALICE)
            assert [name for name, _ in k.runs.signals] == ["app", "queue", "db"]

    run(main())


def test_a_dependent_that_dies_while_its_db_is_down_waits_and_comes_back_with_it() -> None:
    async def main() -> None:
        slow = Policy(restart_delay_s=20)
        async with kennel(table("db", policy=slow), table("web", after=("db",))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.runs.die("db")
            await k.until(lambda: k.state("db") is State.BACKOFF)
            assert k.state("web") is State.UP  # a running daemon is not touched
            k.runs.die("web")
            await k.until(lambda: k.state("web") is State.WAITING)
            await k.until(lambda: k.state("web") is State.UP)
            assert k.state("db") is State.UP

    run(main())


def test_a_oneshot_that_is_done_opens_the_gate_of_what_comes_after_it() -> None:
    async def main() -> None:
        migrate = table("migrate", policy=Policy(kind=Kind.ONESHOT))
        async with kennel(migrate, table("web", after=("migrate",))) as k:
            await k.until(lambda: k.state("migrate") is State.STARTING)
            await k.until(lambda: "migrate" in k.runs.alive)
            k.runs.die("migrate", 0)
            await k.until(lambda: k.state("web") is State.UP)
            assert k.ghost.daemon("migrate").word == "done"

    run(main())


def test_a_start_behind_a_daemon_that_a_person_stopped_is_refused_by_name() -> None:
    async def main() -> None:
        async with kennel(table("db"), table("web", after=("db",))) as k:
            await k.until(lambda: k.state("web") is State.UP)
            await k.ghost.order(Doing.STOP, ["web", "db"], ALICE)
            with pytest.raises(errors.Failed, match="comes after db, which a person stopped"):
                await k.ghost.order(Doing.START, ["web"], ALICE)
            both = await k.ghost.order(Doing.START, ["web", "db"], ALICE)
            assert [o.said for o in both] == ["is up", "is up"]

    run(main())


def test_a_start_first_starts_what_it_needs() -> None:
    async def main() -> None:
        tables = (table("db", autostart=False), table("web", after=("db",), autostart=False))
        async with kennel(*tables) as k:
            (outcome,) = await k.ghost.order(Doing.START, ["web"], ALICE)
            assert (outcome.ok, k.runs.spawns) == (True, ["db", "web"])

    run(main())


def test_a_start_that_fails_says_why() -> None:
    async def main() -> None:
        async with kennel(table("web", autostart=False)) as k:
            k.runs.refuse["web"] = Unspawned("exec format error", own=False)
            (outcome,) = await k.ghost.order(Doing.START, ["web"], ALICE)
            assert (outcome.ok, outcome.said) == (False, "did not come up: exec format error")

    run(main())


def test_a_port_that_a_stranger_holds_is_told_at_once_and_charges_nothing() -> None:
    async def main() -> None:
        async with kennel(table("web", autostart=False)) as k:
            k.obstacles["web"] = "port 5051 (node, 4711)"
            (outcome,) = await k.ghost.order(Doing.START, ["web"], ALICE)
            assert outcome.said == "waits for port 5051 (node, 4711)"
            assert k.ghost.daemon("web").word == "waiting for port 5051 (node, 4711)"
            assert k.dogs["web"].daemon.record.unforgiven == 0

    run(main())


def test_many_orders_at_once_never_make_two_copies_and_the_last_one_wins() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            verbs = [Doing.RESTART, Doing.STOP, Doing.START, Doing.RESTART, Doing.STOP] * 20
            await asyncio.gather(*(k.ghost.order(v, ["web"], ALICE, wait=False) for v in verbs))
            await k.until(lambda: k.state("web") is State.DOWN)  # FakeRuns asserts: one copy
            assert k.dogs["web"].daemon.wanted is Wanted.DOWN

    run(main())


def test_a_flood_of_orders_is_refused_in_words() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            dog = k.dogs["web"]
            for _ in range(300):
                dog.post(Hold())
            with pytest.raises(errors.Failed, match="orders are waiting"):
                await dog.order(Hold())

    run(main())


def test_a_sick_daemon_is_restarted_with_the_reason() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            proc = k.dogs["web"].daemon.proc
            assert proc
            k.dogs["web"].post(Sick(proc, "answers 500"))
            await k.until(lambda: k.state("web") is State.BACKOFF)
            assert k.ghost.daemon("web").fault == "answers 500"
            await k.until(lambda: k.state("web") is State.UP)

    run(main())


def test_a_hold_for_a_time_ends_with_a_start() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            until = asyncio.get_running_loop().time() + 3600
            await k.dogs["web"].order(Hold(until))
            k.runs.die("web")
            await k.until(lambda: k.state("web") is State.DOWN)
            assert k.ghost.daemon("web").word == "held"
            await k.until(lambda: k.state("web") is State.UP, within_s=4000)
            assert asyncio.get_running_loop().time() >= until

    run(main())


def test_an_adopted_daemon_is_up_without_a_new_start() -> None:
    async def main() -> None:
        proc = Proc(7, 70, BOOT)
        runs = FakeRuns()
        runs.found["web"] = proc
        was = Daemon("web", state=State.UP, wanted=Wanted.UP, proc=proc, starts=3)
        async with kennel(table("web"), records={"web": was}, runs=runs) as k:
            await asyncio.sleep(5)
            assert (k.state("web"), k.runs.spawns) == (State.UP, [])
            k.runs.die("web")
            await k.until(lambda: k.runs.spawns == ["web"])

    run(main())


def test_a_daemon_that_died_while_ghost_was_away_is_charged_once_and_comes_back() -> None:
    async def main() -> None:
        was = Daemon("web", state=State.UP, wanted=Wanted.UP, proc=Proc(7, 70, BOOT))
        async with kennel(table("web"), records={"web": was}) as k:
            await k.until(lambda: k.state("web") is State.BACKOFF)
            d = k.dogs["web"].daemon
            assert (d.record.unforgiven, d.last_exit and d.last_exit.code) == (1, None)
            await k.until(lambda: k.state("web") is State.UP)

    run(main())


def test_a_spawn_whose_pid_was_never_saved_is_found_before_anything_is_spawned() -> None:
    async def main() -> None:
        runs = FakeRuns()
        runs.found["web"] = Proc(7, 70, BOOT)
        was = Daemon("web", state=State.STARTING, wanted=Wanted.UP)
        async with kennel(table("web"), records={"web": was}, runs=runs) as k:
            await k.until(lambda: k.state("web") is State.UP)
            assert k.runs.spawns == []

    run(main())


def test_a_spawn_that_never_came_about_is_made_up_for_and_charges_nothing() -> None:
    async def main() -> None:
        was = Daemon("web", state=State.STARTING, wanted=Wanted.UP)
        async with kennel(table("web"), records={"web": was}) as k:
            await k.until(lambda: k.state("web") is State.UP)
            assert (k.runs.spawns, k.dogs["web"].daemon.record.unforgiven) == (["web"], 0)

    run(main())


def test_what_a_person_stopped_stays_stopped_for_the_next_ghost() -> None:
    async def main() -> None:
        records = {
            "web": Daemon("web", stopped=True),
            "db": Daemon("db", wanted=Wanted.HELD),
            "job": Daemon("job", wanted=Wanted.UP, done=True),
            "house": Daemon("house"),  # stopped by `ghost down`
        }
        async with kennel(*(table(name) for name in records), records=records) as k:
            await k.until(lambda: k.state("house") is State.UP)
            assert k.runs.spawns == ["house"]

    run(main())


def test_down_stops_all_and_is_no_persons_stop() -> None:
    async def main() -> None:
        async with kennel(table("web", after=("db",)), table("db")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            outcomes = await k.ghost.down(ALICE)
            assert all(o.ok for o in outcomes)
            assert not any(dog.daemon.stopped for dog in k.dogs.values())

    run(main())


def test_an_order_with_one_unknown_name_does_nothing() -> None:
    async def main() -> None:
        async with kennel(table("web"), table("db")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            with pytest.raises(errors.NoSuch, match=r"no such daemon \(did you mean web\?\)"):
                await k.ghost.order(Doing.STOP, ["db", "wbe"], ALICE)
            assert k.runs.signals == []

    run(main())


def test_five_hundred_starts_take_four_a_turn_and_leave_room_for_orders() -> None:
    async def main() -> None:
        async with kennel(*(table(f"d{n}") for n in range(500))) as k:
            await k.until(lambda: "d0" in k.runs.alive)
            assert len(k.runs.spawns) < 20
            await k.until(lambda: len(k.runs.alive) == 500)

    run(main())


def test_two_thousand_starts_keep_their_order_and_leave_room_for_orders() -> None:
    async def main() -> None:
        names = [f"d{n}" for n in range(2000)]
        after = {n: (names[i % 40],) if i >= 40 else () for i, n in enumerate(names)}
        async with kennel(*(table(n, after=after[n]) for n in names)) as k:
            await k.until(lambda: "d0" in k.runs.alive)
            assert len(k.runs.spawns) < 20
            (outcome,) = await k.ghost.order(Doing.STOP, ["d1999"], ALICE)
            assert outcome.ok
            began = asyncio.get_running_loop().time()
            await k.until(lambda: len(k.runs.alive) == 1999)
            assert asyncio.get_running_loop().time() - began < 10
            place = {name: n for n, name in enumerate(k.runs.spawns)}
            assert all(place[a] < place[n] for n in place for a in after[n])
            assert len(place) == len(k.runs.spawns)

    run(main())


def test_a_watchdog_that_fails_in_a_spawn_takes_in_the_process_that_came_of_it() -> None:
    async def main() -> None:
        class Failing(FakeRuns):
            def spawn(
                self, table: DaemonTable, post: Callable[[Event], None]
            ) -> Spawned | Unspawned:
                spawned = super().spawn(table, post)
                assert isinstance(spawned, Spawned)
                if len(self.spawns) == 1:
                    self.found[table.name] = spawned.proc
                    raise OSError("no descriptor to watch it with")
                return spawned

        async with kennel(table("web"), runs=Failing(), kept=True) as k:
            await k.until(lambda: k.state("web") is State.UP)
            assert k.runs.spawns == ["web"]

    run(main())


def test_a_stop_is_answered_only_when_its_record_is_on_disk() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.disk.clear()
            stopping = asyncio.create_task(k.ghost.order(Doing.STOP, ["web"], ALICE))
            await k.until(lambda: k.state("web") is State.DOWN)
            await asyncio.sleep(5)
            assert not stopping.done()
            k.disk.set()
            (outcome,) = await stopping
            assert outcome.ok

    run(main())


def test_a_oneshot_that_works_for_long_is_not_ready_before_it_is_done() -> None:
    async def main() -> None:
        migrate = table("migrate", policy=Policy(kind=Kind.ONESHOT))
        async with kennel(migrate, table("web", after=("migrate",))) as k:
            await k.until(lambda: k.state("migrate") is State.STARTING)
            await asyncio.sleep(20)
            assert (k.state("migrate"), k.state("web")) == (State.STARTING, State.WAITING)

    run(main())


def test_a_daemon_whose_record_was_never_written_is_taken_back_and_left_running() -> None:
    async def main() -> None:
        runs = FakeRuns()
        runs.found["web"] = proc = Proc(50, 50, BOOT)
        async with kennel(table("web"), runs=runs) as k:
            await k.until(lambda: k.state("web") is State.UP)
            await asyncio.sleep(30)
            assert k.dogs["web"].daemon.proc == proc
            assert (k.runs.signals, k.runs.spawns) == ([], [])

    run(main())


def test_a_daemon_that_a_person_stopped_is_stopped_though_a_copy_was_found() -> None:
    async def main() -> None:
        runs = FakeRuns()
        runs.found["web"] = Proc(50, 50, BOOT)
        records = {"web": Daemon("web", stopped=True)}
        async with kennel(table("web"), runs=runs, records=records) as k:
            await k.until(lambda: k.runs.signals != [])
            await k.until(lambda: k.state("web") is State.DOWN)
            assert k.runs.spawns == []

    run(main())


def test_a_start_waits_until_what_a_dead_leader_left_is_gone_and_looks_at_its_port_then() -> None:
    async def main() -> None:
        runs = FakeRuns()
        async with kennel(table("web"), runs=runs) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.obstacles["web"] = "port 5051 (node, 7)"
            runs.leftovers["web"] = k.obstacles.clear
            k.runs.die("web")
            await k.until(lambda: len(k.runs.spawns) > 1)
            assert k.dogs["web"].daemon.gate == ()

    run(main())


@pytest.mark.parametrize("state", [State.STOPPING, State.KILLING, State.UP, State.STARTING])
@pytest.mark.parametrize("dies", [False, True])
def test_what_was_begun_after_the_record_was_written_is_never_begun_twice(
    state: State, dies: bool
) -> None:
    """A restart: the journal knows the successor, the record still the one asked to exit."""

    async def main() -> None:
        runs = FakeRuns()
        runs.found["web"] = proc = Proc(50, 50, BOOT)
        runs.dying = {"web"} if dies else set()
        old = Daemon("web", state=state, wanted=Wanted.UP, proc=Proc(40, 40, BOOT), starts=1)
        async with kennel(table("web"), runs=runs, records={"web": old}) as k:
            dog = k.dogs["web"]
            await k.until(lambda: k.state("web") is State.UP and dog.daemon.proc != old.proc)
            assert k.runs.spawns == (["web"] if dies else [])
            assert (k.dogs["web"].daemon.proc == proc) is not dies

    run(main())
