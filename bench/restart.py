"""restart.py [TIMES]: from the SIGKILL of a daemon to its successor's first instruction.

Beside it the floor: a bare Python loop over a pidfd that starts the program again, in the same
run. The program is C where there is a compiler, else a shell: it writes the monotonic clock.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from ghostbot.config.load import load
from ghostbot.logbook import Logbook
from ghostbot.supervision import Supervision, supervision
from ghostbot.troubles import Troubles

FIRST = r"""
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    FILE *file = fopen(argv[1], "a");
    fprintf(file, "%d %lld\n", getpid(), now.tv_sec * 1000000000LL + now.tv_nsec);
    fclose(file);
    for (;;) pause();
}
"""
PYTHON = "import os,sys,time;n=time.monotonic_ns();open(sys.argv[1],'a').write(f'{os.getpid()} {n}\\n');time.sleep(1e6)"  # noqa: E501  one word of a command


def program(folder: Path, said: Path) -> list[str]:
    """Return a command whose first act is to say when it began."""
    compiler = shutil.which("cc")
    if compiler is None:
        return [sys.executable, "-I", "-S", "-c", PYTHON, str(said)]
    (folder / "first.c").write_text(FIRST)
    subprocess.run([compiler, "-O1", "-o", folder / "first", folder / "first.c"], check=True)
    return [str(folder / "first"), str(said)]


async def again(said: Path, count: int) -> tuple[int, int]:
    """Wait for line `count`; return the pid and the instant that it says."""
    async with asyncio.timeout(20):
        while True:
            lines = _whole_lines(said)
            if len(lines) >= count:
                pid, instant = lines[count - 1].split()
                return int(pid), int(instant)
            await asyncio.sleep(0.003)


def _whole_lines(said: Path) -> list[bytes]:
    return said.read_bytes().rpartition(b"\n")[0].splitlines() if said.exists() else []


async def rounds(
    said: Path, times: int, settled: Callable[[int], Awaitable[object]]
) -> list[float]:
    """Kill the program again and again; return the milliseconds to each successor."""
    took = []
    for count in range(1, times + 1):
        pid, _ = await again(said, count)
        await settled(pid)
        killed = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0)
        _, begun = await again(said, count + 1)
        took.append((begun - killed) / 1e6)
    return took


async def floor(folder: Path, times: int) -> list[float]:
    """Measure a bare loop: pidfd, waitid, Popen, and nothing else."""
    loop, said = asyncio.get_running_loop(), folder / "floor.txt"
    command, current = program(folder, said), [0]

    def start() -> None:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        child.returncode = 0
        current[0] = child.pid
        fd = os.pidfd_open(child.pid)
        loop.add_reader(fd, ended, fd)

    def ended(fd: int) -> None:
        loop.remove_reader(fd)
        os.waitid(os.P_PIDFD, fd, os.WEXITED)
        os.close(fd)
        if current[0] > 0:
            start()

    start()
    took = await rounds(said, times, lambda _: asyncio.sleep(0.01))
    last, current[0] = current[0], -1
    os.kill(last, signal.SIGKILL)
    await asyncio.sleep(0.1)
    return took


async def ghost(folder: Path, times: int) -> list[float]:
    """Measure all that supervising takes, with a delay of nothing."""
    said = folder / "ghost.txt"
    config = folder / "ghost.toml"
    config.write_text(
        '[daemon.first]\nrestart_delay = "0s"\nrestart_max_delay = "0s"\nready_after = "1ms"\n'
        "max_restarts = 1000\nslow_restarts = 1000\n"
        f"command = {json.dumps(program(folder, said))}\n"
    )
    with Logbook(folder):
        async with (
            supervision(load(config, {}), Troubles(lambda _: None)) as house,
            asyncio.TaskGroup() as tasks,
        ):
            kept = [tasks.create_task(fn(), name=name) for name, fn in house.tasks().items()]
            dog = house.dogs["first"]

            async def settled(pid: int) -> None:
                while not (dog.daemon.is_ready and dog.daemon.proc and dog.daemon.proc.pid == pid):
                    await dog.next_turn()

            try:
                return await rounds(said, times, settled)
            finally:
                for task in kept:
                    task.cancel()
                _end(house)


def _end(house: Supervision) -> None:
    proc = house.dogs["first"].daemon.proc
    if proc is not None:
        os.kill(proc.pid, signal.SIGKILL)
        os.waitpid(proc.pid, 0)


def measure(times: int) -> tuple[list[float], list[float]]:
    """Return the floor's and Ghost's milliseconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = asyncio.run(floor(folder, times))
        return bare, asyncio.run(ghost(folder, times))


def main() -> None:
    """Measure and say."""
    bare, own = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    for name, took in (("bare loop", bare), ("Ghost", own)):
        late = sorted(took)[int(len(took) * 0.99)]
        print(f"{name}: median {statistics.median(took):.2f} ms, p99 {late:.2f} ms")
    print(f"ratio of the medians: {statistics.median(own) / statistics.median(bare):.2f}")


if __name__ == "__main__":
    main()
