"""A machine that sleeps: nobody is restarted for it."""

from __future__ import annotations

import asyncio

import pytest

from ghostbot.core.daemon import State
from ghostbot.core.restart import Policy
from ghostbot.guards.clock import Clock, in_words, slept_s
from tests.fakes.clock import run, stop_the_loop
from tests.fakes.kennel import kennel, table

EIGHT_HOURS = 8 * 3600.0


class Machine:
    """Its clocks: the monotonic one stands still while it sleeps."""

    def __init__(self) -> None:
        self.slept = 0.0
        self.told: list[str | None] = []


def test_eight_hours_of_sleep_restart_nothing_and_are_told_once_for_a_minute() -> None:
    machine = Machine()

    async def main() -> None:
        async with kennel(table("web"), table("db")) as k:
            await k.until(lambda: k.state("web") is k.state("db") is State.UP)
            clock = Clock(k.dogs, machine.told.append, slept=lambda: machine.slept)
            task = asyncio.create_task(clock.run())
            await asyncio.sleep(5)
            machine.slept += EIGHT_HOURS
            await asyncio.sleep(30)
            (told,) = machine.told
            assert told is not None
            assert "resumed after 8 h" in told
            await asyncio.sleep(60)
            assert machine.told == [told, None]
            assert sorted(k.runs.spawns) == ["db", "web"]
            task.cancel()

    run(main())


def test_what_was_starting_when_the_machine_slept_gets_its_whole_time_again() -> None:
    machine = Machine()

    async def main() -> None:
        slow = table("slow", ready_after_s=1e6, policy=Policy(start_timeout_s=30))
        async with kennel(slow) as k:
            await k.until(lambda: k.dogs["slow"].daemon.proc is not None)
            clock = Clock(k.dogs, machine.told.append, slept=lambda: machine.slept)
            task = asyncio.create_task(clock.run())
            await asyncio.sleep(28)
            machine.slept += EIGHT_HOURS
            await asyncio.sleep(25)
            assert (k.state("slow"), k.runs.spawns) == (State.STARTING, ["slow"])
            await k.until(lambda: k.state("slow") is not State.STARTING)
            assert 58 <= asyncio.get_running_loop().time() < 61
            task.cancel()

    run(main())


@pytest.mark.parametrize("jump_s", [9.0, -3600.0])
def test_a_clock_that_is_set_right_is_no_sleep(jump_s: float) -> None:
    machine = Machine()

    async def main() -> None:
        async with kennel(table("web")) as k:
            clock = Clock(k.dogs, machine.told.append, slept=lambda: machine.slept)
            task = asyncio.create_task(clock.run())
            await asyncio.sleep(5)
            machine.slept += jump_s
            await asyncio.sleep(5)
            task.cancel()

    run(main())
    assert machine.told == []


def test_a_ghost_that_was_itself_stopped_blames_nobody_for_it() -> None:
    machine = Machine()

    async def main() -> None:
        slow = table("slow", ready_after_s=1e6, policy=Policy(start_timeout_s=30))
        async with kennel(slow) as k:
            await k.until(lambda: k.dogs["slow"].daemon.proc is not None)
            clock = Clock(k.dogs, machine.told.append, slept=lambda: machine.slept)
            task = asyncio.create_task(clock.run())
            await asyncio.sleep(20)
            stop_the_loop(600)
            await asyncio.sleep(25)
            assert (k.state("slow"), k.runs.spawns) == (State.STARTING, ["slow"])
            (told,) = machine.told
            assert told == "Ghost itself stood still for 10 min; no daemon is blamed for it"
            task.cancel()

    run(main())


def test_two_looks_at_a_machine_that_is_awake_differ_by_nothing() -> None:
    assert abs(slept_s() - slept_s()) < 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(12, "12 s"), (90, "2 min"), (28800, "8 h"), (90000, "25 h"), (1e6, "12 d")],
)
def test_spans_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert in_words(seconds) == said
