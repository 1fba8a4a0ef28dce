"""Exits by kqueue(2), for macOS and the BSDs: one descriptor serves all pids."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from contextlib import suppress
from typing import Any

BATCH = 64  # events taken per turn; what is left makes the descriptor readable again


class Kqueue:
    """Calls back when a pid ends. Built around anything that has control() and fileno()."""

    @classmethod
    def open(cls, loop: asyncio.AbstractEventLoop) -> Kqueue | None:
        """Return one for this system, or None where it has no kqueue."""
        make: Callable[[], Any] | None = getattr(select, "kqueue", None)
        return None if make is None else cls(loop, make(), select)

    def __init__(self, loop: asyncio.AbstractEventLoop, queue: Any, words: Any) -> None:
        """Take the kqueue and the module with its constants (`select`)."""
        self._loop = loop
        self._queue = queue
        self._words = words
        self._callbacks: dict[int, Callable[[], None]] = {}
        loop.add_reader(queue.fileno(), self._readable)

    def add(self, pid: int, ended: Callable[[], None]) -> bool:
        """Call `ended` once `pid` ends; soon, if it already has. Says whether it will be."""
        w = self._words
        note = w.kevent(
            pid,
            filter=w.KQ_FILTER_PROC,
            flags=w.KQ_EV_ADD | w.KQ_EV_ONESHOT,
            fflags=w.KQ_NOTE_EXIT,
        )
        self._callbacks[pid] = ended
        try:
            self._queue.control([note], 0, 0)
        except ProcessLookupError:  # ended before it was registered
            self._loop.call_soon(self._call, pid)
        except OSError:
            del self._callbacks[pid]
            return False
        return True

    def discard(self, pid: int) -> None:
        """Forget `pid`. A note of its end that is under way is ignored."""
        self._callbacks.pop(pid, None)

    def close(self) -> None:
        """Give the descriptor back."""
        self._callbacks.clear()
        self._loop.remove_reader(self._queue.fileno())
        with suppress(OSError):
            self._queue.close()

    def _readable(self) -> None:
        for note in self._queue.control(None, BATCH, 0):
            self._call(note.ident)

    def _call(self, pid: int) -> None:
        if (ended := self._callbacks.pop(pid, None)) is not None:
            ended()
