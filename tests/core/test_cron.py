"""crontab(5), read."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.cron import cron

ALL_MINUTES, ALL_HOURS, ALL_MONTHS = tuple(range(60)), tuple(range(24)), tuple(range(1, 13))


def test_a_star_is_everything() -> None:
    found = cron("* * * * *")
    assert (found.minutes, found.hours, found.months) == (ALL_MINUTES, ALL_HOURS, ALL_MONTHS)
    assert (len(found.days), len(found.weekdays)) == (31, 7)
    assert not found.either


def test_lists_ranges_steps_and_names() -> None:
    found = cron("*/20,7 9-17/4 1,15 jan-MAR mon-fri")
    assert found.minutes == (0, 7, 20, 40)
    assert found.hours == (9, 13, 17)
    assert (found.days, found.months, found.weekdays) == ((1, 15), (1, 2, 3), (1, 2, 3, 4, 5))


@pytest.mark.parametrize("sunday", ["0", "7", "sun", "SUN", "7-7"])
def test_sunday_is_nought_and_seven(sunday: str) -> None:
    assert cron(f"0 0 * * {sunday}").weekdays == (0,)


def test_a_step_over_weekdays_ends_on_saturday_and_a_range_may_end_on_sunday() -> None:
    assert cron("0 0 * * */2").weekdays == (0, 2, 4, 6)
    assert cron("0 0 * * fri-7").weekdays == (0, 5, 6)
    assert cron("5/20 0 * * *").minutes == (5, 25, 45)


@pytest.mark.parametrize(
    ("word", "same"),
    [("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@Weekly", "0 0 * * 0")],
)
def test_words_stand_for_lines(word: str, same: str) -> None:
    assert cron(word) == cron(same)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it has 0 fields and not five"),
        ("* * * *", "it has 4 fields and not five: minute hour day month weekday"),
        ("@reboot", "@reboot is not known: write one of @hourly"),
        ("60 * * * *", "60 is no minute: write 0 to 59"),
        ("* 24 * * *", "24 is no hour: write 0 to 23"),
        ("* * 0 * *", "0 is no day: write 1 to 31"),
        ("* * * 13 *", "13 is no month: write 1 to 12, or jan to dec"),
        ("* * * * 8", "8 is no weekday: write 0 to 7, or sun to sat"),
        ("* * * * friday", "friday is no weekday"),
        ("30-10 * * * *", "the minute 30-10 ends before it begins: write 30-59,0-10"),
        ("*/0 * * * *", "0 is no step: write a number, as in */5"),
        ("*/x * * * *", "x is no step"),
        ("1,, * * * *", "nothing is no minute"),
        ("0 0 31 2,4 *", "no such month has a day 31: it would never be due"),
        ("² * * * *", "² is no minute"),
    ],
)
def test_what_is_no_time_is_told_with_the_way_out(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        cron(text)


@given(st.text(alphabet="0123456789*/,-@ abcdefjmnorstuwy", max_size=40))
def test_any_text_is_a_time_or_told(text: str) -> None:
    with suppress(ValueError):
        found = cron(text)
        assert found.minutes
        assert set(found.hours) <= set(ALL_HOURS)
        assert set(found.months) <= set(ALL_MONTHS)
