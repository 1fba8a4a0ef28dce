"""What Ghost tells the service manager that started it: sd_notify(3), without libsystemd.

Rule 1: told from the event loop, so that a loop that hangs misses its beat, and is replaced.
Rule 2: a manager that is not there, or does not listen, is no trouble of Ghost's.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self

STATUS_EVERY_S = 2.0  # at most: a manager shows it to people
BEATS = 2  # in the time after which the manager gives Ghost up: sd_watchdog_enabled(3)


class Systemd:
    """The service manager (systemd, or whoever speaks like it), or nobody."""

    def __init__(self, address: str = "", beat_s: float | None = None) -> None:
        """Take its socket, a path or `@` and an abstract name; empty is nobody."""
        self._address = address
        self.beat_s = beat_s
        self._status = ""
        self._busy = False  # with its own end or the next Ghost, which is said already

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Return the one that the environment names. A beat meant for another pid is not ours."""
        pid = environ.get("WATCHDOG_PID", str(os.getpid()))
        limit_us = environ.get("WATCHDOG_USEC", "")
        beats = pid == str(os.getpid()) and limit_us.isascii() and limit_us.isdigit()
        limit_s = int(limit_us) / 1e6 if beats else 0.0
        return cls(environ.get("NOTIFY_SOCKET", ""), limit_s / BEATS or None)

    def ready(self, status: str) -> None:
        """Say that every daemon is looked at."""
        self._status, self._busy = status, False
        self._say("READY=1", f"STATUS={status}", f"MAINPID={os.getpid()}")

    def status(self, status: str) -> None:
        """Say how things are in a line, where that has changed."""
        if status != self._status:
            self._status = status
            self._say(f"STATUS={status}")

    def reloading(self, why: str) -> None:
        """Say that Ghost is busy with itself until it is ready again."""
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._busy = True
        self._say("RELOADING=1", f"MONOTONIC_USEC={now_us}", f"STATUS={why}")

    def stopping(self) -> None:
        """Say that Ghost ends."""
        self._busy = True
        self._say("STOPPING=1", "STATUS=stopping")

    def beat(self) -> None:
        """Say that the event loop turns."""
        self._say("WATCHDOG=1")

    async def run(self, status: Callable[[], str]) -> None:
        """Beat, and keep the line true, for ever."""
        if not self._address:
            return
        pause_s = STATUS_EVERY_S if self.beat_s is None else min(self.beat_s, STATUS_EVERY_S)
        while True:
            if self.beat_s is not None:
                self.beat()
            if not self._busy:
                self.status(status())
            await asyncio.sleep(pause_s)

    def _say(self, *lines: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        with (
            suppress(OSError, ValueError),  # ValueError: a NUL byte, where a path is meant
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door,
        ):
            door.settimeout(0)  # its queue may be full: unix(7)
            door.sendto("\n".join(lines).encode(), address)
