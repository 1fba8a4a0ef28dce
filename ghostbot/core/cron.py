"""crontab(5): five fields, or a word such as @daily, read into what they allow.

Rule 1: where both the day of the month and the weekday are restricted (neither begins with `*`),
        either is enough; else both are wanted.
Rule 2: 0 and 7 are both Sunday; names are three letters, in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of each month
FIELDS = 5
SUNDAY = 7  # as well as 0


@dataclass(frozen=True, slots=True)
class Cron:
    """The minutes at which something is due."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]  # 0 is Sunday
    either: bool  # the day or the weekday is enough
    at_set_times: bool  # no `*` in minute or hour: due once, though a clock may repeat an hour


def cron(text: str) -> Cron:
    """Read a line of crontab(5). Raises ValueError with the field and the way out."""
    words = text.split()
    if len(words) == 1 and words[0].startswith("@"):
        if words[0].lower() not in WORDS:
            raise ValueError(f"{words[0]} is not known: write one of {', '.join(WORDS)}")
        words = WORDS[words[0].lower()].split()
    if len(words) != FIELDS:
        raise ValueError(
            f"it has {len(words)} fields and not five: minute hour day month weekday, "
            'as in "30 4 * * mon-fri"'
        )
    minutes, hours, days, months, weekdays = words
    found = Cron(
        MINUTE.read(minutes),
        HOUR.read(hours),
        DAY.read(days),
        MONTH.read(months),
        tuple(sorted({day % SUNDAY for day in WEEKDAY.read(weekdays)})),
        either=not days.startswith("*") and not weekdays.startswith("*"),
        at_set_times=not minutes.startswith("*") and not hours.startswith("*"),
    )
    longest = max(LONGEST[month - 1] for month in found.months)
    if min(found.days) > longest and not found.either:
        raise ValueError(f"no such month has a day {min(found.days)}: it would never be due")
    return found


@dataclass(frozen=True, slots=True)
class _Field:
    """What one of the five may say."""

    what: str
    least: int
    most: int
    names: tuple[str, ...] = ()  # the first stands for `least`
    stars: int = 0  # how many at the end `*` leaves out: 7 is 0 again

    def read(self, text: str) -> tuple[int, ...]:
        found: set[int] = set()
        for part in text.split(","):
            reach, slash, step = part.partition("/")
            every = self._step(step) if slash else 1
            low, dash, high = reach.partition("-")
            if reach == "*":
                begin, end = self.least, self.most - self.stars
            else:
                begin = self._number(low)
                end = self._number(high) if dash else self.most - self.stars if slash else begin
            if high.lower() == "sun":
                end = SUNDAY  # sat-sun: as an end, Sunday is the last day
            if end < begin:
                words = f"the {self.what} {reach} ends before it begins"
                way_out = f"{low}-{self.most},{self.least}-{high}"
                raise ValueError(f"{words}: write {way_out}")
            found |= set(range(begin, end + 1, every))
        return tuple(sorted(found))

    def _step(self, word: str) -> int:
        if not (word.isascii() and word.isdigit()) or not 1 <= int(word) <= self.most:
            raise ValueError(f"{word or 'nothing'} is no step: write a number, as in */5")
        return int(word)

    def _number(self, word: str) -> int:
        if word.lower() in self.names:
            return self.names.index(word.lower()) + self.least
        if not (word.isascii() and word.isdigit()) or not self.least <= int(word) <= self.most:
            more = f", or {self.names[0]} to {self.names[-1]}" if self.names else ""
            way_out = f"write {self.least} to {self.most}{more}"
            raise ValueError(f"{word or 'nothing'} is no {self.what}: {way_out}")
        return int(word)


MINUTE = _Field("minute", 0, 59)
HOUR = _Field("hour", 0, 23)
DAY = _Field("day", 1, 31)
MONTH = _Field("month", 1, 12, MONTHS)
WEEKDAY = _Field("weekday", 0, 7, WEEKDAYS, 1)
