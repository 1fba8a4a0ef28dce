"""Rotation: nothing that daemons write is lost or doubled, whoever dies in between."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ghostbot.process import compress, cutting, fallocate
from ghostbot.process.cutting import Limits
from ghostbot.process.output import Follower, tail
from ghostbot.process.tape import Tape
from tests.fakes.house import program

SMALL = 64 * 1024


def whole(tape: Tape, *, gaps: bool = False) -> bytes:
    """Read a log from its first byte to its last."""
    parts, offset = [], tape.ends()[0]
    while True:
        at, held = tape.after(offset, 1024 * 1024)
        assert gaps or at == offset, "something is missing"
        if not held:
            return b"".join(parts)
        parts.append(held)
        offset = at + len(held)


def missing_or_doubled(held: bytes, lines: int) -> dict[str, object]:
    """Return what is wrong with lines that numbers.py wrote: nothing for all, once, in order."""
    seen: dict[int, list[int]] = {}
    for line in held.splitlines():
        writer, number, rest = line.split(b" ")
        assert not rest.strip(b"x"), line[:80]
        seen.setdefault(int(writer), []).append(int(number))
    wrong: dict[str, object] = {}
    for writer, numbers in seen.items():
        if numbers != list(range(lines)):
            wrong[f"writer {writer}"] = (len(numbers), lines, numbers[:3], numbers[-3:])
    return wrong


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@contextmanager
def writers(
    log: Path, count: int, lines: int, width: int = 100
) -> Iterator[subprocess.Popen[bytes]]:
    """Run processes that share one descriptor of the log."""
    with running(log, "numbers", count, lines, width) as process:
        yield process


@contextmanager
def running(log: Path, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of tests/programs that writes to a log; it and its children end with the test."""
    with log.open("ab") as file:
        command = program(str(words[0]), *words[1:])
        process = subprocess.Popen(command, stdout=file, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # its children may live on where it was killed
            os.killpg(process.pid, 9)
        process.wait()


def cut_while(process: subprocess.Popen[bytes], tape: Tape) -> None:
    deadline = time.monotonic() + 50
    while process.poll() is None:
        assert time.monotonic() < deadline
        tape.look()
        while tape.cut():
            pass
    tape.look()


def test_nothing_is_lost_or_doubled_under_writers_at_full_speed(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    tape = Tape(log, Limits(500_000, 1000))
    with writers(log, 3, 60_000) as process:
        cut_while(process, tape)
    assert tape.counts.cuts >= 20
    assert (tape.counts.lost_bytes, tape.counts.dropped_bytes) == (0, 0)
    held = whole(tape)
    assert len(held) == 3 * 60_000 * 100
    assert not missing_or_doubled(held, 60_000)
    assert whole(Tape(log, Limits())) == held, "the next Ghost reads the same"


def test_where_files_cannot_collapse_the_loss_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fallocate, "collapse", lambda *_: False)
    took = timed(monkeypatch, "empty")
    with tempfile.TemporaryDirectory(dir=_other_filesystem()) as folder:
        log = Path(folder) / "web.log"
        tape = Tape(log, Limits(500_000, 1000))
        with running(log, "pour", RATE / 1e6, AT_ONCE // 1000):
            deadline = time.monotonic() + 30
            while tape.counts.cuts < 40:
                assert time.monotonic() < deadline
                tape.look()
                tape.cut()
        held = whole(tape, gaps=True)
        numbers = [int(line[:998]) for line in held.split(b"\n") if len(line) == 999]
        assert numbers == sorted(set(numbers)), "none twice, and all in order"
        lost = (numbers[-1] + 1 - len(numbers)) * 1000
        torn = 2000 * tape.counts.cuts
        assert b"\0" not in held
        assert lost <= tape.counts.lost_bytes + torn
        # However slow the machine: no more than could be written while a file was emptied.
        assert lost <= sum(RATE * s + AT_ONCE for s in took) + torn
        assert len(took) == 40


RATE, AT_ONCE = 100e6, 10_000  # bytes a second, and at once


def timed(monkeypatch: pytest.MonkeyPatch, name: str) -> list[float]:
    """Measure how long each call of a function in cutting.py takes, in seconds."""
    took: list[float] = []
    act = getattr(cutting, name)

    def acted(*given: object) -> object:
        began = time.monotonic()
        result = act(*given)
        took.append(time.monotonic() - began)
        return result

    monkeypatch.setattr(cutting, name, acted)
    return took


def _other_filesystem() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


WINDOWS = ("copy", "mark", "collapse", "rename")


@pytest.mark.parametrize("window", WINDOWS)
async def test_a_rotator_killed_inside_a_cut_loses_and_doubles_nothing(
    window: str, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it with a failure
    chance = random.Random(seed)
    for round_ in range(5):
        log = tmp_path / f"{round_}.log"
        with writers(log, 2, 8_000) as process:
            for _ in range(2):  # the second one dies on what the first one left
                await _cut_and_kill(log, window, chance.randrange(4))
            process.wait(30)
        tape = Tape(log, Limits(100_000, 1000))
        held = whole(tape)
        assert not missing_or_doubled(held, 8_000), f"seed {seed}"
        assert len(held) == 2 * 8_000 * 100
        assert not [p for p in names(tmp_path) if p.endswith(".tmp")]


async def _cut_and_kill(log: Path, window: str, cuts: int, keep: int = 1000) -> None:
    words = [str(log), "100000", window, str(cuts), str(keep)]
    command = [sys.executable, "-S", str(_PROGRAM), *words]
    rotator = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert rotator.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await rotator.stdout.readline() == b"here\n"
    finally:
        rotator.kill()
        await rotator.wait()
        await rotator.stdout.read()


_PROGRAM = Path(__file__).parents[1] / "programs" / "cut_and_stop.py"


@pytest.mark.parametrize("window", WINDOWS)
async def test_a_log_that_repeats_itself_is_not_taken_for_uncut(
    window: str, tmp_path: Path
) -> None:
    log = tmp_path / "web.log"
    data = b"tick tac toe...\n" * 20_000  # any block is like any other
    log.write_bytes(data)
    await _cut_and_kill(log, window, 1)
    assert whole(Tape(log, Limits())) == data


@pytest.mark.parametrize("window", ["mark", "punch", "collapse"])
async def test_offsets_stay_true_when_the_rotator_dies_while_it_drops_what_is_too_much(
    window: str, tmp_path: Path
) -> None:
    log = tmp_path / "web.log"
    data = b"".join(b"%015d\n" % n for n in range(100_000))
    log.write_bytes(data)
    await _cut_and_kill(log, window, 0, keep=2)
    tape = Tape(log, Limits(100_000, 2))
    tape.look()
    while tape.cut():
        pass
    oldest, end = tape.ends()
    assert end == len(data)
    assert oldest > 1_000_000
    assert whole(tape) == data[oldest:]


def test_a_cut_that_was_copied_before_the_mark_was_lost_is_settled(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    data = os.urandom(5 * SMALL)
    log.write_bytes(data)
    tape = Tape(log, Limits(SMALL, 100))
    tape.look()
    assert tape.cut()
    (tmp_path / "web.log.at").unlink()
    assert whole(Tape(log, Limits())) == data
    (tmp_path / "web.log.at").write_text("garbage")
    (tmp_path / f"web.log.{SMALL}.tmp").write_bytes(data[SMALL : 2 * SMALL])
    assert whole(Tape(log, Limits())) == data, "the copy was not needed"
    (tmp_path / "web.log.at").unlink()
    (tmp_path / f"web.log.{SMALL}.tmp").write_bytes(data[SMALL : 2 * SMALL])
    log.write_bytes(data[2 * SMALL :])
    assert whole(Tape(log, Limits())) == data, "the copy was"


def test_files_that_others_numbered_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for name in ("web.log.1", "web.log.2.gz", "web.log.20260101"):
        (tmp_path / name).write_bytes(b"theirs\n")
    log.write_bytes(b"x" * 99 + b"\n")
    tape = Tape(log, Limits(SMALL, 1))
    tape.look()
    log.write_bytes(b"y" * 10 * SMALL)
    tape.look()
    while tape.cut():
        pass
    again = Tape(log, Limits(SMALL, 0))
    again.look()
    again.cut()
    assert names(tmp_path) >= {"web.log.1", "web.log.2.gz", "web.log.20260101"}


def test_offsets_go_on_when_archives_go_and_files_are_emptied_or_new(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"a" * SMALL * 3)
    tape = Tape(log, Limits(SMALL, 1))

    def end() -> int:
        tape.look()
        assert Tape(log, Limits(SMALL, 1)).ends()[1] == tape.ends()[1], "as the next Ghost sees it"
        return tape.ends()[1]

    assert end() == 3 * SMALL
    while tape.cut():
        pass
    assert end() == 3 * SMALL
    for path in tmp_path.glob("web.log.[0-9]*"):
        path.unlink()
    assert end() == 3 * SMALL
    log.write_bytes(b"")
    assert end() == 3 * SMALL
    log.write_bytes(b"new\n")
    assert end() == 3 * SMALL + 4
    log.rename(tmp_path / "away")
    log.write_bytes(b"other\n")
    assert end() == 3 * SMALL + 10


def test_no_more_is_kept_than_allowed_when_a_log_grows_too_fast_to_copy(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(os.urandom(20 * SMALL))
    tape = Tape(log, Limits(SMALL, 3))
    tape.look()
    most = tape.size
    while tape.cut():
        assert tape.disk_bytes <= most
    assert tape.disk_bytes <= 4 * SMALL
    assert len(tape.archives) == 3
    assert tape.counts.dropped_bytes == 16 * SMALL
    assert tape.ends() == (16 * SMALL, 20 * SMALL)


def test_a_follower_sees_each_line_once_across_rotations_and_packing(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    tape = Tape(log, Limits(200_000, 1000))
    log.touch()
    follower, seen, packed = Follower(tape, 0), [], 0
    with writers(log, 1, 20_000) as process:
        while True:
            ended = process.poll() is not None
            tape.look()
            tape.cut()
            for archive in tape.archives[-1:]:
                if not archive.packed:
                    compress.pack(str(archive.path))
                    tape.find_packed(archive.start)
                    packed += 1
            found = follower.poll(50_000)
            seen += found
            if ended and not found:
                break
    assert tape.counts.cuts >= 5
    assert packed >= 5
    assert [line.text.split()[1] for line in seen] == [str(n) for n in range(20_000)]
    assert [line.offset for line in seen] == [n * 100 for n in range(20_000)]
    assert list(tail(tape, 20_000).lines) == seen, "and so does who reads backwards"


def test_a_packed_archive_is_gzip_to_everybody(tmp_path: Path) -> None:
    path = tmp_path / "web.log.0"
    data = os.urandom(1000) * 3000
    path.write_bytes(data)
    subprocess.run([sys.executable, "-I", "-S", compress.__file__, str(path)], check=True)
    assert (
        subprocess.run(["gzip", "-dc", f"{path}.gz"], check=True, capture_output=True).stdout
        == data
    )
    assert [p.name for p in tmp_path.iterdir()] == ["web.log.0.gz"]


def test_times_tell_how_long_the_log_was_and_bear_a_torn_tail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "web.log"
    tape, wall = Tape(log, Limits(SMALL, 10)), 2_000_000_000.0
    monkeypatch.setattr(time, "time", lambda: wall)
    log.touch()
    os.utime(log, (wall - 1, wall - 1))
    for number in range(50):
        with log.open("ab") as file:
            file.write(b"%04d\n" % number * 1000)
        wall += 1
        tape.look()
        tape.cut()
    assert tape.counts.cuts >= 3
    times = tmp_path / "web.log.times"
    for torn in (b"", b"torn"):
        with times.open("ab") as file:
            file.write(torn)
        again = Tape(log, Limits(SMALL, 10))
        lines = tail(again, 100_000, since=again.timeline.since(wall - 9.5)).lines
        assert [lines[0].text, lines[-1].text, len(lines)] == ["0040", "0049", 10_000]
    wall -= 500  # the clock goes back
    with log.open("ab") as file:
        file.write(b"more\n")
    again.look()
    assert times.stat().st_size % 16 == 0
    assert tail(again, 100, since=again.timeline.since(wall + 500)).lines[-1].text == "more"
