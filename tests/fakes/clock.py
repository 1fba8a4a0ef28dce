"""An event loop whose clock jumps to the next timer whenever nothing else is to be done.

For tests without real I/O: a jump does not wait for a process or a socket.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _JumpSelector(selectors.SelectSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("every task waits, and nothing will wake one")
        if not ready and timeout:
            self.now += timeout
        return ready


def jumping_loop() -> asyncio.AbstractEventLoop:
    """Return a loop that begins at 0 s."""
    selector = _JumpSelector()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    return loop


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run `main` to its end on a jumping loop."""
    with asyncio.Runner(loop_factory=jumping_loop) as runner:
        return runner.run(main)


def stop_the_loop(seconds: float) -> None:
    """Have the running loop find that so much time has passed in which it did nothing."""
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
    selector.now += seconds
