"""Verbs, windows and the Home tab in Slack, with a real Ghost and real daemons behind them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ghostbot.playground import Playground
from ghostbot.slack.blocks.choosers import NAMES
from ghostbot.slack.blocks.menus import SAY
from tests.e2e.test_slack import TWO, connected, words_of
from tests.fakes.real_ghost import LOOK_S, RealGhost, program, real_ghost

pytestmark = pytest.mark.timeout(90)


async def seen_with(slack: Playground, word: str, by: str = "bob") -> dict[str, Any]:
    """Wait for a message that holds `word`, as `by` sees it."""
    return await slack.until(
        lambda seen: next((m for m in seen if word in words_of(m)), None), seen_by=by, timeout=20
    )


async def admin(ghost: RealGhost, slack: Playground) -> None:
    """Make alice the admin, as the person at the machine lets her."""
    _, out, _ = await ghost.cli("claim")
    found = re.search(r"claim (\S+)", out)
    assert found, out
    await slack.type(f"/ghost claim {found[1]}")
    await slack.until(lambda seen: any("admin" in m["text"] for m in seen))


async def test_a_drill_says_when_each_thing_followed(slack: Playground, tmp_path: Path) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        before = (await ghost.all_up())["web"]["pid"]
        await connected(ghost)
        await slack.type("/ghost drill web")
        told = await seen_with(slack, "told after")
        for step in ("noticed after", "restarted after", "ready after"):
            assert step in told["text"]
        assert (await ghost.daemon("web", lambda d: d["word"] == "up"))["pid"] != before


async def test_the_house_is_healed_from_the_home_tab(slack: Playground, tmp_path: Path) -> None:
    flaky = (
        TWO
        + f"""
[daemon.flaky]
command = {program("exit_on_hup.py", 3)}
max_restarts = 1
cooldown = "1h"
"""
    )
    async with real_ghost(tmp_path, flaky, slack) as ghost:
        pid = (await ghost.all_up())["flaky"]["pid"]
        await connected(ghost)
        os.kill(pid, signal.SIGHUP)
        await ghost.daemon("flaky", lambda d: d["word"] == "blocked")
        slack.open_home()
        await slack.until(lambda _: "reset flaky" in str(slack.home()))
        await slack.press_in_view(f"{SAY}:reset flaky", home=True)
        await seen_with(slack, "reset *flaky*: is up")
        await slack.until(lambda _: "3 of 3 daemons up" in str(slack.home()))


async def test_a_window_completes_real_names_and_restarts_them(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        before = await ghost.all_up()
        await connected(ghost)
        await slack.type("/ghost restart")
        await slack.until(lambda _: slack.modal())
        offered = await slack.suggest_in_modal(NAMES, "names", "work")
        assert [o["value"] for o in offered["options"]] == ["worker"]
        await slack.submit({"names": {NAMES: ["worker"]}})
        await seen_with(slack, "restarted *worker*: is up")
        now = await ghost.daemons()
        assert now["worker"]["pid"] != before["worker"]["pid"]
        assert now["web"]["pid"] == before["web"]["pid"]


async def test_an_admin_reloads_and_upgrades_from_slack(slack: Playground, tmp_path: Path) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        before = await ghost.all_up()
        await connected(ghost)
        await slack.type("/ghost reload")
        await seen_with(slack, "that takes an admin", by="alice")
        await admin(ghost, slack)
        with ghost.config.open("a") as config:
            config.write(f"[daemon.third]\ncommand = {program('counter.py')}\n")
        await slack.type("/ghost reload")
        plan = await seen_with(slack, "+ third: new", by="alice")
        assert "third" not in await ghost.daemons()
        await slack.press(plan["ts"], f"{SAY}:reload now")
        await seen_with(slack, "<@U0ALICE> reloaded ghost.toml")
        await ghost.daemon("third", lambda d: d["word"] == "up")

        await slack.type("/ghost upgrade")
        await seen_with(slack, "<@U0ALICE> upgraded Ghost")
        await upgraded(ghost)
        after = await ghost.all_up()
        assert {n: d["pid"] for n, d in after.items() if n in before} == {
            n: d["pid"] for n, d in before.items()
        }


async def upgraded(ghost: RealGhost) -> None:
    """Wait until the next Ghost of this process answers."""
    async with asyncio.timeout(30):
        while True:
            with suppress(aiohttp.ClientError, OSError):
                if (await ghost.get("/api/upgrade"))["turn"] == 1:
                    return
            await asyncio.sleep(LOOK_S)


async def test_an_admin_ends_it_all_from_slack(slack: Playground, tmp_path: Path) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        await admin(ghost, slack)
        await slack.type("/ghost down")
        asked = await seen_with(slack, "stops 2 daemons, then Ghost itself", by="alice")
        await slack.press(asked["ts"], f"{SAY}:down now")
        await seen_with(slack, "<@U0ALICE> is stopping all daemons")
        assert ghost.process is not None
        assert await asyncio.wait_for(ghost.process.wait(), 30) == 0
        assert not await asyncio.to_thread(ghost.marked)


async def test_everything_else_is_answered(slack: Playground, tmp_path: Path) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        for typed, word in {
            "top": "MiB together",
            "registry": "wanted up",
            "backoff": "No daemon has a death",
            "tunnels": "no tunnel",
            "health": "*loop*",
            "test": "counts for nothing",
            "sweep": "runs without a record",
            "tasks": "Nothing is queued",
            "run": "no actions",
            "incidents": "No trouble",
            "help all": "/ghost registry",
            "test alert": "Told after",
        }.items():
            await slack.type(f"/ghost {typed}")
            await seen_with(slack, word, by="alice")
