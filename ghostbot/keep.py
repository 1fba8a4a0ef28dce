"""Keeping a long task running: the one place that catches everything.

Rule 1: a failure is logged with its trace and told, and the task is started again, at first
        after `FIRST_S`, then ever later, at most `LAST_S`.
Rule 2: it never takes its siblings down, and cancelling it ends it, also when its clean-up
        fails then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

FIRST_S = 0.5
LAST_S = 60.0
CALM_S = 300.0  # after running this long without a failure the delays begin anew

log = logging.getLogger("ghost.keep")


async def keep(
    name: str,
    fn: Callable[[], Awaitable[None]],
    tell: Callable[[str | None], None] = lambda _: None,
) -> None:
    """Run `fn` until it returns, again after each failure.

    `tell` gets a line for people when it fails, and None once it runs again.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    delay_s = FIRST_S
    while True:
        began = loop.time()
        try:
            await fn()
        except Exception as error:  # the edge of a task: nothing may pass
            if task.cancelling():
                log.exception("task failed while it ended name=%s", name)
                raise asyncio.CancelledError from error
            if loop.time() - began > CALM_S:
                delay_s = FIRST_S
            log.exception("task failed name=%s again_in_s=%.1f", name, delay_s)
            tell(f"{name} failed and is started again: {error or type(error).__name__}")
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, LAST_S)
            tell(None)
        else:
            return
