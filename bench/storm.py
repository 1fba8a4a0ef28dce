"""storm.py [DAEMONS]: all daemons die at once. How soon are all deaths seen, and all up again?

Beside it the floor: a bare Python loop over the same number of pidfds, in the same run.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ghostbot.config.load import load
from ghostbot.core.daemon import Daemon
from ghostbot.logbook import Logbook
from ghostbot.process.exits import Watch
from ghostbot.supervision import Supervision, supervision
from ghostbot.troubles import Troubles

ROOT = Path(__file__).parents[1]


@dataclass
class Stalls:
    """How long the loop was held at most, seen from within."""

    worst_s: float = 0.0
    _last: float = field(default_factory=time.perf_counter)

    async def run(self) -> None:
        self._last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.worst_s = max(self.worst_s, now - self._last - 0.001)
            self._last = now


@dataclass(frozen=True)
class Storm:
    """What a storm did. Seconds."""

    noticed_s: float  # the last exit was told to its watchdog
    seen_s: float  # the last record says so
    again_s: float
    stall_s: float
    answer_s: float  # the slowest look at all daemons meanwhile


def sleeper() -> subprocess.Popen[bytes]:
    """Start what only waits to be killed."""
    return subprocess.Popen(["sleep", "1000"], start_new_session=True)


async def floor(count: int) -> float:
    """Return how long a bare loop takes to see `count` deaths."""
    loop, seen, done = asyncio.get_running_loop(), [0], asyncio.Event()
    children = [sleeper() for _ in range(count)]

    def ended(fd: int) -> None:
        loop.remove_reader(fd)
        os.waitid(os.P_PIDFD, fd, os.WEXITED)
        os.close(fd)
        seen[0] += 1
        if seen[0] == count:
            done.set()

    for child in children:
        fd = os.pidfd_open(child.pid)
        loop.add_reader(fd, ended, fd)
    begun = time.perf_counter()
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
        child.returncode = -9
    await done.wait()
    return time.perf_counter() - begun


async def storm(folder: Path, count: int) -> Storm:
    """Keep `count` daemons with all that supervising takes, and kill them at once."""
    daemons = "\n".join(
        f"[daemon.d{n}]\ncommand = {json.dumps(['sleep', '1000'])}" for n in range(count)
    )
    config = folder / "ghost.toml"
    config.write_text(f'[defaults]\nready_after = "1ms"\nrestart_delay = "1s"\n{daemons}\n')
    with Logbook(folder):
        async with (
            supervision(load(config, {}), Troubles(lambda _: None)) as house,
            asyncio.TaskGroup() as tasks,
        ):
            kept = [tasks.create_task(fn(), name=name) for name, fn in house.tasks().items()]
            try:
                return await _storm(house, tasks)
            finally:
                for task in kept:
                    task.cancel()
                _end(house)


async def _storm(house: Supervision, tasks: asyncio.TaskGroup) -> Storm:
    await _all(house, lambda d: d.is_ready)
    await asyncio.sleep(0.5)  # let the registry and the snapshot of usage come to rest
    before = {name: dog.daemon.proc for name, dog in house.dogs.items()}
    noticed = [0.0]
    exits = house.runs._exits  # noqa: SLF001  to see when the last of them is told
    release = exits._release  # noqa: SLF001

    def told(watch: Watch) -> None:
        noticed[0] = time.perf_counter()
        release(watch)

    exits._release = told  # type: ignore[method-assign]  # noqa: SLF001
    stalls = Stalls()
    watching = tasks.create_task(stalls.run())
    await asyncio.sleep(0.01)
    begun = time.perf_counter()
    for proc in before.values():
        assert proc is not None
        os.kill(proc.pid, signal.SIGKILL)
    killed_s = time.perf_counter() - begun  # this script's own hold of the loop
    slowest = [0.0]
    asked = tasks.create_task(_ask(house, slowest))
    await _all(house, lambda d: d.last_exit is not None)
    noticed_s = noticed[0] - begun
    seen = time.perf_counter() - begun
    await _all(house, lambda d: d.is_ready and d.proc != before[d.name])
    again = time.perf_counter() - begun
    asked.cancel()
    watching.cancel()
    return Storm(noticed_s, seen, again, max(0.0, stalls.worst_s - killed_s), max(slowest))


async def _ask(house: Supervision, took: list[float]) -> None:
    """Look at all daemons through the loop, again and again, as a command does."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0)
        house.daemons()
        took.append(time.perf_counter() - begun)
        await asyncio.sleep(0.005)


async def _all(house: Supervision, is_so: Callable[[Daemon], object]) -> None:
    async with asyncio.timeout(60):
        while not all(  # noqa: ASYNC110  what tells of it is what is measured
            is_so(dog.daemon) for dog in house.dogs.values()
        ):
            await asyncio.sleep(0.002)


def _end(house: Supervision) -> None:
    for daemon in house.daemons().values():
        if daemon.proc is not None:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(daemon.proc.pid, signal.SIGKILL)
                os.waitpid(daemon.proc.pid, 0)


def measure(count: int) -> tuple[float, Storm]:
    """Return the floor and the storm, one after the other."""
    bare = asyncio.run(floor(count))
    with tempfile.TemporaryDirectory() as folder:
        return bare, asyncio.run(storm(Path(folder), count))


def main() -> None:
    """Measure and say."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    bare, ghost = measure(count)
    print(f"{count} deaths at once, seen: bare loop {bare * 1e3:.0f} ms")
    print(
        f"  Ghost: all noticed {ghost.noticed_s * 1e3:.0f} ms, recorded {ghost.seen_s * 1e3:.0f} ms"
    )
    print(f"  all up again {ghost.again_s:.2f} s")
    print(f"  loop held at most {ghost.stall_s * 1e3:.0f} ms, answer {ghost.answer_s * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
