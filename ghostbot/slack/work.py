"""What is done after the ack: a bounded queue with two workers, and room for what takes longer.

Rule 1: an ack never waits for work. A listener acks, hands its work over, and is done; no new
        piece is begun while an ack is on its way, unless that goes on for too long.
Rule 2: whatever goes wrong in a piece of work, whoever asked is told in one line.
Rule 3: when too much is asked at once, the next one is told so instead of waiting.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ghostbot.errors import GhostError

QUEUE_MAX = 256
PATIENT_MAX = 64  # orders whose outcome is waited for at the same time
WORKERS = 2
LIMIT_S = 30.0  # a piece of work is short; what is not goes to `patiently`
PATIENT_LIMIT_S = 90.0
YIELD_S = 0.25  # work waits for acks this long: a stream of commands must not stop all answers

log = logging.getLogger("ghost.slack")


class Busy(GhostError):
    """Too much is being asked at once."""

    code = "busy"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work. `sorry` tells whoever asked what went wrong; the log has the same id."""

    name: str
    do: Callable[[], Awaitable[None]]
    sorry: Callable[[Exception, str], Awaitable[None]]


class Work:
    """The queue and its workers."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._queue: asyncio.Queue[Piece] = asyncio.Queue(QUEUE_MAX)
        self._refused: asyncio.Queue[Piece] = asyncio.Queue(QUEUE_MAX)
        self._patient: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._unacked = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def acking(self) -> Iterator[None]:
        """Hold new work back while a delivery is on its way to its ack."""
        self._unacked += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._unacked -= 1
            if not self._unacked:
                self._calm.set()

    def submit(self, piece: Piece) -> None:
        """Take a piece of work, or have whoever asked told that it is too much. Never waits."""
        if not self._queue.full():
            self._queue.put_nowait(piece)
        elif not self._refused.full():
            self._refused.put_nowait(piece)
        else:
            log.warning("work dropped name=%s", piece.name)

    def patiently(self, piece: Piece) -> None:
        """Do what may take a minute beside the queue. Raises Busy when that is too much."""
        if self._group is None or len(self._patient) >= PATIENT_MAX:
            raise Busy("cannot wait for it: too many orders are under way, it goes on by itself")
        task = self._group.create_task(_do(piece, PATIENT_LIMIT_S), name=f"slack {piece.name}")
        self._patient.add(task)
        task.add_done_callback(self._patient.discard)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as self._group:
            for number in range(WORKERS):
                self._group.create_task(self._worker(), name=f"slack worker {number}")
            self._group.create_task(self._refuser(), name="slack refuser")

    async def _worker(self) -> None:
        while True:
            piece = await self._queue.get()
            with suppress(TimeoutError):
                async with asyncio.timeout(YIELD_S):
                    await self._calm.wait()
            await _do(piece, LIMIT_S)

    async def _refuser(self) -> None:
        while True:
            piece = await self._refused.get()
            busy = Busy("cannot answer now: too much is asked at once, try again in a moment")
            await _apologise(piece, busy)


async def _do(piece: Piece, limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await piece.do()
    except Exception as error:  # noqa: BLE001  the edge of a task: whoever asked is told
        await _apologise(piece, error)


async def _apologise(piece: Piece, error: Exception) -> None:
    name = trouble_id()
    if isinstance(error, GhostError):
        log.info("refused name=%s why=%s", piece.name, error)
    else:
        log.error("work failed id=%s name=%s", name, piece.name, exc_info=error)
    try:
        async with asyncio.timeout(LIMIT_S):
            await piece.sorry(error, name)
    except Exception as worse:  # noqa: BLE001  nobody is left to tell
        log.warning("cannot tell the asker id=%s name=%s why=%r", name, piece.name, worse)


def trouble_id() -> str:
    """Return a short id that a person can read out and the log has."""
    return secrets.token_hex(3)
