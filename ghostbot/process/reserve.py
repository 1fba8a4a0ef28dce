"""Descriptors kept back, so that looking and stopping work when all others are used up."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TypeVar

SIZE = 8  # more than one look and one signal need at once

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
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._spare:
                raise
        for fd in (self._spare.pop() for _ in range(min(2, len(self._spare)))):
            os.close(fd)
        try:
            return act()
        finally:
            self.fill()

    def empty(self) -> None:
        """Give all of it back."""
        while self._spare:
            os.close(self._spare.pop())


RESERVE = Reserve()  # one for the process, as the limit is
