"""Daemons that do nothing but end and be started again, and what is left of them in Ghost."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.fakes.real_ghost import LOOK_S, RealGhost, real_ghost

DAEMONS = 40  # so many that none dies more often than its budget allows
# One ends well, one badly, one leaves somebody behind, who ends a little later.
COMMANDS = ("exit 0", "echo $$; exit 3", "sleep 0.05 & exit 0")
HEAD = """
[web]
listen = "off"
[defaults]
ready_after = "100ms"
stop_timeout = "500ms"
restart_delay = "20ms"
restart_max_delay = "20ms"
max_restarts = 1000
slow_restarts = 1000
slow_window = "1m"
[daemon.steady]
command = ["sleep", "1000000"]
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What Ghost holds at a moment."""

    starts: int
    fds: int
    threads: int
    rss_bytes: int
    zombies: int


@dataclass(frozen=True, slots=True)
class Churn:
    """Ghost before and after so many lives of others."""

    before: Held
    after: Held
    seconds: float
    cpu_s: float


async def churn(folder: Path, starts: int) -> Churn:
    """Have a real Ghost start so many processes, once it has seen a third as many end."""
    house = HEAD + "".join(_brief(n) for n in range(DAEMONS))
    async with real_ghost(folder, house, None) as ghost:
        assert ghost.process is not None
        own = psutil.Process(ghost.process.pid)
        steady = (await ghost.daemon("steady", lambda d: d["word"] == "up"))["pid"]
        first = await _started(ghost, starts // 3)
        before = await _held(ghost, own)
        await _order(ghost, "start")
        began, cpu = time.monotonic(), sum(own.cpu_times()[:2])
        await _started(ghost, first + starts)
        seconds, cpu_s = time.monotonic() - began, sum(own.cpu_times()[:2]) - cpu
        after = await _held(ghost, own)
        assert (await ghost.daemons())["steady"]["pid"] == steady
        return Churn(before, after, seconds, cpu_s)


def _brief(n: int) -> str:
    command = COMMANDS[n % len(COMMANDS)]
    return f'[daemon.brief{n}]\ncommand = ["sh", "-c", "{command}"]\ngroup = "brief"\n'


async def _order(ghost: RealGhost, verb: str) -> None:
    code, out, err = await ghost.cli(verb, "--group", "brief", "--no-wait")
    assert code == 0, out + err


async def _started(ghost: RealGhost, count: int) -> int:
    """Wait until all together were started so often; return how often it was."""
    while True:
        daemons = (await ghost.daemons()).values()
        assert not [d["name"] for d in daemons if d["state"] == "blocked"], "started no more"
        if (starts := sum(d["starts"] for d in daemons)) >= count:
            return starts
        await asyncio.sleep(5 * LOOK_S)


async def _held(ghost: RealGhost, own: psutil.Process) -> Held:
    """Stop all but one; look a few times, as some of it is held for a moment."""
    await _order(ghost, "stop")
    for name in await ghost.daemons():
        await ghost.daemon(name, lambda d, n=name: n == "steady" or d["state"] == "down")  # type: ignore[misc]
    starts, seen = await _started(ghost, 0), []
    for _ in range(10):
        zombies = sum(map(_is_zombie, own.children()))
        seen.append((own.num_fds(), own.num_threads(), own.memory_info().rss, zombies))
        await asyncio.sleep(LOOK_S)
    return Held(starts, *(min(column) for column in zip(*seen, strict=True)))


def _is_zombie(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return False
