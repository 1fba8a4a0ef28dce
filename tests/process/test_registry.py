"""The registry: whole or old, never torn, and what of it still holds."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from signal import SIGKILL

import pytest

from ghostbot.core.daemon import Daemon, Exit, Proc, State, Wanted
from ghostbot.core.restart import Record
from ghostbot.process import registry as module
from ghostbot.process.identity import boot_id
from ghostbot.process.registry import Registry
from tests.fakes.house import until

# As the system that Ghost replaces wrote them.
OLD = {
    "ghost-bridge": {"alive": True, "timestamp": "2025-07-27T05:39:48.749Z"},
    "realtime-monitor": {"alive": False, "timestamp": "2025-07-27T05:39:52.013Z"},
}
FIRST = {"ghost-bridge": {"alive": False}, "patch-executor": {"alive": False}}


TIMES = ("deadline", "since", "held_until")


def full() -> Daemon:
    """Return a daemon with every field set."""
    return Daemon(
        name="web",
        state=State.BACKOFF,
        wanted=Wanted.UP,
        proc=Proc(4711, 99, boot_id()),
        gate=("db",),
        renewal="app.py changed",
        drilled=True,
        fault="exited 1",
        record=Record(unforgiven=2, deaths=(1.5, 2.5), trips=1, flapping=True),
        deadline=time.monotonic() + 5,
        since=time.monotonic(),
        done=True,
        held_until=time.monotonic() + 9,
        stopped=True,
        exits=(Exit(1, "exited 1", 1.5), Exit(-9, "killed by SIGKILL", 2.5)),
        by="alice",
        starts=7,
        restarts=3,
    )


async def test_a_daemon_comes_back_as_it_was_noted(tmp_path: Path) -> None:
    path = tmp_path / "process-registry.json"
    first = Registry(path, run_of=lambda _: "run1")
    first.note(full())
    assert await first.flushed()
    await first.close()
    raw = json.loads(path.read_text())
    assert set(raw) == {"web"}
    assert raw["web"]["alive"] is False
    assert raw["web"]["timestamp"].endswith("Z")
    assert raw["web"]["run"] == "run1"
    second = Registry(path)
    (loaded,) = second.load().values()
    assert loaded == full_like(loaded)
    assert second.notes == ()
    await second.close()


def full_like(loaded: Daemon) -> Daemon:
    """Return `full()` with the instants of `loaded`, which were read from a running clock."""
    d = full()
    assert loaded.deadline is not None
    assert d.deadline is not None
    assert abs(loaded.deadline - d.deadline) < 5
    return Daemon(
        **{field: getattr(loaded if field in TIMES else d, field) for field in Daemon.__slots__}
    )


def test_every_field_of_a_daemon_is_recorded() -> None:
    """A field that `full` leaves at its default would be lost without a test seeing it."""
    plain, d = Daemon(name="other"), full()
    same = {f for f in Daemon.__slots__ if getattr(d, f) == getattr(plain, f)}
    assert same == {"policy", "rested_at"}  # one is the file's, and one this Ghost's own clock


async def test_of_another_boot_only_wishes_and_totals_hold(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    first = Registry(path)
    first.note(full())
    until = time.monotonic() + 3600
    first.note(Daemon(name="held", state=State.UP, wanted=Wanted.HELD, held_until=until, starts=2))
    first.note(Daemon(name="stopped", stopped=True, starts=4))
    await first.close()
    path.write_text(path.read_text().replace(boot_id(), "another-boot"))
    loaded = Registry(path).load()
    known = Daemon(name="web", wanted=Wanted.DOWN, stopped=True, by="alice", starts=7)
    assert loaded["web"] == known
    assert loaded["stopped"] == Daemon(name="stopped", stopped=True, starts=4)
    held = loaded["held"]
    assert (held.state, held.wanted, held.proc) == (State.DOWN, Wanted.HELD, None)
    assert held.held_until == pytest.approx(until, abs=2)


@pytest.mark.parametrize("old", [OLD, FIRST])
async def test_files_of_the_old_system_are_read_without_a_crash(
    tmp_path: Path, old: dict[str, object]
) -> None:
    path = tmp_path / "registry.json"
    path.write_text(json.dumps(old, indent=2))
    registry = Registry(path)
    assert registry.load() == {}
    assert registry.notes == ()
    registry.note(Daemon(name="web"))
    await registry.close()
    assert set(json.loads(path.read_text())) == {*old, "web"}


@pytest.mark.parametrize("data", [b"", b"{", b"[1, 2]", b"\xff\xfe\x00garbage", b"null", b"7"])
async def test_a_file_that_makes_no_sense_is_kept_aside_and_told(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "registry.json"
    path.write_bytes(data)
    registry = Registry(path)
    assert registry.load() == {}
    assert "makes no sense" in registry.notes[0]
    assert (tmp_path / "registry.json.corrupt-1").read_bytes() == data
    assert registry.load() == {}
    assert (tmp_path / "registry.json.corrupt-2").read_bytes() == data


@pytest.mark.parametrize(
    "broken",
    [
        {"alive": "yes"},
        {},
        7,
        None,
        {"alive": True, "state": "lost"},
        {"alive": True, "state": "up", "wanted": "up", "starts": None},
    ],
)
async def test_one_broken_record_spoils_no_other(tmp_path: Path, broken: object) -> None:
    path = tmp_path / "registry.json"
    first = Registry(path)
    first.note(Daemon(name="web", starts=3))
    await first.close()
    path.write_text(json.dumps({**json.loads(path.read_text()), "bad": broken}))
    second = Registry(path)
    assert set(second.load()) == {"web"}
    assert any("record of bad" in note for note in second.notes)
    assert (tmp_path / "registry.json.corrupt-1").exists()


async def test_a_hundred_changes_cost_few_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, real = [], module._replace
    monkeypatch.setattr(module, "_replace", lambda path, data: (writes.append(1), real(path, data)))
    registry = Registry(tmp_path / "registry.json")
    for number in range(100):
        registry.note(Daemon(name="web", starts=number))
        await asyncio.sleep(0)
        if number % 10 == 0:
            await asyncio.sleep(0.005)
    assert await registry.flushed()
    await registry.close()
    assert len(writes) <= module.BURST + 3
    (loaded,) = Registry(tmp_path / "registry.json").load().values()
    assert loaded.starts == 99


async def test_a_disk_that_refuses_is_told_once_it_is_over_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    folder, told = tmp_path / "state", []
    folder.write_text("no folder")
    registry = Registry(folder / "registry.json", told.append)
    registry.note(Daemon(name="web"))
    assert not await registry.flushed()
    assert "cannot write" in told[0]
    folder.unlink()
    await until(lambda: told[-1] is None)
    assert (folder / "registry.json").exists()
    await registry.close()


async def test_what_was_read_stays_until_it_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    first = Registry(path)
    first.note(Daemon(name="web"))
    first.note(Daemon(name="old"))
    await first.close()
    second = Registry(path)
    second.load()
    second.note(Daemon(name="new"))
    await second.flushed()
    assert set(json.loads(path.read_text())) == {"web", "old", "new"}
    second.forget("old")
    await second.close()
    assert set(json.loads(path.read_text())) == {"web", "new"}


WRITER = """
import itertools, sys
from pathlib import Path
from ghostbot.process.registry import _replace
for n in itertools.count():
    _replace(Path(sys.argv[1]), (('{"n": %d, "' % n) + "x" * 20000 + '": 1}').encode())
"""


async def test_killed_at_any_moment_the_file_is_old_or_new(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    for pause_s in (0.0, 0.003, 0.0071, 0.011, 0.017):
        writer = await asyncio.to_thread(
            subprocess.Popen, [sys.executable, "-c", WRITER, str(path)], cwd=Path.cwd()
        )
        seen = path.stat().st_mtime_ns if path.exists() else 0
        await until(lambda was=seen: path.exists() and path.stat().st_mtime_ns != was)
        for _ in range(40):  # and at any moment a reader sees it whole
            assert json.loads(path.read_bytes())["n"] >= 0
        await asyncio.sleep(pause_s)
        writer.send_signal(SIGKILL)
        await asyncio.to_thread(writer.wait)
        assert json.loads(path.read_bytes())["n"] >= 0
