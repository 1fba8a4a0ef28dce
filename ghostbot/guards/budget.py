"""How many processes may be started in one turn of the event loop.

A start costs half a millisecond or more. Five hundred in one turn would hold the loop for
450 ms, during which no command is answered and no death is seen; two at a time hold it for
less than 3 ms.
"""

from __future__ import annotations

import asyncio
from collections import deque

PER_TURN = 2


class SpawnBudget:
    """Gives turns, first come, first served."""

    def __init__(self, per_turn: int = PER_TURN) -> None:
        """Allow `per_turn` starts in each turn of the running loop."""
        self._loop = asyncio.get_running_loop()
        self._per_turn = per_turn
        self._used = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def turn(self) -> asyncio.Future[None]:
        """Return a future that is done when its holder may start a process: at once, if free."""
        mine: asyncio.Future[None] = self._loop.create_future()
        if self._used == 0:
            self._loop.call_soon(self._renew)
        if self._used < self._per_turn and not self._waiting:
            self._used += 1
            mine.set_result(None)
        else:
            self._waiting.append(mine)
        return mine

    def _renew(self) -> None:
        self._used = 0
        while self._waiting and self._used < self._per_turn:
            waiter = self._waiting.popleft()
            if not waiter.done():  # a cancelled waiter takes no turn
                self._used += 1
                waiter.set_result(None)
        if self._used:
            self._loop.call_soon(self._renew)
