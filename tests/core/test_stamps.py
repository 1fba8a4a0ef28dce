"""When a line was written, by what it says itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.stamps import Stamp, stamp_of

LOGS = Path(__file__).parents[1] / "data" / "original" / "logs"
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda m: timezone(timedelta(minutes=m)))
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001


def at(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]


@given(INSTANTS, st.sampled_from(["T", " "]))
def test_every_instant_is_read_as_it_was_written(when: datetime, between: str) -> None:
    found = stamp_of(f"[{when.isoformat(between, 'milliseconds')}] 🟢 x is running")
    assert found is not None
    assert abs(found.at - when.timestamp()) < 0.002
    assert found.is_whole


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("[2025-07-29T05:18:58.203Z] 🟢 relayCore is running (PID: 4711)", 58.203),
        ("2025-07-29T05:18:58Z ERR Request failed", 58),
        ('{"timestamp":"2025-07-29T05:18:58.203000","success":false}', 58.203),
        ("2025-07-29 05:18:58,203 - app - ERROR - no", 58.203),
        ("INFO 2025-07-29 05:18:58 UTC started", 58),
        ("2025-07-29T07:18:58+02:00 x", 58),
        ("2025-07-29T00:18:58.5-0500 x", 58.5),
    ],
)
def test_all_usual_forms_are_known(line: str, wanted: float) -> None:
    assert stamp_of(line) == Stamp(pytest.approx(at(2025, 7, 29, 5, 18) + wanted))


def test_without_a_zone_it_is_local_time() -> None:
    line = "2025-07-29 05:18:58 x"
    assert stamp_of(line, 7200) == Stamp(at(2025, 7, 29, 3, 18, 58))
    assert stamp_of(line.replace(" x", "Z"), 7200) == Stamp(at(2025, 7, 29, 5, 18, 58))


@pytest.mark.parametrize("end", ["29.3NZ", "29.%3NZ", "29.Z", "29.N"])
def test_a_broken_stamp_is_taken_to_the_second_and_marked(end: str) -> None:
    found = stamp_of(f"2025-07-18T18:07:{end} x")
    assert found == Stamp(at(2025, 7, 18, 18, 7, 29), is_whole=False)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "version 2025-07",
        "2025-13-01T00:00:00Z",
        "2025-00-10T00:00:00Z",
        "2025-07-32T00:00:00Z",
        "2025-07-18T24:00:00Z",
        "2025-07-18T18:60:00Z",
        "12025-07-18T18:00:00Z",
        "0000-01-01T00:00:00Z",
        " " * 300 + "2025-07-18T18:00:00Z",
    ],
)
def test_what_is_no_time_is_no_stamp(line: str) -> None:
    assert stamp_of(line) is None


def test_a_wrong_stamp_does_not_hide_a_right_one() -> None:
    assert stamp_of("9999-99-99T99:99:99 2025-07-18T18:07:29Z") is not None


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    stamp_of(text)


def test_all_three_hundred_records_of_a_real_watchdog_are_read() -> None:
    lines = (LOGS / "tunnel-watchdog.head300.jsonl").read_text().splitlines()
    stamps = [stamp_of(line) for line in lines]
    assert len(lines) == 300
    assert all(stamp is not None and not stamp.is_whole for stamp in stamps)
    times = [stamp.at for stamp in stamps if stamp is not None]
    assert all(first <= second for first, second in pairwise(times))
    assert json.loads(lines[0])["timestamp"] == "2025-07-18T18:07:29.3NZ"
    assert times[0] == at(2025, 7, 18, 18, 7, 29)
