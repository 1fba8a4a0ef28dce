"""Many deaths at once: seen soon, without holding the loop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from ghostbot.core.daemon import Exited
from ghostbot.process.exits import PER_TURN
from tests.fakes.house import House, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the floor is a pidfd")
MANY = 500
SOON_S, FLOORS = 0.15, 8  # or so many times the bare loop, where the machine does other things
HELD_S, HELD_FLOORS = 0.1, 4


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], start_new_session=True)


async def bare(count: int) -> float:
    """Return how long a bare loop takes to see that many deaths."""
    loop, left = asyncio.get_running_loop(), [count]
    done = asyncio.Event()
    children = [sleeper() for _ in range(count)]

    def ended(fd: int) -> None:
        loop.remove_reader(fd)
        os.waitid(os.P_PIDFD, fd, os.WEXITED)
        os.close(fd)
        left[0] -= 1
        if not left[0]:
            done.set()

    for child in children:
        fd = os.pidfd_open(child.pid)
        loop.add_reader(fd, ended, fd)
    begun = time.perf_counter()
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
        child.returncode = -signal.SIGKILL
    await asyncio.wait_for(done.wait(), 30)
    return time.perf_counter() - begun


@pytest.mark.alone
async def test_hundreds_of_deaths_at_once_are_seen_soon_and_the_loop_is_not_held(
    house: House,
) -> None:
    floor_s = await bare(MANY)
    procs = [house.spawn(house.table("sleep", "60", name=f"d{n}")) for n in range(MANY)]
    held_s = [0.0]

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0)
            held_s.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    for proc in procs:
        os.kill(proc.pid, signal.SIGKILL)
    watching = asyncio.create_task(watch(), name="watch")
    await until(lambda: len(house.mail) == MANY)
    seen_s = time.perf_counter() - begun
    watching.cancel()
    assert {event.code for event in house.mail if isinstance(event, Exited)} == {-signal.SIGKILL}
    assert seen_s < max(SOON_S, floor_s * FLOORS), (seen_s, floor_s)
    assert max(held_s) < max(HELD_S, floor_s * HELD_FLOORS), (max(held_s), floor_s)


async def test_deaths_are_told_a_few_in_each_turn_of_the_loop(house: House) -> None:
    procs = [house.spawn(house.table("true", name=f"d{n}")) for n in range(PER_TURN + 10)]
    for proc in procs:  # without a turn of the loop
        os.waitid(os.P_PID, proc.pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222
    told = []
    while len(house.mail) < len(procs):
        await asyncio.sleep(0)
        told.append(len(house.mail))
    assert PER_TURN in told
    assert max(b - a for a, b in zip([0, *told], told, strict=False)) == PER_TURN
