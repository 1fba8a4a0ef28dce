"""Keeping hold of the state directory for as long as Ghost lives, whatever becomes of its files.

Rule 1: where it was removed or replaced it is made again, so that no second Ghost gets in, and all
        that is known is written there.
Rule 2: where another Ghost has it, this one goes and leaves the daemons to that one: two would
        start each of them twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ghostbot.errors import AlreadyRunning
from ghostbot.process.lock import Lock

LOOK_S = 1.0  # whoever removes a folder tells nobody
TOLD_FOR_S = 60.0

log = logging.getLogger("ghost.tenure")


async def hold(
    lock: Lock,
    tell: Callable[[str | None], None],
    *,
    renewed: Callable[[], None],
    lost: Callable[[], None],
) -> None:
    """Look once a second.

    `renewed` is called where the files were gone; `lost` ends Ghost where another one has them.
    """
    loop, until = asyncio.get_running_loop(), 0.0
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            was_gone = lock.retake()
        except AlreadyRunning as error:
            log.error("lost the state directory: %s", error)  # noqa: TRY400 - it says all
            lost()
            return
        except OSError as error:
            tell(f"cannot keep hold of the state directory: {(error.strerror or '?').lower()}")
            until = 0.0
            continue
        if was_gone:
            renewed()
            tell("the state directory was taken away or replaced; what Ghost knows is there again")
            until = loop.time() + TOLD_FOR_S
        elif loop.time() >= until:
            tell(None)
