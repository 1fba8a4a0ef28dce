"""crontab(5), against a reading of it that is as slow as it is plain, and on days of two noons."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostbot.core.cron import cron
from ghostbot.cron import next_fire

BERLIN = ZoneInfo("Europe/Berlin")
SATURDAY = datetime(2026, 11, 21, 10, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "due"),
    [
        ("* * * * *", "2026-11-21 10:08"),
        ("7 * * * *", "2026-11-21 11:07"),
        ("*/15 * * * *", "2026-11-21 10:15"),
        ("5/20 * * * *", "2026-11-21 10:25"),
        ("0 9-17/4 * * *", "2026-11-21 13:00"),
        ("0 0 * * 0", "2026-11-22 00:00"),
        ("0 0 * * 7", "2026-11-22 00:00"),
        ("0 0 * * SUN", "2026-11-22 00:00"),
        ("0 0 * * 1", "2026-11-23 00:00"),
        ("0 0 * * mon-fri", "2026-11-23 00:00"),
        ("0 0 * * fri-7", "2026-11-22 00:00"),
        ("0 0 * * sat-sun", "2026-11-22 00:00"),
        ("30 4 1,15 * 5", "2026-11-27 04:30"),  # crontab(5)'s own example: the 15th or a Friday
        ("30 4 24 * 5", "2026-11-24 04:30"),
        ("30 4 */2 * fri", "2026-11-27 04:30"),  # it begins with a star: an odd day and a Friday
        ("0 0 1 jan *", "2027-01-01 00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 31 * *", "2026-12-31 00:00"),
        ("0 0 31 2 mon", "2027-02-01 00:00"),  # a Monday is enough
        ("@hourly", "2026-11-21 11:00"),
        ("@daily", "2026-11-22 00:00"),
        ("@midnight", "2026-11-22 00:00"),
        ("@weekly", "2026-11-22 00:00"),
        ("@Monthly", "2026-12-01 00:00"),
        ("@yearly", "2027-01-01 00:00"),
    ],
)
def test_a_line_is_due_as_crontab_has_it(spec: str, due: str) -> None:
    found = next_fire(spec, SATURDAY, UTC)
    assert found.strftime("%Y-%m-%d %H:%M") == due
    assert (found.second, found.microsecond, found.tzinfo) == (0, 0, UTC)


def test_what_is_due_now_is_not_due_next() -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert next_fire("0 12 * * *", noon, UTC) == noon + timedelta(days=1)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "it has 0 fields and not five: minute hour day month weekday"),
        ("* * * *", "it has 4 fields and not five"),
        ("* * * * * *", "it has 6 fields and not five"),
        ("@dayly", "@dayly is not known: write one of @hourly, @daily"),
        ("@reboot", "@reboot is not known"),
        ("60 * * * *", "60 is no minute: write 0 to 59"),
        ("* 24 * * *", "24 is no hour: write 0 to 23"),
        ("* * 0 * *", "0 is no day: write 1 to 31"),
        ("* * * 13 *", "13 is no month: write 1 to 12, or jan to dec"),
        ("* * * * 8", "8 is no weekday: write 0 to 7, or sun to sat"),
        ("* * * * monday", "monday is no weekday"),
        ("*/0 * * * *", "0 is no step"),
        ("*/ * * * *", "nothing is no step"),
        ("1, * * * *", "nothing is no minute"),
        ("-5 * * * *", "nothing is no minute"),
        ("*5 * * * *", "*5 is no minute"),
        ("* * *x * *", "*x is no day"),
        ("٣ * * * *", "is no minute"),
        ("* 22-6 * * *", "the hour 22-6 ends before it begins: write 22-23,0-6"),
        ("* * * * fri-mon", "the weekday fri-mon ends before it begins: write fri-7,0-mon"),
        ("0 0 31 2,4 *", "no such month has a day 31: it would never be due"),
    ],
)
def test_a_line_that_is_none_is_told_with_the_way_out(spec: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        cron(spec)


@pytest.mark.parametrize("spec", ["* 22-23,0-6 * * *", "* * * * fri-7,0-mon"])
def test_the_way_out_is_one(spec: str) -> None:
    cron(spec)


def times(spec: str, begin: datetime, count: int) -> list[str]:
    """Return when `spec` is due from `begin` on, as the clock on the wall shows it."""
    found = []
    for _ in range(count):
        begin = next_fire(spec, begin, BERLIN)
        found.append(begin.astimezone(BERLIN).strftime("%d %H:%M %Z"))
    return found


def test_a_clock_set_back_repeats_nothing_that_has_a_set_time() -> None:
    eve = datetime(2026, 10, 24, 12, tzinfo=BERLIN)
    assert times("30 2 * * *", eve, 2) == ["25 02:30 CEST", "26 02:30 CET"]


def test_a_clock_set_back_leaves_what_is_always_due_alone() -> None:
    before = datetime(2026, 10, 25, 1, 45, tzinfo=BERLIN)
    assert times("*/30 * * * *", before, 5) == [
        "25 02:00 CEST",
        "25 02:30 CEST",
        "25 02:00 CET",
        "25 02:30 CET",
        "25 03:00 CET",
    ]


def test_a_clock_set_forward_leaves_nothing_out() -> None:
    eve = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
    assert times("30 2 * * *", eve, 2) == ["29 03:30 CEST", "30 02:30 CEST"]


FIELDS = (
    st.sampled_from(["*", "*/7", "0", "5-40/5", "59", "0,30"]),
    st.sampled_from(["*", "*/5", "0", "9-17", "23", "4,16"]),
    st.sampled_from(["*", "*/2", "1", "13", "28-31", "1,15", "*/10"]),
    st.sampled_from(["*", "*/3", "1", "dec", "2-4"]),
    st.sampled_from(["*", "*/2", "0", "7", "fri", "mon-fri", "6-7"]),
)


@given(st.tuples(*FIELDS), st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - in UTC below
@settings(max_examples=200, deadline=None)
def test_it_agrees_with_a_walk_over_all_minutes(fields: tuple[str, ...], now: datetime) -> None:
    begin = now.replace(tzinfo=UTC)
    found = next_fire(" ".join(fields), begin, UTC)
    assert found > begin
    minute = begin.replace(second=0, microsecond=0) + timedelta(minutes=1)
    line = cron(" ".join(fields))
    while not _is_day(fields, line.days, line.months, line.weekdays, minute):
        minute = (minute + timedelta(days=1)).replace(hour=0, minute=0)
    while True:
        is_day = _is_day(fields, line.days, line.months, line.weekdays, minute)
        if is_day and minute.hour in line.hours and minute.minute in line.minutes:
            break
        minute += timedelta(minutes=1) if is_day else timedelta(days=1)
        minute = minute if is_day else minute.replace(hour=0, minute=0)
    assert found == minute


def _is_day(
    fields: tuple[str, ...],
    days: tuple[int, ...],
    months: tuple[int, ...],
    weekdays: tuple[int, ...],
    at: datetime,
) -> bool:
    by_day, by_weekday = at.day in days, at.isoweekday() % 7 in weekdays
    if fields[2][0] == "*" or fields[4][0] == "*":
        return at.month in months and by_day and by_weekday
    return at.month in months and (by_day or by_weekday)


def test_where_no_zone_is_told_it_is_that_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apscheduler.triggers.cron.get_localzone", lambda: BERLIN)
    assert next_fire("0 12 * * *", SATURDAY) == datetime(2026, 11, 21, 11, tzinfo=UTC)
