"""`[ghost] timezone`."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ghostbot.config.clock import zone, zone_of
from ghostbot.config.wrong import Wrong
from ghostbot.core.quiet import window
from ghostbot.cron import next_fire
from ghostbot.incidents.hours import quiet_by


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"])
def test_a_zone_of_tzdata_is_taken(name: str) -> None:
    assert zone(name) == name
    assert zone_of(name) == ZoneInfo(name)


def test_without_a_zone_it_is_the_machines_own() -> None:
    assert zone_of(None) is None


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Europe", ""),
        ("../etc/passwd", ""),
        ("CEST+2", ""),
    ],
)
def test_a_wrong_name_is_told_with_what_was_probably_meant(wrong: str, meant: str) -> None:
    with pytest.raises(Wrong) as told:
        zone(wrong)
    assert wrong.rpartition("/")[2] in str(told.value)
    assert meant in str(told.value)


def test_cron_and_quiet_go_by_the_zone() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)  # 21:00 in Tokyo
    assert next_fire("0 9 * * *", noon, tokyo) == datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    night = window("20:00-22:00")
    assert night is not None
    assert quiet_by(lambda: (night,), tokyo)(noon.timestamp())
    assert not quiet_by(lambda: (night,), ZoneInfo("UTC"))(noon.timestamp())
