"""A day of a daemon, in hours."""

from __future__ import annotations

import pytest

from ghostbot.core.history import HOUR_S, Hour, begin_of, day, digest, passed

UNTIL = begin_of(1_790_000_000.0) + 0.0  # the end of an hour
LAST = int(UNTIL) - HOUR_S


def hour(ago: int, **more: float) -> Hour:
    return Hour(LAST - ago * HOUR_S, **{"wanted_s": 3600.0, "up_s": 3600.0, **more})  # type: ignore[arg-type]


def test_each_hour_is_a_mark_the_oldest_first() -> None:
    hours = [
        hour(0),
        hour(1, deaths=1),
        hour(2, up_s=1000.0),
        hour(3, wanted_s=0.0, up_s=0.0),
        hour(4, up_s=3599.0),
        hour(5, up_s=3500.0),
    ]
    assert day("web", hours, UNTIL).strip == "⬜" * 18 + "🟨🟩⬜🟥🟨🟩"


def test_only_wanted_time_counts() -> None:
    hours = [hour(0, wanted_s=100.0, up_s=50.0), hour(1, wanted_s=0.0, up_s=0.0)]
    assert day("web", hours, UNTIL).up == 0.5
    assert day("web", [], UNTIL).up is None
    assert passed(Hour(0), 10.0, wanted=False, up=True) == Hour(0)


def test_what_is_older_than_a_day_is_of_another_day() -> None:
    assert day("web", [hour(24, deaths=3), hour(23, deaths=1)], UNTIL).deaths == 1


def test_a_digest_is_of_those_that_there_are_now() -> None:
    told = digest(["web", "db"], {"web": [hour(0, up_s=1800.0)], "gone": [hour(0)]}, UNTIL)
    assert [d.name for d in told.daemons] == ["web", "db"]
    assert told.up == pytest.approx(0.5)
    assert told.until - told.since == 86_400
