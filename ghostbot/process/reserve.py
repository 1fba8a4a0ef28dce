"""Descriptors kept back, so that looking and stopping work when all others are used up."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Any, TypeVar

SIZE = 8  # more than one look and one signal need at once

LENT = 3  # fewer than a start takes
LENT_S = 5.0  # for an answer, and for whoever knocks next
_NONE_LEFT = (errno.EMFILE, errno.ENFILE)

T = TypeVar("T")


class Reserve:
    """Descriptors on /dev/null that are closed in need, and opened again once there are some."""

    def __init__(self) -> None:
        """Begin with nothing kept back."""
        self._spare: list[int] = []

    def fill(self) -> None:
        """Keep descriptors back, as far as there are any."""
        try:
            while len(self._spare) < SIZE:
                self._spare.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            pass  # none to be had: the next use tries again

    def use(self, act: Callable[[], T]) -> T:
        """Run `act`, again with a descriptor from the reserve when there was none.

        What it opens it has to close soon. Raises what `act` raises.
        """
        try:
            return act()
        except OSError as error:
            if error.errno not in _NONE_LEFT or not self._spare:
                raise
        for fd in (self._spare.pop() for _ in range(min(2, len(self._spare)))):
            os.close(fd)
        try:
            return act()
        finally:
            self.fill()

    def lend_to_doors(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have descriptors for who knocks: status and stop come through a door.

        A door that cannot accept for want of one rests a second and tries again; until then
        and a while longer the reserve is given up.
        """
        loop.set_exception_handler(self._heard)

    def _heard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _NONE_LEFT and "socket" in context):
            loop.default_exception_handler(context)
            return
        for fd in self._spare[:LENT]:
            self._spare.remove(fd)
            os.close(fd)
        loop.call_later(LENT_S, self.fill)

    def empty(self) -> None:
        """Give all of it back."""
        while self._spare:
            os.close(self._spare.pop())


RESERVE = Reserve()  # one for the process, as the limit is
