"""Notices that the event loop hangs, and writes down where.

Rule 1: a thread looks, as the loop cannot. It only reads and logs; nothing is ended.
Rule 2: once for each stall. When the loop turns again it is told how long it hung.
Rule 3: a process that was itself stopped (SIGSTOP, a suspended machine) did not hang.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable

BEAT_S = 1.0
LIMIT_S = 2.0  # of silence, until the stacks are written down
TOLD_FOR_S = 60.0

log = logging.getLogger("ghost.stall")


class Stall:
    """Watches the running loop, from `run` to its cancellation."""

    def __init__(
        self, tell: Callable[[str | None], None] = lambda _: None, *, limit_s: float = LIMIT_S
    ) -> None:
        """Take what tells people, and how long the loop may be silent."""
        self._tell = tell
        self._limit_s = limit_s
        self._beat_s = min(BEAT_S, limit_s / 2)
        self._beaten_at = time.monotonic()
        self._hung = False  # the thread saw it, so that Ghost ran meanwhile
        self._over = threading.Event()

    async def run(self) -> None:
        """Beat for ever, and say afterwards that there was a stall."""
        self._over.clear()
        self._beaten_at = time.monotonic()
        thread = threading.Thread(target=self._look, name="stall", daemon=True)
        thread.start()
        quiet: asyncio.TimerHandle | None = None
        try:
            while True:
                await asyncio.sleep(self._beat_s)
                silent_s = time.monotonic() - self._beaten_at - self._beat_s
                self._beaten_at = time.monotonic()
                hung, self._hung = self._hung, False
                if hung and silent_s > self._limit_s:
                    if quiet is not None:
                        quiet.cancel()
                    quiet = self._say(silent_s)
        finally:
            if quiet is not None:
                quiet.cancel()
            self._over.set()

    def _say(self, silent_s: float) -> asyncio.TimerHandle:
        log.warning("the event loop turns again silent_s=%.1f", silent_s)
        self._tell(f"Ghost did nothing for {silent_s:.1f} s; ghost.log says where it hung")
        return asyncio.get_running_loop().call_later(TOLD_FOR_S, self._tell, None)

    def _look(self) -> None:
        told_of, looked_at = 0.0, time.monotonic()
        while not self._over.wait(self._beat_s):
            now = time.monotonic()
            late_s, looked_at = now - looked_at - self._beat_s, now
            if late_s > self._beat_s:  # this thread did not run either
                continue
            beaten_at = self._beaten_at
            if now - beaten_at > self._limit_s and told_of != beaten_at:
                told_of, self._hung = beaten_at, True
                log.error("the event loop hangs silent_s=%.1f\n%s", now - beaten_at, stacks())


def stacks() -> str:
    """Return where every thread is now, the main one first."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    main = threading.main_thread().ident
    frames = sorted(sys._current_frames().items(), key=lambda item: item[0] != main)  # noqa: SLF001  there is no other way
    return "\n".join(
        f"thread {names.get(number, number)}:\n{''.join(traceback.format_stack(frame))}"
        for number, frame in frames
    )
