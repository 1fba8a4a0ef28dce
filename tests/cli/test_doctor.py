"""What `ghost doctor` finds."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from ghostbot.process import features
from ghostbot.process.lock import Lock
from tests.cli.test_commands import run
from tests.fakes.doors import open_doors

TOML = '[web]\nlisten = "off"\n[daemon.web]\ncommand = "true"\n'


def levels(folder: Path, **environ: str) -> dict[str, list[str]]:
    """Return how each thing is, worst news included."""
    found: dict[str, list[str]] = {}
    for finding in json.loads(run(folder, "doctor", "--json", **environ).stdout)["findings"]:
        found.setdefault(finding["what"], []).append(finding["level"])
    return found


def test_a_sound_house_without_a_ghost_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text(TOML)
    ran = run(tmp_path, "doctor")
    assert ran.returncode == 0, ran.stdout
    assert "ok    config: ghost.toml, 1 daemon\n" in ran.stdout
    assert "warn  ghost: none runs here: start it with `ghost up`\n" in ran.stdout
    assert "warn  slack: off, SLACK_BOT_TOKEN and SLACK_APP_TOKEN missing" in ran.stdout
    assert not (tmp_path / ".ghost").exists()


def test_each_mistake_in_the_file_is_bad(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text(f'{TOML}comand = "x"\nport = "many"\n')
    assert levels(tmp_path)["config"] == ["bad", "bad"]
    assert run(tmp_path, "doctor").returncode == 1


def test_no_file_at_all_is_bad_and_nothing_else_is_asked(tmp_path: Path) -> None:
    ran = run(tmp_path, "doctor", GHOST_CONFIG=str(tmp_path / "ghost.toml"))
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[-1].startswith("bad   config: cannot find")


def test_a_ghost_that_does_not_answer_is_bad(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text(TOML)
    (tmp_path / ".ghost").mkdir()
    lock = Lock(tmp_path / ".ghost")
    try:
        ran = run(tmp_path, "doctor")
    finally:
        lock.release()
    assert ran.returncode == 1
    assert "runs, and does not answer" in ran.stdout


async def test_what_ghost_says_of_itself_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text(TOML)
    async with open_doors(tmp_path / ".ghost", listen=None):
        lock = Lock(tmp_path / ".ghost")
        try:
            found = await asyncio.to_thread(levels, tmp_path)
        finally:
            lock.release()
    assert (found["ghost"], found["slack"]) == (["ok"], ["warn"])


def test_who_holds_a_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        (tmp_path / "ghost.toml").write_text(f"{TOML}port = {port}\n")
        ran = run(tmp_path, "doctor")
    assert f"port: {port} of [daemon.web] is held by " in ran.stdout
    assert f"({os.getpid()})" in ran.stdout


def test_tokens_that_cannot_be_right_are_bad_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text(TOML)
    ran = run(tmp_path, "doctor", SLACK_BOT_TOKEN="xapp-secret", SLACK_APP_TOKEN="xoxb-secret")
    assert ran.returncode == 1
    assert "are swapped" in ran.stdout
    assert "secret" not in ran.stdout


def test_features_are_tried_and_leave_nothing(tmp_path: Path) -> None:
    assert features.has_pidfd() in (True, False)
    assert features.tells_codes() in (True, False)
    assert features.collapses(tmp_path) in (True, False)
    assert features.collapses(tmp_path / "nowhere") is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["doctor", "--colour"], ["install", "--for", "init"]])
def test_bad_usage_is_exit_2(tmp_path: Path, words: list[str]) -> None:
    assert run(tmp_path, *words).returncode == 2


HOOKS = """
[root.app]
path = "."
[webhook.gpt]
scheme = "bearer"
secret_env = "GHOST_GPT"
[webhook.hooks]
scheme = "standard"
secret_env = "GHOST_HOOKS"
"""


def test_a_webhook_without_a_secret_that_can_be_used_is_bad(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text(TOML + HOOKS)
    assert levels(tmp_path)["webhook"] == ["bad", "bad"]
    secret = "an-open-sesame,-a-long-one"
    assert levels(tmp_path, GHOST_GPT=secret, GHOST_HOOKS="?")["webhook"] == ["ok", "bad"]
    (tmp_path / ".env").write_text("GHOST_GPT=short\nGHOST_HOOKS=whsec_YWxvbmdlbm91Z2h3b3Jk\n")
    assert levels(tmp_path)["webhook"] == ["warn", "ok"]
    told = run(tmp_path, "doctor").stdout
    assert "GHOST_GPT is so short that it can be guessed" in told
    assert "YWxvbmdlbm91Z2h3b3Jk" not in told
