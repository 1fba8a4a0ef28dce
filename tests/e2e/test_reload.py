"""Reloading a real Ghost, with real processes."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from tests.fakes.real_ghost import RealGhost, program, real_ghost, until

HEAD = """
[web]
listen = "off"
[defaults]
ready_after = "50ms"
restart_delay = "100ms"
"""
SLEEP = 'command = "sleep 60"'
DB, WEB, OLD = (f"[daemon.{name}]\n{SLEEP}\n" for name in ("db", "web", "old"))
TOML = f'{HEAD}{DB}{WEB}after = ["db"]\n{OLD}after = ["web"]\n'


@pytest.fixture
async def ghost(tmp_path: Path) -> AsyncIterator[RealGhost]:
    async with real_ghost(tmp_path, TOML, None) as running:
        await running.all_up()
        yield running


def write(ghost: RealGhost, text: str) -> None:
    (ghost.folder / "ghost.toml").write_text(text)


async def pids(ghost: RealGhost) -> dict[str, int]:
    return {name: d["pid"] for name, d in (await ghost.daemons()).items()}


async def test_only_what_changed_is_touched_and_the_plan_is_what_is_done(ghost: RealGhost) -> None:
    before = await pids(ghost)
    changed = WEB.replace("60", "61")
    new = f'[daemon.new]\n{SLEEP}\nafter = ["web"]\n'
    write(ghost, f'{HEAD}{new}{DB}description = "data"\n{changed}after = ["db"]\n')
    code, planned, _ = await ghost.cli("reload", "--dry-run")
    assert (code, planned.splitlines()) == (
        0,
        [
            "- old: stopped, as it is no longer there",
            "+ new: new",
            "~ web: restarted, as it has another command",
            "= db: not restarted; takes description",
        ],
    )
    assert await pids(ghost) == before
    code, done, err = await ghost.cli("reload")
    assert (code, err) == (0, "")
    assert done.splitlines()[:4] == planned.splitlines()
    assert done.splitlines()[4:] == ["old is down", "web is up", "new is up"]
    after = await pids(ghost)
    assert list(after) == ["new", "db", "web"]
    assert after["db"] == before["db"]
    assert after["web"] not in (None, before["web"])
    assert (await ghost.daemons())["db"]["description"] == "data"
    assert len(await asyncio.to_thread(ghost.marked)) == 3
    assert await ghost.cli("reload") == (0, "nothing has changed\n", "")
    assert list(await ghost.get("/api/registry")) == ["new", "db", "web"]


async def test_a_mistake_keeps_everything_and_all_mistakes_are_told(ghost: RealGhost) -> None:
    before = await pids(ghost)
    write(ghost, f'{HEAD}{DB}comand = "x"\nafter = ["nobody"]\n')
    code, out, err = await ghost.cli("reload")
    assert (code, out) == (2, "")
    assert "did you mean command?" in err
    assert "nobody" in err
    assert await pids(ghost) == before


async def test_settings_of_ghost_itself_are_named_and_another_state_dir_is_refused(
    ghost: RealGhost,
) -> None:
    write(ghost, TOML.replace('"off"', '"127.0.0.1:1"'))
    assert await ghost.cli("reload") == (0, "! [web] listen: needs `ghost upgrade`\n", "")
    config = ghost.folder / "ghost.toml"
    config.write_text(f'[ghost]\nstate_dir = "elsewhere"\n{TOML}')
    answer = await ghost.post("/api/reload")
    assert answer["error"]["code"] == "failed"
    assert "state_dir" in answer["error"]["message"]


async def test_what_a_person_holds_or_stopped_stays_so_and_takes_it_at_its_next_start(
    ghost: RealGhost,
) -> None:
    await ghost.cli("stop", "old")
    await ghost.cli("hold", "web")
    before = await pids(ghost)
    write(ghost, TOML.replace("60", "61"))
    code, done, err = await ghost.cli("reload")
    assert (code, err) == (0, "")
    assert done.splitlines() == [
        "~ db: restarted, as it has another command",
        "= web: takes command with its next start",
        "= old: takes command with its next start",
        "db is up",
    ]
    after = await pids(ghost)
    assert after["web"] == before["web"]
    assert after["old"] is None
    assert after["db"] != before["db"]
    assert (await ghost.daemons())["web"]["word"] == "up, held"
    await ghost.cli("start", "old", "web")
    marked = await asyncio.to_thread(ghost.marked)
    shown = {process.pid: process.cmdline()[-1] for process in marked}
    after = await pids(ghost)
    assert (shown[after["old"]], shown[after["web"]]) == ("61", "60")


async def test_a_new_daemon_is_kept_like_any_other(ghost: RealGhost) -> None:
    write(ghost, f"{TOML}[daemon.new]\n{SLEEP}\n")
    assert (await ghost.cli("reload"))[0] == 0
    pid = (await pids(ghost))["new"]
    process = next(p for p in await asyncio.to_thread(ghost.marked) if p.pid == pid)
    process.kill()
    again = await ghost.daemon("new", lambda d: d["word"] == "up" and d["pid"] != pid)
    assert again["restarts"] == 1
    code, out, _ = await ghost.cli("why", "new")
    assert code == 0
    assert "killed by SIGKILL" in out
    assert await ghost.end() == 0


async def test_a_daemon_that_takes_its_time_to_go_does_not_keep_others_from_answers(
    ghost: RealGhost,
) -> None:
    stubborn = """['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done']"""
    slow = f'[daemon.slow]\nstop_timeout = "1s"\ncommand = {stubborn}\n'
    write(ghost, f"{TOML}{slow}")
    assert (await ghost.cli("reload"))[0] == 0
    write(ghost, TOML)
    going = asyncio.create_task(ghost.cli("reload"))
    await ghost.daemon("slow", lambda d: d["state"] in {"stopping", "killing"})
    refused = await ghost.post("/api/reload")
    assert "another reload is under way" in refused["error"]["message"]
    assert (await going)[0] == 0
    assert list(await ghost.daemons()) == ["db", "web", "old"]


async def test_a_port_that_the_new_file_names_is_no_longer_one_to_choose(ghost: RealGhost) -> None:
    serve = "import os, signal, socket; s = socket.create_server(('', int(os.environ['PORT'])))"
    command = json.dumps([sys.executable, "-S", "-c", f"{serve}; signal.pause()"])
    chooser = f'[daemon.chooser]\ncommand = {command}\nport = "auto"\n'
    write(ghost, f"{TOML}{chooser}")
    assert (await ghost.cli("reload"))[0] == 0
    port = (await ghost.daemons())["chooser"]["port"]
    owner = f"[daemon.owner]\n{SLEEP}\nport = {port}\nautostart = false\n"
    write(ghost, f"{TOML}{chooser}{owner}")
    assert (await ghost.cli("reload"))[0] == 0
    assert (await ghost.daemons())["chooser"]["port"] == port  # it runs, and is not touched
    assert (await ghost.cli("restart", "chooser"))[0] == 0
    assert (await ghost.daemons())["chooser"]["port"] not in (None, port)


async def test_another_kill_holds_at_once_without_a_restart(ghost: RealGhost) -> None:
    command = program("fork_children.py", "own_session-term")
    family = f'[daemon.family]\ncommand = {command}\nstop_timeout = "300ms"\n'
    write(ghost, f'{TOML}{family}kill = "leader"\n')
    assert (await ghost.cli("reload"))[0] == 0
    log = ghost.folder / ".ghost" / "logs" / "family.log"
    await until(lambda: "ready" in log.read_text(), "its child")
    pid = (await pids(ghost))["family"]
    write(ghost, f"{TOML}{family}")
    assert (await ghost.cli("reload"))[1] == "= family: not restarted; takes kill\n"
    assert (await pids(ghost))["family"] == pid
    assert (await ghost.cli("stop", "family"))[0] == 0
    left = [p for p in await asyncio.to_thread(ghost.marked) if "/family/" in marker(p)]
    assert not left


def marker(process: psutil.Process) -> str:
    return str(process.environ().get("GHOST_UNIT", ""))


@pytest.mark.alone
async def test_a_file_that_is_being_written_is_read_once_it_is_whole(ghost: RealGhost) -> None:
    before = await pids(ghost)

    def slowly() -> None:
        for _ in range(90):  # until long after the command has begun
            write(ghost, f"{HEAD}{DB}")  # without a mistake, and without web and old
            time.sleep(0.01)
        write(ghost, TOML)

    writing = asyncio.create_task(asyncio.to_thread(slowly))
    code, out, err = await ghost.cli("reload", "--dry-run")
    await writing
    assert (code, out) == (0, "nothing has changed\n"), err
    assert await pids(ghost) == before
