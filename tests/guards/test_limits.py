"""Memory and CPU over their limits, on a clock that jumps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ghostbot.core.daemon import State
from ghostbot.core.snapshot import Measure
from ghostbot.guards.limits import Limits, over_limit
from ghostbot.orders import Doing, local
from tests.fakes.clock import run
from tests.fakes.kennel import Kennel, kennel, table

MIB = 1 << 20
ADA = local("ada")


class Scales:
    """Measures what a test says, every 15 s."""

    def __init__(self, k: Kennel) -> None:
        self.measures: dict[str, Measure] = {}
        self.limits = Limits(k.dogs, lambda: self.measures)

    async def weigh(self, times: int) -> None:
        for _ in range(times):
            self.limits.look()
            await asyncio.sleep(15)


def heavy(**more: Any) -> Any:
    return table("web", ready_after_s=0.0, memory_max_bytes=100 * MIB, limit_for_s=60.0, **more)


def test_over_its_limit_for_long_enough_it_is_restarted_with_the_reason_and_not_as_a_death() -> (
    None
):
    async def main() -> None:
        async with kennel(heavy()) as k:
            scales = Scales(k)
            await k.until(lambda: k.state("web") is State.UP)
            first = k.dogs["web"].daemon.proc
            scales.measures["web"] = Measure(0.0, 312 * MIB)
            await scales.weigh(4)
            assert k.dogs["web"].daemon.proc == first
            await scales.weigh(1)
            await k.until(lambda: k.state("web") is State.UP)
            d = k.dogs["web"].daemon
            assert d.proc != first
            assert d.exits[-1].why == "memory 312 MiB, over its 100 MiB for 60 s"
            assert (d.record.unforgiven, d.record.deaths, d.restarts) == (0, (), 1)

    run(main())


def test_who_comes_back_within_its_limit_begins_anew() -> None:
    async def main() -> None:
        async with kennel(heavy()) as k:
            scales = Scales(k)
            await k.until(lambda: k.state("web") is State.UP)
            first = k.dogs["web"].daemon.proc
            for _ in range(10):
                scales.measures["web"] = Measure(0.0, 312 * MIB)
                await scales.weigh(3)
                scales.measures["web"] = Measure(0.0, 10 * MIB)
                await scales.weigh(1)
            del scales.measures["web"]  # cannot be measured: within its limits
            await scales.weigh(10)
            assert k.dogs["web"].daemon.proc == first

    run(main())


def test_a_held_daemon_is_left_alone_whatever_it_uses() -> None:
    async def main() -> None:
        async with kennel(heavy()) as k:
            scales = Scales(k)
            await k.until(lambda: k.state("web") is State.UP)
            first = k.dogs["web"].daemon.proc
            await k.ghost.order(Doing.HOLD, ["web"], ADA)
            scales.measures["web"] = Measure(0.0, 312 * MIB)
            await scales.weigh(10)
            assert k.dogs["web"].daemon.proc == first
            await k.ghost.order(Doing.START, ["web"], ADA)  # from now on it counts
            await scales.weigh(4)
            assert k.dogs["web"].daemon.proc == first

    run(main())


@pytest.mark.parametrize(
    ("measure", "why"),
    [
        (Measure(150.0, 0), None),
        (Measure(151.0, 0), "CPU 151 %, over its 150 %"),
        (Measure(0.0, 201 * MIB), "memory 201 MiB, over its 200 MiB"),
    ],
)
def test_what_is_over_is_said_in_words(measure: Measure, why: str | None) -> None:
    limited = table("web", cpu_max=150.0, memory_max_bytes=200 * MIB)
    assert over_limit(limited, measure) == why
    assert over_limit(table("web"), measure) is None
