"""Patches, from an agent's words to a verified change and back, with a real Ghost in Slack."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ghostbot.playground import Playground
from tests.e2e.test_slack import buttons, connected, words_of
from tests.fakes.real_ghost import RealGhost, program, real_ghost

pytestmark = pytest.mark.timeout(120)

Message = dict[str, Any]

CHECK = """
import pathlib, sys
told = pathlib.Path("greeting.txt").read_text()
print("checking", repr(told))
sys.exit("greetings must be polite" if "damn" in told else 0)
"""
RISKY = """\
*** Begin Patch
*** Update File: Makefile
@@
 all:
-\ttrue
+\techo done
*** Update File: greeting.txt
@@
-hello
+hello, world
*** End Patch
"""
BUILD = """\
--- a/Makefile
+++ b/Makefile
@@ -1,2 +1,2 @@
-all:
+everything:
 \ttrue
"""
RUDE = """\
--- a/greeting.txt
+++ b/greeting.txt
@@ -1 +1 @@
-hello
+damn you
"""


def house(folder: Path, *, root: str = "", approver: str = '["U0ALICE"]', more: str = "") -> str:
    """Make a tree to patch, and return a ghost.toml for it."""
    app = folder / "app"
    app.mkdir()
    (app / "Makefile").write_text("all:\n\ttrue\n")
    (app / "greeting.txt").write_text("hello\n")
    (app / "check.py").write_text(CHECK)
    return f"""
[slack]
channel = "#ghost-alerts"
heartbeat = "5m"
patches = {{ channel = "#patches", from = ["B0ROBOT"] }}
[roles]
approver = {approver}
[web]
listen = "off"
[defaults]
ready_after = "200ms"
restart_delay = "3s"
[daemon.web]
command = {program("counter.py")}
[root.app]
path = "app"
restart = ["web"]
verify = [{json.dumps([sys.executable, "-S", "check.py"])}]
{root}
{more}
"""


def greeting(folder: Path) -> str:
    return (folder / "app" / "greeting.txt").read_text()


async def card(slack: Playground, name: str, holds: str, within_s: float = 30) -> Message:
    """Wait for the message of a patch that holds some words."""

    def found(seen: list[Message]) -> Message | None:
        cards = [m for m in seen if f"patch {name} " in words_of(m["attachments"])]  # type: ignore[arg-type]
        return next((m for m in cards if holds in words_of(m)), None)

    return await slack.until(found, channel="#patches", timeout=within_s)


async def told(slack: Playground, ts: str, status: str) -> dict[str, Any]:
    """Wait until the thread of a post tells a status, and return its JSON as a program reads it."""

    def found(seen: list[Message]) -> dict[str, Any] | None:
        for message in seen[1:]:
            for block in message["blocks"]:
                if block["type"] == "rich_text":
                    data = json.loads(block["elements"][0]["elements"][0]["text"])
                    if data["status"] == status:
                        return dict(data)
        return None

    return await slack.until(found, channel="#patches", thread_ts=ts, timeout=30)


async def pid_of_web(ghost: RealGhost) -> int:
    return int((await ghost.daemon("web", lambda d: d["word"] == "up"))["pid"])


async def test_one_person_alone_approves_what_an_agent_posted_and_takes_it_back(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, house(tmp_path), slack) as ghost:
        before = await pid_of_web(ghost)
        await connected(ghost)
        ts = slack.post(channel="#patches", by="robot", text=f"Be friendlier\n```\n{RISKY}```")
        waiting = await card(slack, "p1", "waits for approval")
        said = words_of(waiting)
        assert "Be friendlier" in said
        assert "Waits for <@U0ALICE>, the only approver there is, who types" in said
        assert "It changes `makefile`: such files decide how code is built" in said
        assert "+hello, world" in said
        assert (await told(slack, ts, "awaiting_approval"))["id"] == "p1"

        await slack.press(waiting["ts"], "ghost_patch_approve", by="bob", channel="#patches")
        await slack.until(
            lambda seen: next((m for m in seen if m["ephemeral"] and "may not" in m["text"]), None),
            seen_by="bob",
            channel="#patches",
        )
        await slack.press(waiting["ts"], "ghost_patch_approve", by="alice", channel="#patches")
        await slack.until(lambda _: slack.modal())
        assert "not how it ends" in (await slack.submit({"tail": {"tail": "0000"}}))["tail"]
        assert greeting(tmp_path) == "hello\n"
        tail = (await ghost.get("/api/patches/p1"))["plan_digest"][-4:]
        assert not await slack.submit({"tail": {"tail": tail}})

        done = await card(slack, "p1", "is applied and checked")
        assert done["ts"] == waiting["ts"]
        assert buttons(done) == {"ghost_patch_revert"}
        assert "the only approver there is" in words_of(done)
        assert greeting(tmp_path) == "hello, world\n"
        assert (await told(slack, ts, "applied"))["over"] is True
        assert await pid_of_web(ghost) != before

        await slack.press(done["ts"], "ghost_patch_revert", by="alice", channel="#patches")
        await card(slack, "p2", "is applied and checked")
        gone = await card(slack, "p1", "p2 took it back")
        assert buttons(gone) == set()
        assert greeting(tmp_path) == "hello\n"
        assert (tmp_path / "app" / "Makefile").read_text() == "all:\n\ttrue\n"


async def test_tests_fail_after_a_yes_and_everything_is_rolled_back_and_told(
    slack: Playground, tmp_path: Path
) -> None:
    more = '[webhook.gpt]\nscheme = "bearer"\nsecret_env = "GPT_SECRET"\n'
    toml = house(tmp_path, root="verify_live = true", more=more)
    async with real_ghost(tmp_path, toml, slack, GPT_SECRET="s" * 40) as ghost:
        await pid_of_web(ghost)
        await connected(ghost)
        name = await sent(ghost, RUDE)
        waiting = await card(slack, name, "waits for approval")
        assert "*Made by*\\ngpt, an agent" in words_of(waiting)
        asking = asyncio.create_task(outcome(ghost, name))
        await slack.press(waiting["ts"], "ghost_patch_approve", by="alice", channel="#patches")

        over = await card(slack, name, "failed its checks and was rolled back")
        assert over["ts"] == waiting["ts"]
        assert buttons(over) == set()
        assert "greetings must be polite" in words_of(over)
        heard = await asking
        assert heard["status"] == "rolled_back"
        assert "greetings must be polite" in json.dumps(heard["checks"])
        assert greeting(tmp_path) == "hello\n"
        await pid_of_web(ghost)


async def sent(ghost: RealGhost, patch: str) -> str:
    """Send a patch to the webhook as an agent does, and return its id."""
    status, body = await asked(ghost, "POST", "/webhook/gpt", patch)
    assert status == 202, body
    return str(body["id"])


async def outcome(ghost: RealGhost, name: str) -> dict[str, Any]:
    """Wait for what became of it, as an agent does."""
    _, body = await asked(ghost, "GET", f"/webhook/gpt/{name}?wait=30")
    return body


async def asked(
    ghost: RealGhost, method: str, path: str, body: str | None = None
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {'s' * 40}", "Content-Type": "text/x-diff"}
    connector = aiohttp.UnixConnector(ghost.socket)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, f"http://ghost{path}", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_what_waits_outlives_a_crash_and_what_was_posted_meanwhile_is_taken(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, house(tmp_path), slack) as ghost:
        await connected(ghost)
        slack.post(channel="#patches", by="robot", text=f"```\n{RUDE.replace('damn', 'bless')}```")
        waiting = await card(slack, "p1", "waits for approval")
        await ghost.end(9)
        away = slack.post(channel="#patches", by="robot", text=f"```\n{BUILD}```")
        await ghost.up()
        await connected(ghost)
        await slack.press(waiting["ts"], "ghost_patch_approve", by="alice", channel="#patches")
        done = await card(slack, "p1", "is applied and checked")
        assert done["ts"] == waiting["ts"]
        assert greeting(tmp_path) == "bless you\n"
        await told(slack, away, "awaiting_approval")
        await card(slack, "p2", "waits for approval")
        cards = [m for m in slack.messages(channel="#patches") if m["attachments"]]
        assert len(cards) == 2


@pytest.mark.alone
async def test_a_post_is_a_card_within_two_seconds(slack: Playground, tmp_path: Path) -> None:
    clock = asyncio.get_running_loop().time
    async with real_ghost(tmp_path, house(tmp_path), slack) as ghost:
        await connected(ghost)
        took = []
        for number in range(1, 3):
            began = clock()
            patch = RUDE.replace("damn you", f"hello {number}")
            ts = slack.post(channel="#patches", by="robot", text=f"```\n{patch}```")
            await card(slack, f"p{number}", "waits for approval")
            took.append(clock() - began)
            await told(slack, ts, "awaiting_approval")
        assert max(took) < 2, took


async def test_an_alert_that_follows_a_patch_takes_it_back_with_one_click(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, house(tmp_path), slack) as ghost:
        await connected(ghost)
        polite = RUDE.replace("damn", "bless")
        slack.post(channel="#patches", by="robot", text=f"```\n{polite}```")
        waiting = await card(slack, "p1", "waits for approval")
        await slack.press(waiting["ts"], "ghost_patch_approve", by="alice", channel="#patches")
        await card(slack, "p1", "is applied and checked")
        os.kill(await pid_of_web(ghost), signal.SIGKILL)
        alert = await slack.until(
            lambda seen: next((m for m in seen if "Revert p1" in words_of(m)), None)
        )
        assert "patch p1 was applied" in words_of(alert)
        await slack.press(alert["ts"], "ghost_patch_revert", by="alice")
        await card(slack, "p1", "p2 took it back")
        assert greeting(tmp_path) == "hello\n"
