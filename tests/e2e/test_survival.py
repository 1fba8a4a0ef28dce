"""Ghost is killed at any moment: its daemons live on, write on, and are never there twice."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.fakes.real_ghost import PROGRAMS, until
from tests.fakes.survival import STEADY, Survival, survival

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform != "linux", reason="macOS: see docs/platforms.md"),
]
ROUNDS = 25
AIMED = 5  # rounds for each window


async def test_ghost_killed_at_random_moments_under_load_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with survival(tmp_path) as s:
        await s.ghost.up()
        await s.begun()
        await s.kill()
        for _ in range(ROUNDS):
            await s.round()
        assert await s.end() > ROUNDS // 2, "most of these Ghosts cut the logs"


async def test_ghost_killed_inside_a_stops_grace_ends_the_stop_in_its_next_life(
    tmp_path: Path,
) -> None:
    async with survival(tmp_path) as s:
        await s.ghost.up()
        await s.begun()
        for _ in range(AIMED):
            await s.ghost.daemon("stubborn", lambda d: d["word"] == "up")
            await s.ghost.post("/api/daemons/stubborn/stop")
            await until(lambda: s.recorded("stubborn") == "stopping", "the stop on disk")
            await asyncio.sleep(s.chance.uniform(0, 0.25))  # of 0.3 s
            await s.kill()
            s.check()
            await s.ghost.up()
            down = await s.ghost.daemon("stubborn", lambda d: d["state"] == "down")
            assert down["wanted"] == "down"
            await s.ghost.post("/api/daemons/stubborn/start?wait=true")
        await s.kill()
        await s.end()


async def test_an_order_that_was_answered_is_kept_by_the_next_ghost(tmp_path: Path) -> None:
    """Nobody waits for it to come true; Ghost is killed right behind the answer."""
    async with survival(tmp_path) as s:
        await s.ghost.up()
        await s.begun()
        orders = [("stop", "crasher"), ("hold", "crasher2"), ("start", "db"), ("restart", "web")]
        s.pids = {name: s.pids[name] for name in ("worker", "family")}
        for _ in range(AIMED):
            await s.ghost.post("/api/daemons/db/stop?wait=true")
            web = await s.ghost.daemon("web", lambda d: d["word"] == "up")
            s.chance.shuffle(orders)
            for verb, name in orders:
                given = await s.ghost.post(f"/api/daemons/{name}/{verb}")
                assert "error" not in given, given
            await s.kill()
            s.check()
            await s.ghost.up()
            old = web["pid"]
            await s.ghost.daemon("web", lambda d, old=old: d["word"] == "up" and d["pid"] != old)  # type: ignore[misc]
            await s.ghost.daemon("db", lambda d: d["word"] == "up")
            await s.ghost.daemon("crasher", lambda d: (d["state"], d["wanted"]) == ("down", "down"))
            await s.ghost.daemon("crasher2", lambda d: d["wanted"] == "held")
            for name in ("crasher", "crasher2"):
                await s.ghost.post(f"/api/daemons/{name}/start")
        await s.kill()


async def test_ghost_killed_between_a_clone_and_its_journal_line_finds_the_process(
    tmp_path: Path,
) -> None:
    journal = str(tmp_path / ".ghost" / "journal" / "spawns.jsonl")
    async with survival(tmp_path) as s:
        for _ in range(AIMED):
            # Each start writes two lines: before the clone, and after it.
            nth = 2 * s.chance.randint(1, 4)
            await s.begin("-P", journal, "-e", f"inject=write:signal=KILL:when={nth}")
            await s.died()
            s.pids |= {n: pid for n, pid in leaders(s).items() if n in STEADY}
            assert s.pids
        await s.ghost.up()
        await s.begun()
        await s.kill()
        await s.end()


@pytest.mark.parametrize(
    "lost",
    [["process-registry.json"], ["journal/spawns.jsonl"], ["process-registry.json", "journal"]],
    ids=["registry", "journal", "both"],
)
@pytest.mark.parametrize("how", ["missing", "garbage"])
async def test_lost_files_lose_and_double_no_daemon(
    tmp_path: Path, lost: list[str], how: str
) -> None:
    async with survival(tmp_path) as s:
        await s.ghost.up()
        await s.begun()
        await s.kill()
        for name in lost:
            path = tmp_path / ".ghost" / name
            if path.is_dir():
                path = path / "spawns.jsonl"
            path.unlink()
            if how == "garbage":
                path.write_bytes(b'{"web": {"alive": tr\0\xff')
        await s.end()


async def test_a_state_directory_that_was_moved_keeps_its_daemons(tmp_path: Path) -> None:
    """Its name is in the markers of what was started before: they count all the same."""
    async with survival(tmp_path) as s:
        await s.ghost.up()
        await s.begun()
        await s.kill()
        (tmp_path / ".ghost").rename(tmp_path / "moved")
        s.ghost.state_dirs.append(tmp_path / "moved")
        with s.ghost.config.open("a") as config:
            config.write('[ghost]\nstate_dir = "moved"\n')
        await s.ghost.up()
        daemons = await s.ghost.daemons()
        assert {n: daemons[n]["pid"] for n in s.pids} == s.pids
        assert {n: daemons[n]["restarts"] for n in s.pids} == dict.fromkeys(s.pids, 0)
        code, out, err = await s.ghost.cli("down")
        assert (code, s.ghost.marked()) == (0, []), out + err


async def test_the_programs_of_these_tests_notice_a_second_copy(tmp_path: Path) -> None:
    """Without this, none of the tests above could fail for a doubled daemon."""
    async with survival(tmp_path) as s:
        await s.ghost.up()
        await s.begun()
        await s.kill()
        web = tmp_path / ".ghost" / "logs" / "web.log"
        words = (str(PROGRAMS / "alone.py"), str(tmp_path / "web"))
        with web.open("ab") as out:
            copy = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=out)
        assert await copy.wait() == 99
        with pytest.raises(AssertionError, match="doubled"):
            await s.end()


def leaders(s: Survival) -> dict[str, int]:
    """Return the living by name, of those that fork nobody."""
    return {unit.split("/")[1]: p.pid for p, unit in s.ghost.units().items()}


@pytest.mark.parametrize("call", ["pidfd_open", "rename", "prctl", "epoll_ctl"])
async def test_ghost_killed_inside_adoption_leaves_all_to_the_next(
    tmp_path: Path, call: str
) -> None:
    async with survival(tmp_path) as s:
        await s.ghost.up()
        await s.begun()
        await s.kill()
        for _ in range(AIMED):
            nth = 1 if call in {"rename", "prctl"} else s.chance.randint(1, 6)
            await s.begin("-e", f"inject={call}:signal=KILL:when={nth}")
            await s.died()
        await s.end()
