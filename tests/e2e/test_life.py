"""Ghost's own life and death, with real daemons on a real machine."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ghostbot.playground import Playground
from tests.fakes.real_ghost import RealGhost, program, real_ghost, until

pytestmark = pytest.mark.timeout(120)

HEAD = """
[web]
listen = "off"
[defaults]
ready_after = "200ms"
stop_timeout = "500ms"
"""
HOUSE = f"""{HEAD}
[daemon.web]
command = {program("counter.py")}
[daemon.worker]
command = {program("counter.py")}
after = ["web"]
[daemon.stubborn]
command = {program("ignore_term.py")}
[daemon.family]
command = {program("fork_children.py", "group", "own_group", "own_session", "double_fork")}
[daemon.once]
command = ["true"]
kind = "oneshot"
"""


def pids(daemons: dict[str, dict[str, object]]) -> dict[str, object]:
    return {name: d["pid"] for name, d in daemons.items() if d["pid"]}


def leads(pid: int) -> bool:
    with suppress(ProcessLookupError):  # it has just crashed
        return os.getsid(pid) == pid
    return False


async def test_a_killed_ghost_leaves_its_daemons_and_the_next_one_takes_them_back(
    tmp_path: Path,
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = pids(await ghost.all_up())
        for _ in range(3):
            await ghost.end(signal.SIGKILL)
            await ghost.up()
            assert pids(await ghost.all_up()) == before
        counts = {name: d["starts"] for name, d in (await ghost.daemons()).items()}
        assert set(counts.values()) == {1}


async def test_ghost_killed_at_random_moments_neither_loses_nor_doubles_a_daemon(
    tmp_path: Path,
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201  to run it again
    chance = random.Random(seed)
    churn = f"""
[daemon.crasher]
command = {program("exit_after.py", 0.3, 1)}
restart_delay = "50ms"
max_restarts = 1000
slow_restarts = 1000
"""
    async with real_ghost(tmp_path, HOUSE + churn, None) as ghost:
        steady = [n for n in await ghost.daemons() if n not in {"crasher", "once"}]
        for name in steady:
            await ghost.daemon(name, lambda d: d["word"] == "up")
        before = {n: d["pid"] for n, d in (await ghost.daemons()).items() if n in steady}
        for _ in range(8):
            await asyncio.sleep(chance.uniform(0, 0.4))  # the moment of the kill is the test
            await ghost.end(signal.SIGKILL)
            await ghost.up()
        now = await ghost.daemons()
        assert {n: d["pid"] for n, d in now.items() if n in steady} == before
        crashers = [p.pid for p, unit in ghost.units().items() if "/crasher/" in unit]
        assert len([pid for pid in crashers if leads(pid)]) <= 1


async def test_no_line_of_a_daemon_is_lost_when_ghost_dies(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await ghost.all_up()
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        await ghost.all_up()
        log = tmp_path / ".ghost" / "logs" / "web.log"
        lines = await until(lambda: found if len(found := numbers(log)) > 20 else None, "20 lines")
        assert lines == list(range(lines[0], lines[0] + len(lines)))


def numbers(log: Path) -> list[int]:
    """Return the numbers that counter.py wrote, whole lines only."""
    whole = log.read_bytes().rpartition(b"\n")[0].splitlines()
    return [int(line.split()[1]) for line in whole]


def has_ended(pid: int) -> bool:
    """Tell whether a process runs no more; init may take its time to collect it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_a_daemon_that_died_while_ghost_was_away_is_noticed_once(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        web = (await ghost.all_up())["web"]
        await ghost.end(signal.SIGKILL)
        os.kill(web["pid"], signal.SIGKILL)
        await until(lambda: has_ended(web["pid"]), "the end of web")
        await ghost.up()
        again = await ghost.daemon("web", lambda d: d["word"] == "up")
        assert (again["starts"], again["restarts"]) == (2, 1)
        last = again["last_exit"]
        assert last["code"] is None
        # Its zombie tells how it ended, for as long as the machine's init leaves it there.
        assert (last["signal"], last["reason"]) in {
            (None, "exited, code unknown"),
            ("SIGKILL", "killed by SIGKILL"),
        }


async def test_the_death_of_an_adopted_daemon_is_an_event_with_its_code(tmp_path: Path) -> None:
    once = f"{HEAD}\n[daemon.late]\ncommand = {program('exit_on_hup.py', 42)}\nrestart = 'never'\n"
    async with real_ghost(tmp_path, once, None) as ghost:
        pid = (await ghost.all_up())["late"]["pid"]
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        await ghost.all_up()
        os.kill(pid, signal.SIGHUP)
        dead = await ghost.daemon("late", lambda d: d["state"] == "down")
        assert dead["last_exit"]["code"] in {42, None}  # unknown before Linux 6.15, never 0
        assert os.uname().release < "6.15" or dead["last_exit"]["code"] == 42


async def test_sigterm_ends_ghost_alone_and_down_ends_everything(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        before = pids(await ghost.all_up())
        assert await ghost.end(signal.SIGTERM) == 0
        assert all(psutil.pid_exists(pid) for pid in before.values())  # type: ignore[arg-type]
        await ghost.up()
        assert pids(await ghost.all_up()) == before
        code, out, err = await ghost.cli("down")
        assert (code, err) == (0, "")
        assert "Ghost is down" in out
        assert ghost.marked() == []


async def test_ctrl_c_stops_the_daemons_and_a_second_one_leaves_the_rest(tmp_path: Path) -> None:
    slow = HOUSE.replace('stop_timeout = "500ms"', 'stop_timeout = "30s"')
    async with real_ghost(tmp_path, slow, None) as ghost:
        stubborn = (await ghost.all_up())["stubborn"]["pid"]
        assert ghost.process is not None
        ghost.process.send_signal(signal.SIGINT)
        await until(lambda: "Stopping the daemons" in ghost.out.read_text(), "the first word")
        assert await ghost.end(signal.SIGINT) == 0
        assert psutil.pid_exists(stubborn)
        assert "Leaving the daemons running" in ghost.out.read_text()


async def test_what_a_person_stopped_stays_stopped_over_ghosts_death_and_down(
    tmp_path: Path,
) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await ghost.all_up()
        assert (await ghost.cli("stop", "worker"))[0] == 0
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        assert (await ghost.daemons())["worker"]["word"] == "down"
        await ghost.cli("down")
        await ghost.up()
        await ghost.daemon("web", lambda d: d["word"] == "up")
        assert (await ghost.daemons())["worker"]["word"] == "down"


async def test_stop_leaves_no_descendant_of_any_kind(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await ghost.all_up()

        def family() -> list[psutil.Process]:
            return [p for p, unit in ghost.units().items() if "/family/" in unit]

        await until(lambda: len(family()) == 5, "four kinds of children")
        code, out, _ = await ghost.cli("stop", "family", "stubborn")
        assert code == 0, out
        assert family() == []


async def test_a_second_ghost_is_refused_and_names_the_first(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        assert ghost.process is not None
        code, _, err = await ghost.cli("up")
        assert code == 1
        assert f"pid {ghost.process.pid}" in err


async def test_every_mistake_is_told_at_once_and_nothing_is_started(tmp_path: Path) -> None:
    bad = """
[daemon.web]
comand = "true"
restart_delay = 5
[daemon.db]
command = "no-such-program-anywhere"
after = ["wbe"]
"""
    ghost = RealGhost(tmp_path, bad, {})
    code, _, err = await ghost.cli("up")
    assert code == 2
    for said in (
        "ghost.toml:3: daemon.web.comand",
        "did you mean command",
        "no-such-program",
        "did you mean web",
    ):
        assert said in err
    assert not (tmp_path / ".ghost" / "process-registry.json").exists()


async def test_a_missing_token_is_said_plainly_and_the_daemons_run(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        await ghost.all_up()
        said = (await ghost.get("/api/daemons"))["slack"]
        assert said == "off, SLACK_BOT_TOKEN and SLACK_APP_TOKEN missing"
        assert (await ghost.get("/health"))["slack"] == said


async def test_a_token_that_slack_refuses_is_named_with_the_way_out(
    slack: Playground, tmp_path: Path
) -> None:
    wrong = {"SLACK_BOT_TOKEN": "xoxb-none-of-theirs"}
    async with real_ghost(tmp_path, HOUSE, slack, **wrong) as ghost:
        await ghost.all_up()
        deadline = asyncio.get_running_loop().time() + 10
        while "invalid_auth" not in (said := (await ghost.get("/api/daemons"))["slack"]):
            assert asyncio.get_running_loop().time() < deadline, said
            await asyncio.sleep(0.05)
        assert "SLACK_BOT_TOKEN" in said
        assert len([c for c in slack.calls if c.method == "auth.test"]) < 4  # no hot loop


async def test_slack_going_away_is_never_felt_by_the_daemons(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, HOUSE, slack) as ghost:
        web = (await ghost.all_up())["web"]
        await slack.stop()
        os.kill(web["pid"], signal.SIGKILL)
        again = await ghost.daemon("web", lambda d: d["starts"] == 2 and d["word"] == "up")
        assert again["restarts"] == 1


async def test_a_taken_port_of_ghosts_own_is_named_and_stops_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        house = HOUSE.replace('listen = "off"', f'listen = "127.0.0.1:{port}"')
        async with real_ghost(tmp_path, house, None) as ghost:
            await ghost.all_up()
            answer = await ghost.get("/api/daemons")
            assert any(f"({os.getpid()})" in line for line in answer["troubles"]), answer
            code, out, _ = await ghost.cli("status")
            assert code == 0
            assert "port is taken by" in out


async def test_a_daemon_whose_port_a_stranger_holds_waits_and_says_for_whom(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        server = json.dumps(["python3", "-m", "http.server", "--bind", "127.0.0.1", str(port)])
        house = f"{HEAD}\n[daemon.site]\ncommand = {server}\nport = {port}\n"
        async with real_ghost(tmp_path, house, None) as ghost:
            waiting = await ghost.daemon("site", lambda d: d["state"] == "waiting")
            assert f"port {port}" in waiting["word"]
            assert str(os.getpid()) in waiting["word"]
            stranger.close()
            up = await ghost.daemon("site", lambda d: d["word"] == "up")
            assert up["restarts"] == 0


async def test_an_unknown_name_is_exit_four_with_the_nearest(tmp_path: Path) -> None:
    async with real_ghost(tmp_path, HOUSE, None) as ghost:
        code, _, err = await ghost.cli("restart", "wbe")
        assert (code, "did you mean web?" in err) == (4, True)


async def test_without_a_ghost_the_hands_say_so(tmp_path: Path) -> None:
    ghost = RealGhost(tmp_path, HOUSE, {})
    code, _, err = await ghost.cli("status")
    assert code == 3
    assert "ghost up" in err


async def test_an_order_that_still_waits_does_not_hold_up_ghosts_end(tmp_path: Path) -> None:
    never = f"{HEAD}\n[daemon.late]\ncommand = ['sleep', '600']\nport = 1\nstart_timeout = '1h'\n"
    async with real_ghost(tmp_path, never, None) as ghost:
        await ghost.daemon("late", lambda d: d["state"] == "starting")
        order = asyncio.create_task(ghost.cli("restart", "late"))
        await ghost.daemon("late", lambda d: d["starts"] == 2)
        began = asyncio.get_running_loop().time()
        assert await ghost.end(signal.SIGTERM) == 0
        assert asyncio.get_running_loop().time() - began < 5
        code, _, err = await order
        assert code != 0, err
