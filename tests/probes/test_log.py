"""Logs as evidence: lines that match, silence, marks; their age, their rotation, their limits."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.core.marks import Mark
from ghostbot.probes.file import File
from ghostbot.probes.log import MARKS_BYTES, Log
from ghostbot.probes.reader import BEHIND_MAX, READ_MAX, Begin
from ghostbot.process.cutting import Limits
from ghostbot.process.tape import Tape

NOON = datetime(2025, 7, 29, 12, tzinfo=UTC).timestamp()


class Now:
    """A clock of epoch seconds that is set by hand, and a log whose times are those of it."""

    def __init__(self, path: Path) -> None:
        self.at = NOON
        self.path = path

    def __call__(self) -> float:
        return self.at

    def write(self, text: str | bytes) -> None:
        """Write to the log now."""
        with self.path.open("ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        os.utime(self.path, (self.at, self.at))

    def line(self, text: str) -> None:
        """Write a line with its time."""
        when = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        self.write(f"[{when.replace('+00:00', 'Z')}] {text}\n")


@pytest.fixture
def now(tmp_path: Path) -> Now:
    return Now(tmp_path / "x.log")


def foreign(now: Now, **keys: Any) -> Log:
    """Look into a log that is nobody's whom Ghost runs."""
    return Log(table(path=now.path, **keys), File(now.path), None, clock=now)


def own(now: Now, begin: Begin, **keys: Any) -> Log:
    """Look into a daemon's own log."""
    return Log(table(**keys), Tape(now.path, Limits(10_000, 3)), begin, clock=now)


def table(**keys: Any) -> ProbeTable:
    return ProbeTable(kind=ProbeKind.LOG, label="log", **keys)


# A line that matches.


async def test_a_line_that_matches_proves_it_from_then_on(now: Now) -> None:
    now.write("starting\n")
    log = own(now, Begin(NOON, 0), pattern=r"listening on \d+")
    early = await log.look()
    now.write("listening on 80\n" + "noise\n" * 100)
    found = await log.look()
    now.at += 9999
    assert (early.ok, early.said) == (False, r"no line of the log matches 'listening on \\d+'")
    assert (found.ok, found.said) == (True, "the log says: listening on 80")
    assert (await log.look()).ok is True


async def test_what_an_earlier_process_wrote_proves_nothing(now: Now) -> None:
    now.write("listening on 80\n")
    log = own(now, Begin(NOON, now.path.stat().st_size), pattern="listening")
    assert (await log.look()).ok is False
    now.write("listening again\n")
    assert (await log.look()).ok is True


async def test_a_prompt_that_no_newline_ends_counts(now: Now) -> None:
    log = own(now, Begin(NOON, 0), pattern="^ready> $")
    now.write("ready> ")
    assert (await log.look()).ok is True


async def test_a_line_that_comes_in_pieces_is_one(now: Now) -> None:
    log = own(now, Begin(NOON, 0), pattern="listening on 80$")
    now.write("listen")
    assert (await log.look()).ok is False
    now.write("ing on 80")
    assert (await log.look()).ok is True


async def test_a_line_is_found_behind_more_than_one_look_reads(now: Now) -> None:
    log = own(now, Begin(NOON, 0), pattern="listening")
    now.write(b"x" * 99 + b"\n")
    now.write((b"y" * 99 + b"\n") * (READ_MAX // 100))
    now.write("listening\n")
    assert (await log.look()).ok is False
    assert (await log.look()).ok is True


async def test_who_writes_faster_than_is_read_is_looked_at_where_he_is(now: Now) -> None:
    log = own(now, Begin(NOON, 0), pattern="listening")
    now.path.touch()
    os.truncate(now.path, BEHIND_MAX + READ_MAX)
    now.write("\nlistening\n")
    assert (await log.look()).ok is True


async def test_with_a_silence_the_line_must_come_again(now: Now) -> None:
    log = own(now, Begin(NOON, 0), pattern="processed", silence_s=60.0)
    now.write("begun\n")
    first = await log.look()
    now.line("processed job 1")
    well = await log.look()
    now.at += 61
    now.line("still here")
    sick = await log.look()
    now.line("processed job 2")
    assert (first.ok, well.ok, sick.ok) == (None, True, False)
    assert sick.said == "no line of the log matched 'processed' for 1 min 1 s"
    assert sick.at == NOON
    assert (await log.look()).ok is True


async def test_an_adopted_process_is_not_asked_for_its_proof_again(now: Now) -> None:
    now.write("listening\n" + ("x" * 99 + "\n") * (READ_MAX // 100))
    log = own(now, Begin(NOON), pattern="listening")
    assert (await log.look()).ok is None


async def test_a_file_of_others_is_read_from_its_end(now: Now) -> None:
    now.write("backup finished\n")
    assert (await foreign(now, pattern="finished").look()).ok is True


# Silence.


async def test_a_log_in_which_nothing_new_comes_is_sick(now: Now) -> None:
    log = foreign(now, silence_s=60.0)
    now.write("x")
    well = await log.look()
    now.at += 61
    sick = await log.look()
    now.write("x")
    assert (well.ok, well.said) == (True, "wrote 0.0 s ago")
    assert (sick.ok, sick.said, sick.at) == (False, "nothing new in the log for 1 min 1 s", NOON)
    assert (await log.look()).ok is True


async def test_a_new_process_is_not_blamed_for_an_old_silence(now: Now) -> None:
    now.write("x")
    now.at += 9999
    log = own(now, Begin(now.at, 1), silence_s=60.0)
    assert (await log.look()).ok is True
    now.at += 61
    assert (await log.look()).ok is False


async def test_a_clock_that_goes_back_is_no_silence(now: Now) -> None:
    now.write("x")
    now.at -= 3600
    assert (await foreign(now, silence_s=60.0).look()).ok is True


# Marks.


async def test_marks_tell_how_it_is(now: Now) -> None:
    log = foreign(now, markers=True, every_s=15.0)
    now.line("🟢 relayCore is running (PID: 4711)")
    well = await log.look()
    now.at += 60
    now.line("🔴 relayCore NOT running")
    sick = await log.look()
    now.line("🟢 other is running")
    mixed = await log.look()
    now.at += 60
    now.line("🟡 SYSTEM HEALTHY | Total: 10")
    warning = await log.look()
    assert (well.ok, well.mark) == (True, Mark.HEALTHY)
    assert (sick.ok, sick.mark, sick.at) == (False, Mark.CRITICAL, NOON + 60)
    assert (mixed.ok, mixed.mark) == (None, Mark.MIXED)
    assert (warning.ok, warning.mark) == (True, Mark.WARNING)
    assert [error.split("] ")[1] for error in warning.errors] == ["🔴 relayCore NOT running"]


async def test_a_writer_that_stopped_leaves_no_evidence_behind(now: Now) -> None:
    log = foreign(now, markers=True, every_s=15.0)
    now.line("🟢 all is well")
    now.at += 46
    found = await log.look()
    assert (found.ok, found.mark, found.at) == (None, Mark.UNKNOWN, NOON)
    assert found.said.startswith("the last mark is 46 s old: [2025-07-29T12:00:00.000Z] 🟢")


async def test_marks_of_an_earlier_process_are_none_of_this_one(now: Now) -> None:
    now.line("🟢 all is well")
    log = own(now, Begin(NOON, now.path.stat().st_size), markers=True)
    assert (await log.look()).mark is Mark.UNKNOWN
    now.line("🔴 no")
    assert (await log.look()).ok is False


async def test_marks_from_before_an_adopted_process_are_none_of_it(now: Now) -> None:
    now.line("🟢 all is well")
    now.at += 60
    assert (await own(now, Begin(now.at), markers=True).look()).mark is Mark.UNKNOWN
    assert (await own(now, Begin(NOON), markers=True).look()).mark is Mark.HEALTHY


async def test_the_end_of_a_line_whose_beginning_was_not_read_says_nothing(now: Now) -> None:
    now.write("x" * MARKS_BYTES + " 🔴\nplain\n")
    assert (await foreign(now, markers=True).look()).mark is Mark.UNKNOWN


async def test_marks_and_silence_together_are_as_bad_as_the_worse(now: Now) -> None:
    log = foreign(now, markers=True, silence_s=60.0)
    now.line("🟢 all is well")
    assert (await log.look()).ok is True
    now.at += 61
    assert (await log.look()).ok is False


async def test_only_the_end_of_a_long_log_is_read(
    now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    after = File.after

    def counted(self: File, offset: int, size: int) -> tuple[int, bytes]:
        at, data = after(self, offset, size)
        read.append(len(data))
        return at, data

    monkeypatch.setattr(File, "after", counted)
    now.write("🔴\n" + "x" * 5_000_000 + "\n")
    now.line("🟢 all is well")
    assert (await foreign(now, markers=True, pattern="well").look()).ok is True
    assert 0 < sum(read) < 1_000_000


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"\xff\xfe\x00", b"\x1b[2J\x9d\r\r\r"])
async def test_no_content_breaks_it(now: Now, content: bytes) -> None:
    now.write(content)
    found = await foreign(now, markers=True).look()
    assert (found.ok, found.mark) == (None, Mark.UNKNOWN)


# Rotations, and logs that are not there.


async def test_a_rotation_by_ghost_loses_no_line_and_repeats_none(now: Now) -> None:
    tape = Tape(now.path, Limits(10_000, 3))
    now.write("listening\n".rjust(100))
    tape.look()
    log = Log(table(pattern="listening"), tape, Begin(NOON, 100), clock=now)
    assert (await log.look()).ok is False
    now.write(("y" * 99 + "\n") * 300)
    while tape.look() or tape.cut():
        pass
    assert tape.base > 0
    assert (await log.look()).ok is False
    now.write("listening\n")
    assert (await log.look()).ok is True


async def test_a_file_of_others_is_followed_where_it_is_renamed(now: Now) -> None:
    log = foreign(now, pattern="processed", silence_s=60.0)
    now.write("processed 1\n")
    assert (await log.look()).ok is True
    now.path.rename(now.path.with_suffix(".1"))
    now.at += 61
    now.write("new\n" * 100)
    assert (await log.look()).ok is False
    now.path.rename(now.path.with_suffix(".2"))
    now.write("processed 2\n" + "longer than before\n" * 1000)
    assert (await log.look()).ok is True


async def test_a_file_of_others_is_followed_where_it_is_emptied(now: Now) -> None:
    log = foreign(now, pattern="processed", silence_s=60.0)
    now.write("x\n" * 100)
    assert (await log.look()).ok is False
    os.truncate(now.path, 0)
    now.write("processed 1\n")
    assert (await log.look()).ok is True


async def test_a_log_that_is_not_there_is_sick_where_it_is_the_evidence(now: Now) -> None:
    found = await foreign(now, markers=True).look()
    assert (found.ok, found.said) == (False, f"there is no {now.path}")
    assert (await own(now, Begin(NOON, 0), markers=True).look()).ok is None


async def test_a_folder_and_a_pipe_are_no_logs(now: Now, tmp_path: Path) -> None:
    now.path.mkdir()
    assert (await foreign(now, markers=True).look()).ok is False
    now.path.rmdir()
    os.mkfifo(now.path)
    assert (await foreign(now, markers=True).look()).ok is False


async def test_ghosts_own_lack_says_nothing(now: Now, monkeypatch: pytest.MonkeyPatch) -> None:
    now.write("x")

    def none_left(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("ghostbot.probes.file.open_live", none_left)
    found = await foreign(now, silence_s=60.0).look()
    assert found.ok is None
    assert "Ghost has no descriptor left" in found.said


async def test_a_disk_that_hangs_is_waited_for_by_one_thread_alone(
    now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, begun = threading.Event(), []

    def hang(*_: object, **__: object) -> None:
        begun.append(1)
        release.wait(20)
        raise FileNotFoundError(2, "gone", "x")

    now.write("x")
    monkeypatch.setattr("ghostbot.probes.file.open_live", hang)
    log = foreign(now, silence_s=60.0, timeout_s=0.2)
    first, second = await log.look(), await log.look()
    release.set()
    assert log._reading is not None
    await asyncio.wait_for(log._reading, 5)
    third = await log.look()
    assert (first.ok, second.ok, third.ok) == (None, None, False)
    assert "not read within 0.2 s" in first.said
    assert len(begun) == 2
