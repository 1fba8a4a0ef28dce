"""Times of quiet."""

from __future__ import annotations

import pytest

from ghostbot.core.quiet import DAYS, is_quiet, window

MON, FRI, SAT, SUN = 0, 4, 5, 6


def covered(text: str, weekday: int, clock: str) -> bool:
    found = window(text)
    assert found is not None
    hour, minute = clock.split(":")
    return is_quiet([found], weekday, int(hour) * 60 + int(minute))


@pytest.mark.parametrize(
    ("text", "weekday", "clock", "is_covered"),
    [
        ("12:00-13:00", MON, "12:00", True),
        ("12:00-13:00", MON, "13:00", False),
        ("22:00-07:00", MON, "23:30", True),
        ("22:00-07:00", MON, "06:59", True),
        ("22:00-07:00", MON, "07:00", False),
        ("sat-sun", SAT, "00:00", True),
        ("sat-sun", SUN, "23:59", True),
        ("sat-sun", MON, "00:00", False),
        ("fri-mon", SUN, "10:00", True),
        ("fri 22:00-07:00", SAT, "03:00", True),
        ("fri 22:00-07:00", FRI, "03:00", False),
        ("mon-fri 18:00-24:00", FRI, "23:59", True),
    ],
)
def test_a_window_covers_its_minutes(text: str, weekday: int, clock: str, is_covered: bool) -> None:
    assert covered(text, weekday, clock) is is_covered


@pytest.mark.parametrize(
    "text",
    ["", "night", "25:00-07:00", "22:00", "22:00-22:00", "24:30-07:00", "24:00-07:00", "monfri",
     "sat-", "mon22:00-23:00", " - ", "22:60-23:00"],
)  # fmt: skip
def test_what_is_no_window_is_none(text: str) -> None:
    assert window(text) is None


def test_each_day_has_its_word() -> None:
    for n, day in enumerate(DAYS):
        found = window(day.upper())
        assert found is not None
        assert found.days == {n}
