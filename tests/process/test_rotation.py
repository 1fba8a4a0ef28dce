"""The owner of all logs: what is allowed holds, and one bad log hinders no other."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from ghostbot.config.model import LogTable
from ghostbot.errors import NoSuch
from ghostbot.process.output import Line
from ghostbot.process.rotation import Logs
from tests.fakes.house import program, until

MB = 1_000_000


class Kept:
    """Logs that are looked after, and what was told of them."""

    def __init__(self, folder: Path, total_bytes: int = 1000 * MB, **tables: LogTable) -> None:
        self.folder = folder
        self.tables = tables
        self.leaders: dict[str, int] = {}
        self.told: list[str | None] = []
        self.logs = Logs(lambda: self.tables, lambda: self.leaders, total_bytes, self.told.append)

    async def lines(self, name: str, count: int = 100) -> list[str]:
        return [line.text for line in (await self.logs.tail(name, count)).lines]

    def on_disk(self) -> int:
        found = 0
        for entry in os.scandir(self.folder):
            with suppress(FileNotFoundError):  # it was the oldest
                found += entry.stat().st_size
        return found


@asynccontextmanager
async def kept(
    folder: Path, total_bytes: int = 1000 * MB, **tables: LogTable
) -> AsyncIterator[Kept]:
    k = Kept(folder, total_bytes, **tables)
    task = asyncio.create_task(k.logs.run())
    try:
        yield k
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()


@asynccontextmanager
async def daemon(log: Path, *words: object) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run one of tests/programs that writes to a log as Ghost has it do."""
    process = await asyncio.to_thread(_start, log, words)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # numbers.py has children that write
        process.wait()


def _start(log: Path, words: tuple[object, ...]) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        command = program(str(words[0]), *words[1:])
        return subprocess.Popen(command, stdout=file, start_new_session=True)


def size_of(path: Path) -> int:
    return path.stat().st_size


def table(folder: Path, name: str, **limits: int | bool) -> LogTable:
    return LogTable(path=folder / f"{name}.log", **limits)  # type: ignore[arg-type]


async def watch(seconds: float, look: Callable[[], int]) -> int:
    """Return the most that was seen."""
    most, until_ = 0, time.monotonic() + seconds
    while time.monotonic() < until_:
        most = max(most, look())
        await asyncio.sleep(0.01)
    return most


async def test_under_a_storm_the_disk_holds_what_is_allowed_and_others_are_read(
    tmp_path: Path,
) -> None:
    spam = table(tmp_path, "spam", max_bytes=10 * MB, keep=2, compress=False)
    calm = table(tmp_path, "calm")
    async with kept(tmp_path, spam=spam, calm=calm) as k, daemon(spam.path, "pour", 100):
        calm.path.write_text("calm\n")
        await until(lambda: k.logs.counts("spam").cuts > 3)
        most = await watch(3, k.on_disk)
        began = time.monotonic()
        assert await k.lines("calm") == ["calm"]
        assert (await k.lines("spam", 2))[0].endswith("|")  # the last may be half written
        assert time.monotonic() - began < 2
        counts = k.logs.counts("spam")
    assert counts.dropped_archives + counts.dropped_bytes > 0, "what went is counted"
    assert counts.lost_bytes == 0
    # What is allowed, one more that is being copied, and what came since the last look: for one
    # second at first, and for as long as a copy takes to reach a busy disk.
    assert most < 4 * spam.max_bytes + 100 * MB, f"{most / MB:.0f} MB"
    tape = k.logs._kept[spam.path].tape
    tape.look()
    while tape.cut():
        pass
    assert k.on_disk() < 3.2 * spam.max_bytes


def test_a_log_that_is_too_long_at_the_first_look_is_looked_at_again_soon(tmp_path: Path) -> None:
    k = Kept(tmp_path, a=table(tmp_path, "a", max_bytes=100_000, compress=False))
    k.tables["a"].path.write_bytes(bytes(500_000))
    k.logs.counts("a")
    assert k.logs.look() < 0.5, "how fast it grows is not known yet"
    k.tables["a"].path.write_bytes(b"short")
    k.logs.look()
    assert k.logs.look() <= 1


async def test_the_total_holds_and_the_oldest_archives_go_first(tmp_path: Path) -> None:
    tables = {n: table(tmp_path, n, max_bytes=MB, keep=9, compress=False) for n in ("a", "b")}
    async with kept(tmp_path, 6 * MB, **tables) as k:
        tables["a"].path.write_bytes(os.urandom(6 * MB))
        await until(lambda: k.logs.counts("a").cuts >= 5)
        tables["b"].path.write_bytes(os.urandom(4 * MB))
        await until(lambda: k.logs.counts("b").cuts >= 3 and k.on_disk() <= 6 * MB + 10_000)
        assert k.logs.counts("a").dropped_archives >= 3
        assert k.logs.counts("b").dropped_archives == 0


async def test_the_total_holds_where_there_are_no_archives(tmp_path: Path) -> None:
    async with kept(tmp_path, 2 * MB, a=table(tmp_path, "a", max_bytes=50 * MB)) as k:
        (tmp_path / "a.log").write_bytes(b"old\n" * MB + b"new\n" * (MB // 2))
        await until(lambda: k.on_disk() <= 2 * MB + 10_000)
        assert await k.lines("a", 1) == ["new"]
        assert (await k.logs.tail("a", 1)).size == 6 * MB, "offsets go on"


async def test_archives_are_packed_by_another_process_and_read_all_the_same(
    tmp_path: Path,
) -> None:
    a = table(tmp_path, "a", max_bytes=100_000, keep=20)
    a.path.write_bytes(b"".join(b"%06d\n" % n for n in range(100_000)))
    async with kept(tmp_path, a=a) as k:

        def packed() -> list[str]:
            return [path.name for path in tmp_path.glob("a.log.*.gz")]

        await until(lambda: len(packed()) == k.logs.counts("a").cuts > 4)
        assert await k.lines("a", 10_000) == [f"{n:06d}" for n in range(90_000, 100_000)]
        found = await k.logs.tail("a", 5, grep="000042")
        assert [(line.offset, line.text) for line in found.lines] == [(42 * 7, "000042")]
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]  # noqa: PTH208


@pytest.mark.parametrize("how", ["deleted", "with its folder", "moved", "replaced", "a directory"])
async def test_a_log_that_was_taken_away_is_told_read_and_kept_short(
    how: str, tmp_path: Path
) -> None:
    (tmp_path / "logs").mkdir()
    a = table(tmp_path / "logs", "a", max_bytes=200_000, keep=2, compress=False)
    a.path.touch()
    async with kept(tmp_path, a=a) as k, daemon(a.path, "numbers", 1, 10**9, 50) as process:
        k.leaders["a"] = process.pid
        await until(lambda: k.logs.counts("a").cuts > 1)
        _take_away(a.path, how)
        began = time.monotonic()
        await until(lambda: k.told and "taken away" in (k.told[-1] or ""))
        assert time.monotonic() - began < 5
        cuts = k.logs.counts("a").cuts
        await until(lambda: k.logs.counts("a").cuts > cuts + 3, within_s=10)
        fresh = [int(line.split()[1]) for line in await k.lines("a", 5)]
        assert fresh == list(range(fresh[0], fresh[0] + 5))
        size = os.stat(f"/proc/{process.pid}/fd/1").st_size  # noqa: PTH116 - proc(5)
        assert size < 100 * a.max_bytes, "it is cut where it lies"
        if how in {"deleted", "with its folder", "moved"}:
            assert not a.path.exists(), "nothing is put in its place"
        process.kill()
        process.wait()
        k.leaders.clear()
        end = (await k.logs.tail("a", 1)).size
        if how != "a directory":
            a.path.write_text("")
            await until(lambda: k.told[-1] is None)
            a.path.write_text("again\n")
            last = (await k.logs.tail("a", 1)).lines[-1]
            assert (last.text, last.offset >= end) == ("again", True)


def _take_away(log: Path, how: str) -> None:
    if how == "moved":
        log.rename(log.with_name("elsewhere"))
        return
    if how == "replaced":
        other = log.with_name("other")
        other.write_text("")
        other.rename(log)
        return
    if how == "with its folder":  # in one blow: files are made in it meanwhile
        shutil.rmtree(log.parent.rename(log.parent.with_name("going")))
        return
    log.unlink()
    if how == "a directory":
        log.mkdir()


async def test_one_bad_log_is_told_and_hinders_no_other(tmp_path: Path) -> None:
    bad, good = table(tmp_path, "bad"), table(tmp_path, "good", max_bytes=100_000, compress=False)
    bad.path.mkdir()
    good.path.write_bytes(b"x\n" * 500_000)
    async with kept(tmp_path, bad=bad, good=good) as k:
        await until(lambda: k.logs.counts("good").cuts >= 3)
        await until(lambda: k.told)
        assert k.told[-1] == "cannot keep the log of bad: it is a directory"
        assert await k.lines("bad") == []
        bad.path.rmdir()
        await until(lambda: k.told[-1] is None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_log_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    bad = table(tmp_path, "bad")
    bad.path.write_text("secret\n")
    bad.path.chmod(0)
    async with kept(tmp_path, bad=bad) as k:
        await until(lambda: k.told and "permission denied" in (k.told[-1] or ""))


async def test_what_is_no_file_is_left_alone_without_a_word(tmp_path: Path) -> None:
    async with kept(tmp_path, a=LogTable(path=Path("/dev/null"))) as k:
        assert await k.lines("a") == []
        await until(lambda: k.told)
        assert k.told[-1] is None
    assert not [name for name in os.listdir("/dev") if name.startswith("null.")]  # noqa: PTH208


async def test_whoever_follows_sees_each_line_once_across_rotations(tmp_path: Path) -> None:
    a = table(tmp_path, "a", max_bytes=300_000, keep=1000)
    a.path.touch()
    seen: list[Line] = []
    async with kept(tmp_path, a=a) as k, daemon(a.path, "numbers", 1, 10**9):
        async with asyncio.timeout(30):
            async for line in k.logs.follow("a", 0):
                seen.append(line)
                if len(seen) >= 100_000 and k.logs.counts("a").cuts >= 3:
                    break
    assert [line.text.split()[1] for line in seen] == [str(n) for n in range(len(seen))]
    assert all(line.offset == 100 * n for n, line in enumerate(seen))


async def test_since_shows_what_was_written_since(tmp_path: Path) -> None:
    a = table(tmp_path, "a")
    a.path.write_text("long ago\n")
    os.utime(a.path, (time.time() - 3600, time.time() - 3600))
    async with kept(tmp_path, a=a) as k:
        await until((tmp_path / "a.log.times").exists)
        with a.path.open("a") as file:
            file.write("now\n")
        for since_s, lines in ((7200, ["long ago", "now"]), (600, ["now"])):
            found = await k.logs.tail("a", 10, since_s=since_s)
            assert [line.text for line in found.lines] == lines


async def test_stderr_of_its_own_is_kept_short_too(tmp_path: Path) -> None:
    errors = tmp_path / "a.err"
    a = LogTable(tmp_path / "a.log", max_bytes=100_000, keep=1, compress=False, stderr=errors)
    errors.write_bytes(b"x" * 500_000)
    async with kept(tmp_path, a=a):
        await until(lambda: size_of(errors) <= 100_000)


async def test_who_is_not_there_has_no_log(tmp_path: Path) -> None:
    async with kept(tmp_path) as k:
        with pytest.raises(NoSuch, match="no such daemon"):
            await k.logs.tail("nobody", 1)


async def test_a_log_is_kept_short_though_its_times_cannot_be_written(tmp_path: Path) -> None:
    log = table(tmp_path, "web", max_bytes=100_000, keep=1, compress=False)
    (tmp_path / "web.log.times").mkdir()
    log.path.write_bytes(b"a line of a log\n" * 50_000)
    async with kept(tmp_path, web=log) as k:
        await until(lambda: size_of(log.path) <= 100_000)
        await until(lambda: any(told and "cannot note when" in told for told in k.told))
        (tmp_path / "web.log.times").rmdir()
        with log.path.open("ab") as file:
            file.write(b"one more\n")
        await until(lambda: k.told[-1] is None)
