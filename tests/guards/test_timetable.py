"""Schedules on a clock that jumps, with a wall clock beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ghostbot.config.model import DaemonTable
from ghostbot.core.daemon import State
from ghostbot.core.restart import Kind, Policy
from ghostbot.cron import next_fire
from ghostbot.guards.timetable import Timetable
from ghostbot.orders import Doing, local
from tests.fakes.clock import run
from tests.fakes.kennel import Kennel, kennel, table

ADA = local("ada")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONESHOT = Policy(kind=Kind.ONESHOT)


@dataclass
class Wall:
    """A wall clock that goes with the loop's, and can be set."""

    k: Kennel
    timetable: Timetable = field(init=False)
    drilled: list[str] = field(default_factory=list)
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time()) + self.ahead


@asynccontextmanager
async def wall(*tables: DaemonTable) -> AsyncIterator[Wall]:
    async with kennel(*tables) as k, asyncio.TaskGroup() as tasks:
        clock = Wall(k)
        clock.timetable = Timetable(
            k.dogs,
            clock.drilled.append,
            now=clock.now,
            due=lambda line, now: next_fire(line, now, UTC),
        )
        running = tasks.create_task(clock.timetable.run(), name="timetable")
        yield clock
        running.cancel()


def test_a_oneshot_is_started_at_its_times() -> None:
    async def main() -> None:
        clean = table("clean", policy=ONESHOT, schedule="*/10 * * * *", autostart=False)
        async with wall(clean) as clock:
            starts = []
            for _ in range(3):
                await clock.k.until(lambda: clock.k.state("clean") is State.STARTING)
                starts.append(clock.now())
                clock.k.runs.die("clean", 0)
                await clock.k.until(lambda: clock.k.state("clean") is State.DOWN)
            assert [at.minute for at in starts] == [10, 20, 30]
            assert all(at.second < 1 for at in starts)

    run(main())


def test_a_service_is_restarted_at_its_times_and_that_is_no_death() -> None:
    async def main() -> None:
        async with wall(table("web", schedule="0 * * * *", ready_after_s=0.0)) as clock:
            await clock.k.until(lambda: clock.k.state("web") is State.UP)
            first = clock.k.dogs["web"].daemon.proc
            await clock.k.until(lambda: clock.k.dogs["web"].daemon.proc not in (None, first), 4000)
            assert (clock.now().hour, clock.now().minute) == (13, 0)
            d = clock.k.dogs["web"].daemon
            assert d.exits[-1].why == "its schedule, 0 * * * *"
            assert d.record.unforgiven == 0

    run(main())


def test_what_a_person_stopped_or_holds_and_what_still_runs_is_left_alone() -> None:
    async def main() -> None:
        long = table("long", policy=ONESHOT, schedule="* * * * *", autostart=False)
        held = table("held", schedule="* * * * *", ready_after_s=0.0)
        stopped = table("stopped", policy=ONESHOT, schedule="* * * * *", autostart=False)
        async with wall(long, held, stopped) as clock:
            k = clock.k
            await k.until(lambda: k.state("held") is State.UP)
            await k.ghost.order(Doing.HOLD, ["held"], ADA)
            await k.ghost.order(Doing.STOP, ["stopped"], ADA)
            proc = k.dogs["held"].daemon.proc
            await k.until(lambda: k.state("long") is State.STARTING)
            first = k.dogs["long"].daemon.proc
            await asyncio.sleep(25)
            assert k.dogs["long"].daemon.proc == first
            await asyncio.sleep(120)
            assert k.dogs["held"].daemon.proc == proc
            assert k.state("stopped") is State.DOWN
            assert k.dogs["stopped"].daemon.starts == 0

    run(main())


def test_what_was_missed_in_sleep_is_left_out_and_the_next_comes_in_time() -> None:
    async def main() -> None:
        web = table("web", schedule="0 * * * *", ready_after_s=0.0)
        async with wall(web) as clock:
            await clock.k.until(lambda: clock.k.state("web") is State.UP)
            first = clock.k.dogs["web"].daemon.proc
            clock.ahead = timedelta(hours=8, minutes=30)  # 20:30, asleep since noon
            await asyncio.sleep(60)
            assert clock.k.dogs["web"].daemon.proc == first
            await clock.k.until(lambda: clock.k.dogs["web"].daemon.proc not in (None, first), 4000)
            assert (clock.now().hour, clock.now().minute) == (21, 0)

    run(main())


def test_a_drill_comes_at_its_times_and_a_reload_is_followed() -> None:
    async def main() -> None:
        async with wall(table("web", drill="30 12 * * *", ready_after_s=0.0)) as clock:
            await asyncio.sleep(1000)
            assert clock.drilled == []
            clock.k.dogs["web"].describe(table("web", drill="20 12 * * *"))
            clock.timetable.rewire()
            await asyncio.sleep(300)
            assert clock.drilled == ["web"]
            await asyncio.sleep(3600)
            assert clock.drilled == ["web"]

    run(main())


def test_a_clock_that_was_a_day_ahead_leaves_out_no_day_when_it_is_set_right() -> None:
    async def main() -> None:
        clean = table("clean", policy=ONESHOT, schedule="*/10 * * * *", autostart=False)
        async with wall(clean) as clock:
            clock.ahead = timedelta(days=1)
            await asyncio.sleep(60)
            clock.ahead = timedelta()
            await clock.k.until(lambda: clock.k.dogs["clean"].daemon.starts == 1, 1200)
            assert (clock.now().hour, clock.now().minute) == (12, 10)

    run(main())


def test_a_clock_that_is_set_back_a_little_makes_nothing_come_twice() -> None:
    async def main() -> None:
        web = table("web", drill="10 12 * * *", ready_after_s=0.0)
        async with wall(web) as clock:
            await asyncio.sleep(700)
            assert clock.drilled == ["web"]
            clock.ahead = timedelta(minutes=-10)
            await asyncio.sleep(3600)
            assert clock.drilled == ["web"]

    run(main())
