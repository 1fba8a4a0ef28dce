"""What [slack] says, taken by a reload; and a channel that Slack refuses."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from ghostbot.playground import Playground
from tests.e2e.test_slack import alerts, connected, words_of
from tests.fakes.real_ghost import LOOK_S, RealGhost, program, real_ghost

pytestmark = pytest.mark.timeout(120)

TOML = f"""
[slack]
channel = "#ghost-alerts"
heartbeat = "off"
digest = "off"
[web]
listen = "off"
[defaults]
ready_after = "100ms"
stable_after = "1s"
[daemon.web]
command = {program("counter.py")}
restart_delay = "100ms"
"""


async def over(ghost: RealGhost, number: int) -> None:
    """Wait until so many troubles have been, and all are over."""
    deadline = asyncio.get_running_loop().time() + 20
    while True:
        found = (await ghost.get("/api/incidents"))["incidents"]
        if len(found) >= number and all(one["over"] for one in found):
            return
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(LOOK_S)


async def test_quiet_is_taken_by_a_reload_and_what_it_kept_back_is_told_at_its_end(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TOML, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        ghost.config.write_text(TOML.replace("digest =", 'quiet = ["mon-sun"]\ndigest ='))
        code, said, err = await ghost.cli("reload")
        assert (code, said) == (0, "= [slack] quiet: true from now on\n"), err
        for number in (1, 2):
            pid = (await ghost.all_up())["web"]["pid"]
            os.kill(pid, signal.SIGKILL)
            await over(ghost, number)
            await asyncio.sleep(1.2)  # longer than stable_after: the next is another trouble
        assert not alerts(slack.messages())
        ghost.config.write_text(TOML)
        await ghost.cli("reload")
        told = await slack.until(
            lambda seen: next((m for m in seen if "came and went" in words_of(m)), None), timeout=20
        )
        assert told["text"].startswith("🌙 2 troubles came and went")
        assert words_of(told).count("killed by SIGKILL") == 2
        assert len(slack.messages()) == 1


async def test_a_channel_that_slack_refuses_is_told_everywhere_and_not_tried_in_a_loop(
    slack: Playground, tmp_path: Path
) -> None:
    slack.faults.error("chat.postMessage", "is_archived", times=1_000)
    async with real_ghost(tmp_path, TOML, slack) as ghost:
        pid = (await ghost.all_up())["web"]["pid"]
        await connected(ghost)
        os.kill(pid, signal.SIGKILL)
        await over(ghost, 1)
        why = "cannot post to #ghost-alerts: is_archived: bring the channel back"
        deadline = asyncio.get_running_loop().time() + 10
        while why not in (said := (await ghost.get("/health"))["slack"]):
            assert asyncio.get_running_loop().time() < deadline, said
            await asyncio.sleep(LOOK_S)
        assert said.startswith("connected, but ")
        _, status, _ = await ghost.cli("status")
        assert why in status
        tries = sum(call.method == "chat.postMessage" for call in slack.calls)
        assert tries <= 3
    assert why in (tmp_path / ".ghost" / "ghost.log").read_text()
