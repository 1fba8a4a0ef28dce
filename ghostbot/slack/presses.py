"""Buttons that somebody pressed and that are not done yet: the first press wins.

Rule 1: who presses later, be it by milliseconds, is told who was first.
Rule 2: what was done stays pressed for a moment: a second click is often on its way already.
Rule 3: what a button may do in the end is read from what it is about; this is for what that cannot
        show yet.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from ghostbot.errors import Failed
from ghostbot.orders import Actor

AFTER_S = 2.0  # a double click, and Slack's own delay between two people
HELD_MAX_S = 120.0  # no press holds longer, whatever became of it
PRESSES_MAX = 2_000


@dataclass(slots=True)
class _Press:
    by: Actor
    at: float
    until: float


class Presses:
    """Who pressed what."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing pressed."""
        self._now = now
        self._presses: OrderedDict[str, _Press] = OrderedDict()

    def begin(self, key: str, by: Actor) -> None:
        """Press; end it with `end`. Raises Failed, naming who was first."""
        now, first = self._now(), self._presses.get(key)
        if first is not None and now < first.until:
            who = "you" if first.by.id == by.id else f"<@{first.by.id}>"
            ago = max(0, round(now - first.at))
            said = f"{who} pressed it {ago} s ago" if ago else f"{who} pressed it just now"
            raise AlreadyPressed(f"nothing was done: {said}")
        self._presses.pop(key, None)
        self._presses[key] = _Press(by, now, now + HELD_MAX_S)
        while len(self._presses) > PRESSES_MAX:
            self._presses.popitem(last=False)

    def end(self, key: str, *, after_s: float = AFTER_S) -> None:
        """Let it be pressed again, a moment from now. Idempotent."""
        if press := self._presses.get(key):
            press.until = min(press.until, self._now() + after_s)


class AlreadyPressed(Failed):
    """Somebody was first. Its words are Ghost's own, and may name people."""
