"""What stands around the daemons is measured, or absent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ghostbot import shapes
from ghostbot.config.model import LogTable
from ghostbot.core.snapshot import House
from ghostbot.outlook import ERRORS_KEPT, LINE_MAX, Outlook, errors_in, machine
from ghostbot.process.output import Line, Tail
from ghostbot.process.rotation import Logs


def outlook(folder: Path, *names: str) -> Outlook:
    tables = {name: LogTable(path=folder / f"{name}.log") for name in names}
    return Outlook(lambda: tables, Logs(lambda: tables, dict, 10**9), folder)


async def test_a_log_is_shown_with_its_age_and_its_last_errors(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_text("fine\nERROR: no disk\nfine again\nValueError: 7\n")
    os.utime(path, (1000, 1000))
    around = outlook(tmp_path, "web", "silent")
    await around.look()
    web, silent = around.signs["web"], around.signs["silent"]
    assert (web.written_at, web.size) == (1000, path.stat().st_size)
    assert web.errors == ("ERROR: no disk", "ValueError: 7")
    assert (silent.written_at, silent.errors) == (None, ())


async def test_a_log_that_has_not_grown_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_text("ERROR: one\n")
    around = outlook(tmp_path, "web")
    await around.look()
    before = around.signs["web"]
    await around.look()
    assert around.signs["web"] is before
    with path.open("a") as file:
        file.write("ERROR: two\n")
    await around.look()
    assert around.signs["web"].errors == ("ERROR: one", "ERROR: two")


@pytest.mark.parametrize(
    ("line", "is_error"),
    [
        ("Traceback (most recent call last):", True),
        ("2025-07-29 CRITICAL out of room", True),
        ("🔴 relayCore NOT running", True),
        ("❌ relayCore restart attempt 3", True),
        ("django.db.utils.OperationalError: gone", True),
        ("0 errors, 0 warnings", False),
        ("terror in the night", False),
        ("GET /Error404.html 200", False),
        ("✅ all is well", False),
    ],
)
def test_a_line_looks_like_an_error_or_not(line: str, is_error: bool) -> None:
    assert bool(errors_in(Tail((Line(0, line),)))) is is_error


def test_few_and_short_errors_are_kept() -> None:
    lines = tuple(Line(n, f"ERROR {n} " + "x" * 1000) for n in range(10))
    found = errors_in(Tail(lines))
    assert [line.split()[1] for line in found] == ["7", "8", "9"]
    assert len(found) == ERRORS_KEPT
    assert all(len(line) == LINE_MAX for line in found)


def test_the_machine_is_measured(tmp_path: Path) -> None:
    found = machine(tmp_path)
    disk = shutil.disk_usage(tmp_path)
    assert found.disk_total == disk.total
    assert 0 < found.memory_available <= found.memory_total
    shown = shapes.status(House("studio", 1000.0, 1.0, "off", ()), found)["system"]
    assert shown["disk_total_bytes"] == disk.total
    assert shown["cores"] == os.cpu_count()


def test_what_nobody_measured_is_absent() -> None:
    assert shapes.status(House("studio", 1000.0, 1.0, "off", ()))["system"] is None
