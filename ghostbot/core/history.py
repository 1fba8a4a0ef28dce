"""What became of each daemon, hour by hour, and a day of it for people.

Rule 1: only time in which a daemon was wanted up counts, for or against it.
Rule 2: a drill is told, and counts against nobody; neither does a restart that Ghost meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

HOUR_S = 3_600
KEPT_S = 60 * 86_400
HOURS = 24
WELL, SHAKEN, BAD, UNWANTED = "🟩", "🟨", "🟥", "⬜"
MOSTLY = 0.5  # up for less than this share of an hour is bad
ALWAYS = 0.999  # a restart takes a second or two of it


@dataclass(frozen=True, slots=True)
class Hour:
    """One daemon in one hour. `at` is its beginning, in epoch seconds."""

    at: int
    wanted_s: float = 0.0
    up_s: float = 0.0
    deaths: int = 0
    restarts: int = 0
    drills: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One daemon over a day. `up` is the share of the time it was wanted, None where never."""

    name: str
    strip: str  # a mark for each hour, the oldest first
    up: float | None
    deaths: int
    restarts: int
    drills: int


@dataclass(frozen=True, slots=True)
class Digest:
    """A day of the house. `since` and `until` are epoch seconds."""

    since: float
    until: float
    daemons: tuple[Day, ...]
    slowest: tuple[str, float] | None = None  # a probe, and how long it took on average

    @property
    def up(self) -> float | None:
        """Return the mean share of all that were wanted."""
        shares = [day.up for day in self.daemons if day.up is not None]
        return sum(shares) / len(shares) if shares else None


def begin_of(at: float) -> int:
    """Return the beginning of the hour that `at` falls into."""
    return int(at // HOUR_S) * HOUR_S


def passed(hour: Hour, seconds: float, *, wanted: bool, up: bool) -> Hour:
    """Return an hour of which so many seconds more have passed."""
    if not wanted:
        return hour
    more = seconds if up else 0.0
    return replace(hour, wanted_s=hour.wanted_s + seconds, up_s=hour.up_s + more)


def day(name: str, hours: Iterable[Hour], until: float) -> Day:
    """Return the day before `until` of one daemon."""
    known = {hour.at: hour for hour in hours}
    last = begin_of(until - 1)
    spans = [known.get(last - n * HOUR_S) for n in reversed(range(HOURS))]
    seen = [hour for hour in spans if hour is not None]
    wanted = sum(hour.wanted_s for hour in seen)
    return Day(
        name,
        "".join(_mark(hour) for hour in spans),
        sum(hour.up_s for hour in seen) / wanted if wanted else None,
        sum(hour.deaths for hour in seen),
        sum(hour.restarts for hour in seen),
        sum(hour.drills for hour in seen),
    )


def digest(
    names: Iterable[str],
    hours: Mapping[str, Iterable[Hour]],
    until: float,
    slowest: tuple[str, float] | None = None,
) -> Digest:
    """Return the day before `until` of these daemons."""
    days = tuple(day(name, hours.get(name, ()), until) for name in names)
    return Digest(until - HOURS * HOUR_S, until, days, slowest)


def _mark(hour: Hour | None) -> str:
    if hour is None or hour.wanted_s <= 0:
        return UNWANTED
    share = hour.up_s / hour.wanted_s
    if share < MOSTLY:
        return BAD
    return SHAKEN if hour.deaths or share < ALWAYS else WELL
