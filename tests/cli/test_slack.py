"""`ghost slack setup`, against the playground as the workspace."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ghostbot.playground import Playground
from tests.fakes.real_ghost import PROXIES, ROOT, manifest

TOML = '[slack]\nchannel = "#ghost-alerts"\n[web]\nlisten = "off"\n'


@pytest.fixture
async def slack() -> AsyncIterator[Playground]:
    playground = Playground(manifest())
    await playground.start()
    yield playground
    await playground.stop()


def environ(slack: Playground | None, **more: str) -> dict[str, str]:
    found = {k: v for k, v in os.environ.items() if not k.startswith("SLACK_") and k not in PROXIES}
    return found | ({"SLACK_API_URL": slack.api_url} if slack else {}) | more


async def setup(
    folder: Path, slack: Playground | None, *words: str, typed: str = "", **more: str
) -> tuple[int, str]:
    """Run it on a ghost.toml in this folder; return its exit code and all that it printed."""
    if not (folder / "ghost.toml").exists():
        (folder / "ghost.toml").write_text(TOML)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ghostbot", "slack", "setup", *words),
        cwd=folder,
        env=environ(slack, PYTHONPATH=str(ROOT), **more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(typed.encode()), 40)
    assert process.returncode is not None
    if slack is not None:
        assert slack.bot_token not in out.decode()
        assert slack.app_token not in out.decode()
    return process.returncode, out.decode()


def tokens(slack: Playground) -> dict[str, str]:
    return {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}


async def test_from_nothing_to_a_first_message(slack: Playground, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nexport OTHER='kept'\nSLACK_BOT_TOKEN=\n")
    code, said = await setup(tmp_path, slack, typed=f"{slack.bot_token}\n  {slack.app_token}  \n")
    assert code == 0, said
    assert "slash_commands:" in said  # the manifest, to be copied
    assert "1. On https://api.slack.com/apps" in said
    env = tmp_path / ".env"
    assert env.read_text() == (
        "# mine\nexport OTHER='kept'\n"
        f"SLACK_BOT_TOKEN={slack.bot_token}\nSLACK_APP_TOKEN={slack.app_token}\n"
    )
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert [name for name in os.listdir(tmp_path) if name.startswith(".env")] == [".env"]  # noqa: PTH208
    for line in ("bot token: lets Ghost into", "app token: opens a connection", "channel: Ghost"):
        assert f"ok    {line}" in said
    (message,) = [m for m in slack.messages() if "Ghost is here" in m["text"]]
    assert "/ghost status" in json.dumps(message)


async def test_a_check_asks_nothing_writes_nothing_and_says_nothing(
    slack: Playground, tmp_path: Path
) -> None:
    code, said = await setup(tmp_path, slack, "--check", "--json", **tokens(slack))
    assert code == 0, said
    looked = {one["what"]: one["ok"] for one in json.loads(said)["looked"]}
    assert looked["bot token"] is looked["app token"] is looked["channel"] is True
    assert not (tmp_path / ".env").exists()
    assert not slack.messages()
    code, said = await setup(tmp_path, None, "--check")
    assert code == 1
    assert "SLACK_BOT_TOKEN is nowhere: `ghost slack setup` asks for it" in said


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "SLACK_BOT_TOKEN is missing"),
        ("xapp-1-A1-2-3\n", "an app-level token, which belongs in SLACK_APP_TOKEN"),
        ("xoxp-123\n", "a user token, and Ghost acts as a bot"),
        ("hello\n", "it does not begin with xoxb-"),
        ("xoxb-\x00\u202e\n", "it holds what is no letter"),
        ("xoxb-1-2-3\nxoxb-1-2-3\n", "a bot token, which belongs in SLACK_BOT_TOKEN"),
    ],
)
async def test_what_is_no_token_is_refused_before_anything_is_written(
    tmp_path: Path, typed: str, told: str
) -> None:
    code, said = await setup(tmp_path, None, typed=typed)
    assert code == 2
    assert told in said
    assert "hello" not in said
    assert not (tmp_path / ".env").exists()


Finding = tuple[str, str]


@pytest.mark.parametrize(
    ("spoil", "what", "way_out"),
    [
        ("bot", "bot token: Slack answers invalid_auth", "put a new one into .env"),
        ("app", "app token: Slack answers", ".env"),
        ("name", "channel: no #nowhere to be seen", "make #nowhere"),
        ("none", "channel: none is named", "under [slack] in ghost.toml"),
        ("dead", "cannot reach Slack", "HTTPS_PROXY"),
    ],
)
async def test_every_failure_names_the_way_out(
    slack: Playground, tmp_path: Path, spoil: str, what: str, way_out: str
) -> None:
    words = tokens(slack)
    if spoil == "bot":
        words["SLACK_BOT_TOKEN"] = "xoxb-0-0-wrong"
    if spoil == "app":
        words["SLACK_APP_TOKEN"] = "xapp-1-A0-0-wrong"
    if spoil == "dead":
        words["SLACK_API_URL"] = "http://127.0.0.1:1/api/"
    toml = {"name": TOML.replace("ghost-alerts", "nowhere"), "none": TOML.replace("channel", "#")}
    (tmp_path / "ghost.toml").write_text(toml.get(spoil, TOML))
    code, said = await setup(tmp_path, slack, **words)
    assert code == 1
    (line,) = [line for line in said.splitlines() if what in line][:1]
    assert line.startswith("bad ")
    assert way_out in line
    assert not slack.messages()


async def test_a_token_that_is_typed_is_not_shown(slack: Playground, tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text(TOML)
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ghostbot", "slack", "setup"),
        cwd=tmp_path,
        env=environ(slack, PYTHONPATH=str(ROOT)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        for asked, token in ((b"xoxb-", slack.bot_token), (b"xapp-", slack.app_token)):
            shown += await _until(ours, asked + "…): ".encode())
            os.write(ours, f"{token}\n".encode())
        shown += await _until(ours, b"All is well")
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        os.close(ours)
    assert slack.bot_token.encode() not in shown
    assert slack.app_token.encode() not in shown


async def _until(fd: int, wanted: bytes) -> bytes:
    """Read what a program prints until it has said something."""

    def read() -> bytes:
        seen = b""
        while wanted not in seen:
            seen += os.read(fd, 4_096)
        return seen

    async with asyncio.timeout(20):
        return await asyncio.to_thread(read)


def looked(said: str) -> dict[str, Any]:
    return {one["what"]: one for one in json.loads(said)["looked"]}


async def test_a_scope_that_is_missing_is_named(tmp_path: Path) -> None:
    less: dict[str, Any] = manifest()
    less["oauth_config"]["scopes"]["bot"].remove("usergroups:read")
    playground = Playground(less)
    await playground.start()
    try:
        code, said = await setup(tmp_path, playground, "--check", "--json", **tokens(playground))
    finally:
        await playground.stop()
    scopes = looked(said)["scopes"]
    assert (code, scopes["said"]) == (1, "usergroups:read missing")
    assert "Reinstall to Workspace" in scopes["way_out"]


async def test_a_public_channel_is_joined_and_a_check_only_says_that_it_is_not(
    slack: Playground, tmp_path: Path
) -> None:
    (tmp_path / "ghost.toml").write_text(TOML.replace("ghost-alerts", "lounge"))
    await slack.type("/remove @ghost", channel="general")
    (tmp_path / "ghost.toml").write_text(TOML.replace("ghost-alerts", "general"))
    code, said = await setup(tmp_path, slack, "--check", "--json", **tokens(slack))
    assert code == 1
    assert looked(said)["channel"]["way_out"] == "type `/invite @ghost` in it"
    code, said = await setup(tmp_path, slack, **tokens(slack))
    assert code == 0, said
    assert "ok    channel: Ghost joined #general" in said
