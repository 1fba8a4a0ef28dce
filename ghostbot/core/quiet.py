"""When people want quiet: hours of the day and days of the week, as ghost.toml says them.

Rule 1: a window that passes midnight belongs to the day on which it begins.
Rule 2: the clock is the reader's: who asks says what day and minute it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as datetime.weekday counts them
DAY_MINUTES = 24 * 60

_DAY = "|".join(DAYS)
_CLOCK = r"([01][0-9]|2[0-4]):([0-5][0-9])"
_WINDOW = re.compile(rf"(?:({_DAY})(?:-({_DAY}))?)?(?:(?:^|(?<=[a-z]) ){_CLOCK}-{_CLOCK})?")


@dataclass(frozen=True, slots=True)
class Window:
    """A span that comes again each week. Minutes are of the day; `end` is not within it."""

    text: str  # as people wrote it
    days: frozenset[int]
    begin: int = 0
    end: int = DAY_MINUTES

    def covers(self, weekday: int, minute: int) -> bool:
        """Tell whether a minute of a day lies within."""
        if self.begin < self.end:
            return weekday in self.days and self.begin <= minute < self.end
        if minute >= self.begin:
            return weekday in self.days
        return minute < self.end and (weekday - 1) % len(DAYS) in self.days


def window(text: str) -> Window | None:
    """Read `22:00-07:00`, `sat-sun`, `fri` or `mon-fri 12:00-13:00`; None where it is neither."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if found is None or not found[0]:
        return None
    days = _days(found[1], found[2])
    if found[3] is None:
        return Window(text, days)
    begin, end = (int(found[n]) * 60 + int(found[n + 1]) for n in (3, 5))
    if max(begin, end) > DAY_MINUTES or begin in (end, DAY_MINUTES):
        return None
    return Window(text, days, begin, end)


def is_quiet(windows: Iterable[Window], weekday: int, minute: int) -> bool:
    """Tell whether one of them covers a minute of a day (Monday is 0)."""
    return any(one.covers(weekday, minute) for one in windows)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(len(DAYS)))
    begin = DAYS.index(first)
    end = DAYS.index(last or first)
    return frozenset((begin + n) % len(DAYS) for n in range((end - begin) % len(DAYS) + 1))
