"""One daemon that pours about 100 MB a second into its log, beside one that answers by TCP."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.fakes.real_ghost import program, real_ghost

MAX_BYTES, KEEP = 10_000_000, 2
BEGUN_S = 1.5  # a log is looked at once a second until it is seen to grow
HOUSE = f"""
[web]
listen = "off"
[defaults]
ready_after = "100ms"
stop_timeout = "500ms"
[daemon.spam]
command = {program("pour.py", 200, 100)}
autostart = false
log = {{ max_size = "{MAX_BYTES}B", keep = {KEEP} }}
[daemon.calm]
command = {program("small.py", "calm")}
port = "auto"
"""


@dataclass(frozen=True, slots=True)
class Storm:
    """What it did to the others."""

    rate: float  # bytes a second that were really poured
    grown_bytes: int  # the most that Ghost's memory grew
    calm_s: float  # the median time to an answer of the other daemon, while the first is held
    storm_s: float  # and while it pours
    first_bytes: int  # the most that all logs took on the disk, until it was seen to grow
    most_bytes: int  # and afterwards
    starts: int  # of the other daemon
    lost_bytes: int  # lines that are neither in the log nor older than what is in it

    def hold(self) -> None:
        """Hold it to what is promised."""
        cap = MAX_BYTES * (KEEP + 1)
        assert self.rate > 30e6, "no storm"
        assert self.grown_bytes < 20_000_000, self
        assert self.storm_s < 2 * self.calm_s, self
        assert self.first_bytes < cap + MAX_BYTES + self.rate * BEGUN_S, self
        # One more that is being copied, and what comes while a slow disk takes it.
        assert self.most_bytes < cap + MAX_BYTES + self.rate, self
        assert (self.starts, self.lost_bytes) == (1, 0), self


async def storm(folder: Path, seconds: float) -> Storm:
    """Have a real Ghost live through it for so long."""
    async with real_ghost(folder, HOUSE, None) as ghost:
        assert ghost.process is not None
        port = (await ghost.daemon("calm", lambda d: d["word"] == "up"))["port"]
        seen = _Seen(folder / ".ghost" / "logs", psutil.Process(ghost.process.pid))
        await ghost.post("/api/daemons/spam/start?wait=true")
        spam = psutil.Process((await ghost.daemons())["spam"]["pid"])
        looking = asyncio.create_task(seen.look())
        began, poured = time.monotonic(), spam.io_counters().write_chars
        await asyncio.sleep(BEGUN_S)
        rate = (spam.io_counters().write_chars - poured) / (time.monotonic() - began)
        calm_s, storm_s = await asyncio.to_thread(_answers, port, spam, seconds)
        looking.cancel()
        await asyncio.wait({looking})
        tail = await ghost.get("/api/daemons/spam/logs?lines=10000")
        numbers = [int(line["line"].split()[0]) for line in tail["lines"][1:-1]]
        lost = (numbers[-1] - numbers[0] + 1 - len(numbers)) * 1000
        starts = (await ghost.daemons())["calm"]["starts"]
        return Storm(rate, seen.grown, calm_s, storm_s, seen.first, seen.most, starts, lost)


class _Seen:
    """The most that was seen of disk and memory."""

    def __init__(self, logs: Path, own: psutil.Process) -> None:
        self.first = self.most = self.grown = 0
        self._logs, self._own, self._held = logs, own, own.memory_info().rss

    async def look(self) -> None:
        """Look fifty times a second until cancelled."""
        began = time.monotonic()
        while True:
            size = _on_disk(self._logs)
            if time.monotonic() - began < BEGUN_S:
                self.first = max(self.first, size)
            else:
                self.most = max(self.most, size)
            self.grown = max(self.grown, self._own.memory_info().rss - self._held)
            await asyncio.sleep(0.02)


def _answers(port: int, spam: psutil.Process, seconds: float) -> tuple[float, float]:
    """Return how long an answer takes while the storm is held and while it is not, in turns.

    In turns, as whatever else the machine does would count for one of them alone.
    """
    calm: list[float] = []
    busy: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        busy += _ask(port, 1.0)
        spam.suspend()
        try:
            time.sleep(0.1)  # what was poured is cut
            calm += _ask(port, 0.5)
        finally:
            spam.resume()
    return statistics.median(calm), statistics.median(busy)


def _ask(port: int, seconds: float) -> list[float]:
    """Ask fifty times a second; return how long each answer took."""
    took, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(4096)
        took.append(time.perf_counter() - began)
        time.sleep(0.02)
    return took


def _on_disk(folder: Path) -> int:
    found = 0
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # it was the oldest
            found += entry.stat().st_size
    return found
