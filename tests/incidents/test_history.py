"""How long daemons were up of the time that they were wanted, on a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from ghostbot.core.daemon import Drilled, State
from ghostbot.core.history import HOUR_S, Hour
from ghostbot.core.restart import Kind, Policy
from ghostbot.incidents.history import History
from ghostbot.orders import Doing, local
from tests.fakes.clock import run
from tests.fakes.kennel import Kennel, kennel, table

ADA = local("ada")
BEGIN = 1_789_999_200.0  # an hour begins


class Kept:
    """What the store is to history."""

    def __init__(self) -> None:
        self.hours: dict[tuple[str, int], list[Hour]] = {}

    async def add(self, hours: Iterable[tuple[str, Hour]], now: float) -> None:
        for name, hour in hours:
            assert hour.at <= now
            self.hours.setdefault((name, hour.at), []).append(hour)

    async def between(self, since: float, until: float) -> dict[str, list[Hour]]:
        found: dict[str, list[Hour]] = {}
        for (name, at), parts in sorted(self.hours.items()):
            if since <= at < until:
                sums = [sum(getattr(part, key) for part in parts) for key in FIELDS]
                found.setdefault(name, []).append(Hour(at, *sums))
        return found


FIELDS = ("wanted_s", "up_s", "deaths", "restarts", "drills")


def history(k: Kennel, kept: Kept) -> History:
    records = lambda: {name: dog.daemon for name, dog in k.dogs.items()}  # noqa: E731
    return History(k.bus, records, kept, now=lambda: BEGIN + asyncio.get_running_loop().time())


def test_time_down_counts_while_it_was_wanted_up_and_a_death_is_one() -> None:
    async def main() -> None:
        kept = Kept()
        policy = Policy(restart_delay_s=360.0, restart_max_delay_s=360.0, restart_window_s=9000.0)
        async with kennel(table("web", policy=policy, ready_after_s=0.0)) as k:
            counted = history(k, kept)
            counting = asyncio.create_task(counted.run(), name="history")
            await asyncio.sleep(1800)
            k.runs.die("web")
            await asyncio.sleep(3600)
            told = await counted.digest(BEGIN + 2 * HOUR_S)
            counting.cancel()
        (web,) = told.daemons
        assert web.up is not None
        assert web.up == pytest.approx(1 - 360 / 5400, abs=0.02)  # the delay strays by a fifth
        assert (web.deaths, web.restarts, web.drills) == (1, 1, 0)
        assert web.strip.endswith("🟨🟩")

    run(main())


def test_what_a_person_stopped_and_what_ends_by_itself_counts_against_nobody() -> None:
    async def main() -> None:
        kept = Kept()
        once = table("once", policy=Policy(kind=Kind.ONESHOT))
        async with kennel(table("web", ready_after_s=0.0), once) as k:
            counted = history(k, kept)
            counting = asyncio.create_task(counted.run(), name="history")
            await asyncio.sleep(10)
            k.runs.die("once", 0)
            await asyncio.sleep(590)
            await k.ghost.order(Doing.STOP, ["web"], ADA)
            await asyncio.sleep(6000)
            told = await counted.digest(BEGIN + 2 * HOUR_S)
            counting.cancel()
        web, once_day = told.daemons
        assert web.up == pytest.approx(1.0, abs=0.001)
        assert once_day.up is None
        assert sum(day.deaths for day in told.daemons) == 0

    run(main())


def test_a_drill_is_told_as_one() -> None:
    async def main() -> None:
        kept = Kept()
        async with kennel(table("web", ready_after_s=0.0)) as k:
            counted = history(k, kept)
            counting = asyncio.create_task(counted.run(), name="history")
            await k.until(lambda: k.state("web") is State.UP)
            proc = k.dogs["web"].daemon.proc
            assert proc is not None
            await asyncio.sleep(10)
            await k.dogs["web"].order(Drilled(proc))
            k.runs.die("web", -9)
            await asyncio.sleep(600)
            told = await counted.digest(BEGIN + HOUR_S)
            counting.cancel()
        (web,) = told.daemons
        assert (web.deaths, web.drills) == (0, 1)

    run(main())
