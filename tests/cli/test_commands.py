"""The `ghost` command as a process, before real doors."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ghostbot.core.daemon import State, Unspawned
from ghostbot.process.presence import state_id
from tests.fakes.doors import Asked, open_doors

GhostRun = subprocess.CompletedProcess[str]


def run(folder: Path, *words: str, **environ: str) -> GhostRun:
    """Run `ghost` in a folder, and wait for its end."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GHOST_", "SLACK_"))}
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-m", "ghostbot", *words],
        cwd=folder,
        env={**env, "PYTHONPATH": root, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    (tmp_path / "ghost.toml").write_text('[daemon.web]\ncommand = "true"\n')
    async with open_doors(tmp_path / ".ghost", listen=None) as opened:
        await opened.ask("POST /api/orders?wait=true", {"verb": "start", "all": True})
        yield opened


@pytest.fixture
def ghost(asked: Asked) -> Callable[..., asyncio.Future[GhostRun]]:
    def ask(*words: str, **environ: str) -> asyncio.Future[GhostRun]:
        call = asyncio.to_thread(run, asked.state_dir.parent, *words, **environ)
        return asyncio.ensure_future(call)

    return ask


Ask = Callable[..., asyncio.Future[GhostRun]]


async def test_status_is_an_aligned_table_in_words_without_colour(ghost: Ask) -> None:
    ran = await ghost("status")
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0
    assert lines[0].split()[:3] == ["NAME", "STATUS", "PID"]
    assert [line.split()[:2] for line in lines[1:3]] == [["web", "up"], ["worker", "up"]]
    assert len({line.index(word) for line, word in zip(lines, ("STATUS", "up"), strict=False)}) == 1
    assert lines[-1] == "Slack: off"
    assert "\x1b" not in ran.stdout


async def test_status_json_is_what_the_api_gives(asked: Asked, ghost: Ask) -> None:
    every = json.loads((await ghost("status", "--json")).stdout)
    given = (await asked.ask("GET /api/daemons")).json
    assert list(every) == list(given)
    assert [d["name"] for d in every["daemons"]] == ["web", "worker"]
    one = json.loads((await ghost("status", "worker", "--json")).stdout)
    assert [d["name"] for d in one["daemons"]] == ["worker"]


async def test_an_unknown_name_is_exit_4_with_the_nearest(ghost: Ask) -> None:
    for words in (["status", "wbe"], ["restart", "wbe"], ["logs", "wbe"]):
        ran = await ghost(*words)
        assert (ran.returncode, ran.stdout) == (4, "")
        assert "no such daemon (did you mean web?)" in ran.stderr


async def test_an_unknown_name_near_none_is_told_which_there_are(ghost: Ask) -> None:
    for words in (["status", "nobody"], ["why", "nobody"], ["restart", "nobody"]):
        assert "no such daemon (there are web, worker)" in (await ghost(*words)).stderr


async def test_top_shows_who_runs_with_what_it_takes(ghost: Ask) -> None:
    lines = (await ghost("top")).stdout.splitlines()
    assert lines[0].split() == ["NAME", "CPU", "MEMORY", "PID"]
    assert {line.split()[0] for line in lines[1:]} == {"web", "worker"}
    assert len(json.loads((await ghost("top", "--json")).stdout)["daemons"]) == 2


async def test_an_order_returns_when_it_is_true_and_says_it_for_each(
    asked: Asked, ghost: Ask
) -> None:
    ran = await ghost("stop", "--all")
    assert (ran.returncode, ran.stdout) == (0, "web is down\nworker is down\n")
    assert asked.kennel.state("web") is State.DOWN
    ran = await ghost("start", "worker")
    assert ran.returncode == 1
    assert "comes after web, which a person stopped" in ran.stderr


async def test_an_order_that_fails_is_exit_1_with_the_reason(asked: Asked, ghost: Ask) -> None:
    asked.kennel.runs.refuse["worker"] = Unspawned("no such file: true", own=False)
    ran = await ghost("restart", "web", "worker")
    assert ran.returncode == 1
    assert ran.stdout.startswith("web is up (pid ")
    assert ran.stderr.startswith("ghost: worker did not come up: no such file: true")


@pytest.mark.parametrize(
    "words",
    [
        ["stop"],
        ["stop", "web", "--all"],
        ["logs"],
        ["logs", "web", "--grep", "("],
        ["logs", "web", "-n", "-1"],
        ["hold", "web", "--for", "2x"],
        ["silence", "web", "5"],
        ["status", "--colour"],
        ["stauts"],
    ],
)
async def test_bad_usage_is_exit_2_and_does_nothing(
    asked: Asked, ghost: Ask, words: list[str]
) -> None:
    ran = await ghost(*words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr
    assert asked.kennel.state("web") is State.UP


async def test_an_unknown_command_gets_the_nearest_one(ghost: Ask) -> None:
    assert "no such command (did you mean status?)" in (await ghost("stauts")).stderr


async def test_logs_are_matched_by_a_regular_expression_here(asked: Asked, ghost: Ask) -> None:
    log = asked.state_dir / "logs" / "web.log"
    log.write_text("".join(f"line {n}\n" for n in range(100)))
    assert (await ghost("logs", "web", "-n", "2")).stdout == "line 98\nline 99\n"
    found = await ghost("logs", "web", "--grep", r"line \d$", "-n", "2")
    assert found.stdout == "line 8\nline 9\n"
    as_json = await ghost("logs", "web", "-n", "1", "--json")
    assert json.loads(as_json.stdout) == {"daemon": "web", "offset": 782, "line": "line 99"}


async def test_without_ghost_every_client_verb_is_exit_3(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text("")
    for words in (["status"], ["stop", "web"], ["logs", "web"], ["down"]):
        ran = await asyncio.to_thread(run, tmp_path, *words)
        assert (ran.returncode, ran.stdout) == (3, "")
        assert ran.stderr == (
            f"ghost: Ghost is not running here (state directory {tmp_path / '.ghost'}); "
            "start it with `ghost up`\n"
        )


async def test_a_broken_file_does_not_cut_off_control(asked: Asked, ghost: Ask) -> None:
    (asked.state_dir.parent / "ghost.toml").write_text("[daemon.web\n")
    assert (await ghost("status")).returncode == 0


async def test_the_config_is_found_by_option_variable_and_folder(
    asked: Asked, tmp_path: Path
) -> None:
    here = asked.state_dir.parent
    below = here / "a" / "b"
    below.mkdir(parents=True)
    file = str(here / "ghost.toml")
    for folder, words, environ in (
        (below, ["status"], {}),
        (Path("/"), ["-c", file, "status"], {}),
        (Path("/"), ["status", "-c", file], {}),
        (Path("/"), ["status"], {"GHOST_CONFIG": file}),
    ):
        ran = await asyncio.to_thread(run, folder, *words, **environ)
        assert (ran.returncode, ran.stderr) == (0, "")


async def test_config_check_tells_every_mistake_and_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text('[daemon.web]\ncommand = "true"\nport = -1\nprot = 1\n')
    ran = await asyncio.to_thread(run, tmp_path, "config", "check")
    assert ran.returncode == 2
    assert "ghost.toml:3: daemon.web.port" in ran.stderr
    assert "ghost.toml:4: daemon.web.prot: unknown key (did you mean port?)" in ran.stderr
    (tmp_path / "ghost.toml").write_text('[daemon.web]\ncommand = "true"\n')
    ran = await asyncio.to_thread(run, tmp_path, "config", "check")
    assert (ran.returncode, ran.stdout) == (0, "ghost.toml is fine: 1 daemon\n")


async def test_ghost_alone_shows_the_two_commands_to_begin_with(tmp_path: Path) -> None:
    ran = await asyncio.to_thread(run, tmp_path)
    assert ran.returncode == 0
    for said in ("ghost up", "ghost status", "Stop all daemons, then Ghost itself"):
        assert said in ran.stdout


async def test_why_backoff_and_registry_are_read_by_people_and_programs(
    asked: Asked, ghost: Ask
) -> None:
    asked.kennel.runs.refuse["web"] = Unspawned("no such file: true", own=False)
    asked.kennel.runs.die("web", 3)
    await asked.kennel.until(lambda: asked.kennel.state("web") is State.BLOCKED)
    told = (await ghost("why", "web")).stdout
    assert "it has been blocked for" in told
    assert "next: one start is tried in" in told
    assert "web  blocked, breaker open: 3 of 3 deaths" in (await ghost("backoff")).stdout
    assert "web  blocked since" in (await ghost("registry")).stdout
    for words in (["why", "web"], ["backoff"], ["registry"]):
        assert json.loads((await ghost(*words, "--json")).stdout)
    assert (await ghost("why", "wbe")).returncode == 4


async def test_hold_and_reset_say_what_became_of_it(asked: Asked, ghost: Ask) -> None:
    ran = await ghost("hold", "web", "--for", "2h")
    assert (ran.returncode, ran.stdout) == (0, "web is held for 2 h\n")
    assert asked.kennel.ghost.daemon("web").word == "up, held"
    assert (await ghost("hold", "web", "--for", "ever")).returncode == 2
    ran = await ghost("reset", "--all")
    assert (ran.returncode, ran.stdout.splitlines()[0][:12]) == (0, "web is reset")


def test_sweep_works_without_a_ghost_and_with_every_file_lost(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text("")
    ran = run(tmp_path, "sweep")
    assert (ran.returncode, ran.stdout) == (0, "nothing that Ghost started runs without a record\n")
    mark = f"{state_id(tmp_path / '.ghost')}/web/r1"
    stray = subprocess.Popen(["sleep", "60"], env={**os.environ, "GHOST_UNIT": mark})
    try:
        found = json.loads(run(tmp_path, "sweep", "--json").stdout)
        assert [(s["pid"], s["daemon"]) for s in found["strays"]] == [(stray.pid, "web")]
        assert stray.poll() is None
        ran = run(tmp_path, "sweep", "--kill")
        assert ran.returncode == 0
        assert ran.stdout.startswith(f"ended  {stray.pid}  web  ")
        assert stray.wait(timeout=5) == -signal.SIGTERM
    finally:
        stray.kill()
        stray.wait()
