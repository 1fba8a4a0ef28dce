"""Sanity: Ghost looks at itself: its loop, store, disk, descriptors, process slots and beats.

Rule 1: what is wrong here is Ghost's trouble, told as such, and never makes a daemon look sick.
Rule 2: a look that does not come back is a finding, too, and holds up no other.
Rule 3: what cannot be measured on this system is unknown, and no trouble.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 15.0
LATE = "has not answered within"
WITHIN_S = 5.0
BEAT_S = 0.5  # seldom enough to cost nothing, often enough to see a second's standstill
LAGGED_S = 1.0  # a loop this late has kept somebody waiting
REMEMBERED_S = 60.0
FULL = 0.9  # of descriptors and process slots: what is left is soon gone
DISK_LEAST = 100 << 20  # bytes free where logs and records go
DISK_SHARE = 0.02  # or so much of the disk, where that is less


@dataclass(frozen=True, slots=True)
class Own:
    """How one part of Ghost is. `ok` is None where nobody can tell."""

    ok: bool | None
    said: str
    at: float = 0.0  # monotonic


Look = Callable[[], Awaitable[Own]]


class Sanity:
    """Looks at Ghost, and tells what is wrong with it."""

    def __init__(
        self, looks: Mapping[str, Look], teller: Callable[[str], Callable[[str | None], None]]
    ) -> None:
        """Take what to look at, by name, and who makes what tells a trouble of that name."""
        self._looks = looks
        self._tell = {name: teller(name) for name in looks}
        self.found: dict[str, Own] = {name: Own(None, "not yet looked at") for name in looks}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look at all once, at the same time."""
        async with asyncio.TaskGroup() as tasks:
            for name, look in self._looks.items():
                tasks.create_task(self._one(name, look), name=f"sanity {name}")

    def unwell(self, *, but: str) -> str | None:
        """Say what is wrong with a part of Ghost other than `but`; None: nothing."""
        bad = (f"{n}: {own.said}" for n, own in self.found.items() if own.ok is False and n != but)
        return next(bad, None)

    async def _one(self, name: str, look: Look) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                own = await look()
        except TimeoutError:
            own = Own(ok=False, said=f"{LATE} {WITHIN_S:g} s")
        except OSError as error:
            own = Own(None, f"cannot look: {(error.strerror or str(error)).lower()}")
        now = asyncio.get_running_loop().time()
        before, self.found[name] = self.found[name], Own(own.ok, own.said, now)
        if own.said.startswith(LATE) and not before.said.startswith(LATE):
            return  # once may be the machine, which had much else to do
        self._tell[name](f"{name}: {own.said}" if own.ok is False else None)


class Meter:
    """Measures how late the event loop runs."""

    def __init__(self) -> None:
        """Begin without a lag."""
        self._due: float | None = None
        self._lagged_at: float | None = None
        self._lag_s = 0.0

    async def run(self) -> None:
        """Beat for ever, and note each beat that came too late."""
        loop = asyncio.get_running_loop()
        while True:
            self._due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.look(loop.time())

    def look(self, now: float) -> None:
        """Note whether the beat that is due is late at `now` (monotonic)."""
        if self._due is not None and now - self._due > LAGGED_S:
            self._lagged_at, self._lag_s = now, now - self._due

    def trouble(self, now: float) -> str | None:
        """Say what is wrong with the loop at `now`, if anything was of late."""
        self.look(now)
        if self._lagged_at is None or now - self._lagged_at > REMEMBERED_S:
            return None
        ago = now - self._lagged_at
        return f"the event loop stood still for {self._lag_s:.1f} s, {ago:.0f} s ago"

    async def own(self) -> Own:
        """Look at the loop."""
        trouble = self.trouble(asyncio.get_running_loop().time())
        return Own(trouble is None, trouble or "the event loop is on time")


def disk(path: Path) -> Look:
    """Return what looks at the disk of `path`."""

    async def look() -> Own:
        usage = await asyncio.to_thread(shutil.disk_usage, path)
        free = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} where {path} is"
        return Own(usage.free > min(DISK_LEAST, usage.total * DISK_SHARE), free)

    return look


async def descriptors() -> Own:
    """Look how many file descriptors are left."""
    open_now = await asyncio.to_thread(lambda: len(os.listdir("/dev/fd")))  # noqa: PTH208 - no stat
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _share(open_now, most, "file descriptors")


async def slots() -> Own:
    """Look how many process slots of this user are left."""
    used, most = await asyncio.to_thread(_slots)
    if used is None or most is None:
        return Own(None, "this system does not tell")
    return _share(used, most, "process slots")


def _slots() -> tuple[int | None, int | None]:
    """Return the threads that are, and how many may be: pid_max, threads-max, the cgroup."""
    folder, found = Path("/proc/sys/kernel"), []
    for name in ("pid_max", "threads-max"):
        try:
            found.append(int((folder / name).read_text()))
        except (OSError, ValueError):
            continue
    try:
        used = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return None, None
    return used, min(found, default=None)


def _share(used: int, most: int, what: str) -> Own:
    if most in (resource.RLIM_INFINITY, 0):
        return Own(ok=True, said=f"{used} {what}, without a limit")
    return Own(used < most * FULL, f"{used} of {most} {what} are taken")


def store(ask: Callable[[], Awaitable[bool]]) -> Look:
    """Return what looks at the store; `ask` says whether it keeps what it is given."""

    async def look() -> Own:
        began = time.perf_counter()
        kept = await ask()
        took = f"answered within {(time.perf_counter() - began) * 1e3:.0f} ms"
        return Own(kept, took if kept else "is in memory only, and forgotten when Ghost ends")

    return look


def beats(misfires: Callable[[], int]) -> Look:
    """Return what looks at the scheduler; `misfires` counts what was missed within an hour."""

    async def look() -> Own:
        missed = misfires()
        said = f"{missed} misfires within an hour" if missed else "nothing was missed"
        return Own(missed == 0, said)

    return look


def ping(state: Callable[[], tuple[bool | None, str]]) -> Look:
    """Return what looks at the ping of an outside watcher; `state` says how it went last."""

    async def look() -> Own:
        return Own(*state())

    return look


def clock(jumped: Callable[[], tuple[float, float] | None]) -> Look:
    """Return what looks at the clocks; `jumped` gives the last sleep, and when it ended."""

    async def look() -> Own:
        last = jumped()
        if last is None:
            return Own(ok=True, said="no jump since Ghost began")
        ago = asyncio.get_running_loop().time() - last[1]
        return Own(ok=True, said=f"slept for {last[0]:.0f} s, {ago:.0f} s ago; nobody was blamed")

    return look


def link(ask: Callable[[], str]) -> Look:
    """Return what looks at the link to Slack; `ask` says in words how it is.

    It is no trouble here: who tells of it is the gateway, with the way out.
    """
    was, since = "", 0.0

    async def look() -> Own:
        nonlocal was, since
        state, now = ask(), asyncio.get_running_loop().time()
        if state != was:
            was, since = state, now
        well = True if state.startswith("connected") else None
        return Own(well, f"{state}, for {now - since:.0f} s at least")

    return look
