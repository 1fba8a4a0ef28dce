"""A house full of daemons that tell on themselves, and Ghosts that are killed at any moment.

Those that must live on write so much that their logs are cut a few times a second.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.fakes.real_ghost import RealGhost, program, until

STEADY = ("web", "worker", "db")
GHOST_WITHIN_S = 30.0


def house(folder: Path) -> str:
    """Return a ghost.toml: three that must live on, two that crash, one that will not stop."""
    steady = "\n".join(
        f"[daemon.{name}]\ncommand = {program('alone.py', folder / name, 0.002, 'inf', 100)}\n"
        f"log = {{ max_size = '16kB', keep = 10000, compress = {str(name != 'db').lower()} }}"
        for name in STEADY
    )
    return f"""
[web]
listen = "off"
[defaults]
ready_after = "100ms"
stop_timeout = "300ms"
restart_delay = "20ms"
restart_max_delay = "20ms"
max_restarts = 1000
slow_restarts = 1000
slow_window = "1m"
{steady}
[daemon.family]
command = {program("fork_children.py", "group", "own_group", "own_session", "double_fork")}
[daemon.crasher]
command = {program("alone.py", folder / "crasher", 0.01, 0.15)}
[daemon.crasher2]
command = {program("alone.py", folder / "crasher2", 0.01, 0.4)}
[daemon.stubborn]
command = {program("alone.py", folder / "stubborn", 0.01)}
"""


@dataclass
class Survival:
    """One house over the lives of many Ghosts."""

    ghost: RealGhost
    chance: random.Random
    pids: dict[str, int] = field(default_factory=dict)  # of those that must live on
    killed: int = 0

    async def begun(self) -> None:
        """Wait until all that must live on are up, and remember them."""
        for name in (*STEADY, "family"):
            self.pids[name] = (await self.ghost.daemon(name, lambda d: d["word"] == "up"))["pid"]

    async def begin(self, *strace: str) -> None:
        """Start a Ghost without waiting for it, under strace where words for it are given."""
        wrap = () if not strace else (which_strace(), "-o", os.devnull, *strace)
        with self.ghost.out.open("ab") as out:
            self.ghost.process = await asyncio.create_subprocess_exec(
                *wrap,
                self.ghost.python,
                *("-m", "ghostbot", "up", "-c", str(self.ghost.config)),
                cwd=Path(__file__).parents[2],
                env=self.ghost.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    async def round(self, longest_s: float = 1.2) -> None:
        """Have one Ghost live under load for a random while, and kill it."""
        await self.begin()
        load = asyncio.create_task(self.load())
        await asyncio.sleep(self.chance.uniform(0, longest_s))  # the moment is the test
        await self.kill()
        load.cancel()
        await asyncio.wait({load})
        await asyncio.to_thread(self.check)

    async def load(self) -> None:
        """Order this and that, as soon as somebody listens, until cancelled."""
        while True:
            with suppress(aiohttp.ClientError, OSError, ValueError):
                verb = self.chance.choice(("stop", "start", "restart"))
                name = self.chance.choice(("stubborn", "crasher"))
                await self.ghost.post(f"/api/daemons/{name}/{verb}")
            await asyncio.sleep(0.02)

    def recorded(self, name: str) -> str:
        """Return the state of a daemon that the registry on disk has."""
        path = self.ghost.folder / ".ghost" / "process-registry.json"
        state: str = json.loads(path.read_text())[name]["state"]
        return state

    async def kill(self) -> None:
        await self.ghost.end(signal.SIGKILL)
        self.killed += 1

    async def died(self) -> None:
        """Wait until strace has killed Ghost; a strace whose Ghost lives on is a failure."""
        assert self.ghost.process is not None
        try:
            await asyncio.wait_for(self.ghost.process.wait(), GHOST_WITHIN_S)
        except TimeoutError:
            for child in psutil.Process(self.ghost.process.pid).children():
                child.kill()
            pytest.fail(f"the system call never came: {self.ghost.out.read_text()[-2000:]}")
        self.killed += 1
        await asyncio.to_thread(self.check)

    def check(self) -> None:
        """Look while no Ghost lives: who must live on does, and nobody is there twice."""
        runs: dict[str, set[str]] = {}
        pids = set()
        for process, unit in self.ghost.units().items():
            _, name, run = unit.split("/")
            runs.setdefault(name, set()).add(run)
            pids.add(process.pid)
        assert not {n: r for n, r in runs.items() if len(r) > 1}, runs
        lost = {name: pid for name, pid in self.pids.items() if pid not in pids}
        assert not lost, lost

    async def end(self) -> int:
        """Have a last Ghost take all back; hold the logs to what was promised.

        Returns how many archives the shortest of those logs has.
        """
        await self.ghost.up()
        daemons = await self.ghost.daemons()
        assert {n: daemons[n]["pid"] for n in self.pids} == self.pids
        assert {n: daemons[n]["restarts"] for n in self.pids} == dict.fromkeys(self.pids, 0)
        await self.ghost.end()  # else it cuts the logs while they are read
        logs = self.ghost.folder / ".ghost" / "logs"
        for log in logs.glob("*.log"):
            assert b"doubled" not in written(log), f"{log.name}: doubled"
        for name in STEADY:
            seen = numbers(logs / f"{name}.log", self.pids[name])
            assert seen == list(range(1, len(seen) + 1)), f"lines of {name} are lost"
            assert seen
        return min(len(archives(logs / f"{name}.log")) for name in STEADY)


def archives(log: Path) -> dict[int, Path]:
    """Return the older parts of a log by where they begin, in order; the packed form first."""
    found = {}
    for path in sorted(log.parent.glob(f"{log.name}.*"), reverse=True):
        start = path.name[len(log.name) + 1 :].removesuffix(".gz")
        if start.isdigit() and int(start) not in found:
            found[int(start)] = path
    return dict(sorted(found.items()))


def written(log: Path) -> bytes:
    """Return all that was ever written to a log, without a word of Ghost's own code."""
    held = b""
    for start, path in archives(log).items():
        assert start == len(held), f"{path.name} does not begin where the one before it ends"
        with suppress(FileNotFoundError):  # just packed: that goes on when Ghost has ended
            held += part(path)
            continue
        held += part(path.with_name(f"{path.name}.gz"))
    return held + log.read_bytes()


def part(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def numbers(log: Path, pid: int) -> list[int]:
    """Return the numbers that `pid` wrote, whole lines only; all lines must be its own."""
    words = [line.split()[:2] for line in written(log).rpartition(b"\n")[0].splitlines()]
    assert {int(whose) for whose, _ in words} == {pid}
    return [int(number) for _, number in words]


def which_strace() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.fail("cannot kill Ghost at a system call: install strace (apt install strace)")
    return found


@asynccontextmanager
async def survival(folder: Path, *, seed: int | None = None) -> AsyncIterator[Survival]:
    """Run the house. The seed is printed, and GHOST_SEED sets it."""
    given = os.environ.get("GHOST_SEED")
    seed = int(given) if given else seed if seed is not None else random.randrange(1 << 32)
    print(f"GHOST_SEED={seed}")  # noqa: T201  to run it again
    ghost = RealGhost(folder, house(folder), {})
    try:
        yield Survival(ghost, random.Random(seed))
    finally:
        await _unwrapped(ghost)
        await ghost.clear()


async def _unwrapped(ghost: RealGhost) -> None:
    """End a Ghost under strace: strace's own end would only let go of it."""
    if ghost.process is None or ghost.process.returncode is not None:
        return
    inner: Sequence[psutil.Process] = ()
    with suppress(psutil.Error):
        outer = psutil.Process(ghost.process.pid)
        inner = outer.children() if outer.name() == "strace" else ()
    for process in inner:
        with suppress(psutil.Error):
            process.kill()
    if inner:
        await until(lambda: not any(p.is_running() for p in inner), "the end of Ghost")
