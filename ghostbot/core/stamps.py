"""When a line of a log was written, by what it says itself.

Rule 1: a stamp without a zone is local time; whoever asks knows what that is.
Rule 2: a stamp that is broken in a way that leaves its second whole (`29.3NZ`, by a `date` that
        does not know `%N`) is taken, and marked. What is no time at all is no stamp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LOOKED_THROUGH = 200  # characters: a stamp stands at the beginning of a line

_STAMP = re.compile(
    r"(?<!\d)(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})"
    r"(?:[.,](\d*)([A-Za-z%]*?))?"
    r"(?: ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?(?![\w.])"
)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Stamp:
    """An instant in epoch seconds."""

    at: float
    is_whole: bool = True  # False: part of it could not be read


def stamp_of(line: str, local_s: int = 0) -> Stamp | None:
    """Return the first instant that a line names; local time is `local_s` east of UTC."""
    for found in _STAMP.finditer(line[:LOOKED_THROUGH]):
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        if not (1 <= month <= len(_DAYS) and 1 <= day <= _DAYS[month - 1] and year >= 1):
            continue
        if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004 - a clock's
            continue
        digits, odd, zone = found[7], found[8], found[9]
        is_whole = not odd and digits != ""
        fraction = float(f"0.{digits}") if digits and is_whole else 0.0
        at = _days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        return Stamp(at + fraction - _east(zone, local_s), is_whole)
    return None


def _east(zone: str | None, local_s: int) -> int:
    if zone is None:
        return local_s
    if zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return (hours * 3_600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _days(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01, in the Gregorian calendar."""
    years = year - (month <= 2)  # noqa: PLR2004 - a year that begins in March ends with its leap day
    era, months = years // 400, (month + 9) % 12
    of_era = years - era * 400
    of_year = (153 * months + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
