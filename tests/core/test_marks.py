"""What the end of a log says by marks and status lines, however it was spoilt on its way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.marks import Mark, Reading, mark_of, reading, repaired

NOON = datetime(2025, 7, 29, 12, tzinfo=UTC).timestamp()
MARKS = ["✅", "❌", "⚠️", "🟢", "🔴", "🟡", "🚀", "🔄", "📊"]


def line(seconds: float, text: str) -> str:
    """Return a line as the old guards wrote it, so many seconds after noon."""
    when = datetime.fromtimestamp(NOON + seconds, UTC).isoformat(timespec="milliseconds")
    return f"[{when.replace('+00:00', 'Z')}] {text}"


def read(*lines: str, since: float = 0, written: float = 0) -> Reading:
    return reading(lines, written_at=NOON + written, window_s=30, since=since)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("🟢 relayCore is running (PID: 4711)", Mark.HEALTHY),
        ("🔴 relayCore NOT running", Mark.CRITICAL),
        ("🔴 relayCore ERROR: spawn failed", Mark.CRITICAL),
        ("✅ relayCore restart attempt 1", Mark.HEALTHY),
        ("❌ relayCore restart attempt 3 - Max restart attempts exceeded", Mark.CRITICAL),
        ("PROCESSING | Patch: none | Sentinel: 🟢 | Watchdog: 🟢 | Daemons: 7", Mark.HEALTHY),
        ("PROCESSING | Patch: none | Sentinel: 🟢 | Watchdog: 🔴 | Daemons: 7", Mark.MIXED),
        ("🟡 SYSTEM HEALTHY | Total: 10 | Healthy: 9 | Warning: 1", Mark.WARNING),
        ("🚀 Lifecycle governor started. Startup queue: a, b, c", Mark.UNKNOWN),
        ("🔄 Daemon health check failed: x, attempting restart", Mark.UNKNOWN),
        ("Starting daemon: x (attempt 1)", Mark.UNKNOWN),
        ("Cannot start x: dependency y not running", Mark.UNKNOWN),
    ],
)
def test_each_line_of_the_old_guards_is_understood(text: str, mark: Mark) -> None:
    found = read(line(0, text))
    assert found.mark is mark
    assert found.at == (None if mark is Mark.UNKNOWN else NOON)


def test_good_and_bad_in_one_moment_are_mixed_and_the_bad_is_shown() -> None:
    found = read(line(-3, "🟢 a is running"), line(-2, "🔴 b NOT running"), line(-1, "🟢 c"))
    assert found.mark is Mark.MIXED
    assert "b NOT running" in found.line


def test_what_was_taken_back_later_is_history() -> None:
    found = read(line(-60, "🔴 a NOT running"), line(0, "🟢 a is running"))
    assert (found.mark, found.at) == (Mark.HEALTHY, NOON)
    assert found.errors == (line(-60, "🔴 a NOT running"),)


def test_a_status_line_wins_over_marks() -> None:
    assert read(line(-1, "Status: FAILED"), line(0, "✅ all done")).mark is Mark.CRITICAL
    assert read(line(-1, "❌ oh"), line(0, "Overall Status: HEALTHY")).mark is Mark.HEALTHY
    assert read(line(-1, "**Status**: ✅ PARTIAL"), line(0, "✅ x")).mark is Mark.MIXED
    assert read("2025-07-29T12:00:00Z INFO Status: BLOCKED", "✅").mark is Mark.CRITICAL
    assert read("- **Status:** PENDING ✅", "✅ x").mark is Mark.UNKNOWN


def test_the_last_of_several_status_lines_counts() -> None:
    assert read(line(-1, "Status: FAILED"), line(0, "Status: DONE")).mark is Mark.HEALTHY


@pytest.mark.parametrize(
    ("said", "mark"),
    [
        ("NOT HEALTHY", Mark.CRITICAL),
        ("incomplete 🔴", Mark.CRITICAL),
        ("no errors, all passed", Mark.HEALTHY),
        ("downloading ✅", Mark.HEALTHY),
        ("starting", Mark.UNKNOWN),
        ("whatever 🟡", Mark.WARNING),
    ],
)
def test_a_status_line_is_read_by_its_words_and_then_by_its_marks(said: str, mark: Mark) -> None:
    assert read(f"Status: {said}").mark is mark


def test_lines_without_a_time_are_as_old_as_the_file_and_the_last_ten_count() -> None:
    found = read("🔴 long ago", *["🟢 since then"] * 10, written=-5)
    assert (found.mark, found.at) == (Mark.HEALTHY, NOON - 5)


def test_what_an_earlier_process_said_does_not_count() -> None:
    assert read(line(-9, "🟢 x"), "  🟢 that too", since=NOON - 5).mark is Mark.UNKNOWN


def test_a_time_in_the_future_is_no_later_than_the_file() -> None:
    assert read(line(7200, "🟢 x"), written=-3).at == NOON - 3


def test_a_broken_time_is_told() -> None:
    found = read("2025-07-29T12:00:00.3NZ 🟢 x")
    assert (found.mark, found.at, found.is_sure) == (Mark.HEALTHY, NOON, False)


def test_the_last_three_errors_are_gathered_whatever_the_marks_say() -> None:
    lines = [f"ERROR number {i}" for i in range(5)]
    found = read(*lines, "ValueError: no", "🟢 fine")
    assert found.mark is Mark.HEALTHY
    assert found.errors == ("ERROR number 3", "ERROR number 4", "ValueError: no")


# Mojibake.


def spoilt(text: str, codec: str) -> str:
    """Read UTF-8 as another codec; bytes that it does not define pass as they are."""
    out = ""
    for byte in text.encode():
        try:
            out += bytes([byte]).decode(codec)
        except UnicodeDecodeError:
            out += chr(byte)
    return out


@pytest.mark.parametrize("codec", ["mac_roman", "cp1252"])
@pytest.mark.parametrize("mark", MARKS)
def test_each_mark_is_known_in_each_spoilt_form(mark: str, codec: str) -> None:
    text = f"{mark} größer – schöner"
    assert repaired(spoilt(text, codec)) == text
    assert repaired(spoilt(mark, codec) + " plain") == f"{mark} plain"
    assert repaired("日本 " + spoilt(mark, codec)) == f"日本 {mark}"


@pytest.mark.parametrize("mark", ["🟢", "🔴", "🟡", "🚀", "🔄", "📊"])
def test_the_invisible_letter_of_macroman_may_be_lost(mark: str) -> None:
    form = spoilt(mark, "mac_roman")
    assert form.startswith("\uf8ff")
    assert repaired(f"{form[1:]} x") == f"{mark} x"


@given(st.text())
def test_a_line_that_is_right_is_not_touched(text: str) -> None:
    """Unless by chance it is what a spoilt line looks like; then it turns back without rest."""
    found = repaired(text)
    if found != text and not any(mark in found for mark in (*MARKS, "⚠")):
        assert text in (spoilt(found, "mac_roman"), spoilt(found, "cp1252"))


@pytest.mark.parametrize(
    "text", ["ß–", "Größe – “schön”…", "café ✅", "日本", "naïve façade", "Æther", "Ωmega Ärger"]
)
def test_umlauts_and_dashes_are_no_mojibake(text: str) -> None:
    assert repaired(text) == text


def test_spoilt_marks_count_in_a_log() -> None:
    assert read(spoilt(line(0, "🔴 x NOT running"), "cp1252")).mark is Mark.CRITICAL
    assert mark_of("nothing") is None
