"""When a line of crontab(5) is due next, on APScheduler's clock.

APScheduler's own `from_crontab` counts weekdays from Monday, knows no 7 and no @daily, and wants
the day of the month and the weekday both: so `core.cron` reads the line, and triggers get names.

Rule 1: times are local, and instants that are returned are UTC: they may be subtracted.
Rule 2: what is due at a set time is due once a day, as crontab(5) has it: not again in the hour
        that a clock set back repeats, and right after the hour that one set forward leaves out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.triggers.cron import CronTrigger

from ghostbot.core.cron import WEEKDAYS, Cron, cron

SOON = timedelta(microseconds=1)  # what is due now is not due next


def next_fire(spec: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the first instant after `now` at which `spec` is due, in UTC.

    `now` is aware; `zone` is this machine's own unless told. Raises ValueError for a bad `spec`.
    """
    line = cron(spec)
    found = [_next(trigger, now, once=line.at_set_times) for trigger in _triggers(line, zone)]
    due = [at for at in found if at is not None]
    assert due, "core.cron refuses what is never due"
    return min(due)


def _triggers(line: Cron, zone: tzinfo | None) -> list[CronTrigger]:
    """Return one trigger, or two where the day or the weekday is enough."""
    by_day = {"day": _listed(line.days)}
    by_weekday = {"day_of_week": ",".join(WEEKDAYS[day] for day in line.weekdays)}
    ways = [by_day, by_weekday] if line.either else [by_day | by_weekday]
    shared = {
        "month": _listed(line.months),
        "hour": _listed(line.hours),
        "minute": _listed(line.minutes),
        "second": 0,
        "timezone": zone,
    }
    return [CronTrigger(**shared, **way) for way in ways]


def _listed(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def _next(trigger: CronTrigger, now: datetime, *, once: bool) -> datetime | None:
    """Return when a trigger fires after `now`; None where it never does, as on 31 February."""
    at = now.astimezone(UTC)
    while True:
        begin = (at + SOON).astimezone(trigger.timezone)
        found: datetime | None = trigger.get_next_fire_time(None, begin)
        if found is None:
            return None
        at = found.astimezone(UTC)
        if not (once and found.fold and _is_repeated(found)):
            return at


def _is_repeated(at: datetime) -> bool:
    """Tell whether a clock that was set back has shown this time before."""
    return at.utcoffset() != at.replace(fold=0).utcoffset()
