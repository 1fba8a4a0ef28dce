"""A real Ghost whose Slack goes away, comes back, and says some things twice."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ghostbot.playground import Playground
from tests.fakes.real_ghost import LOOK_S, RealGhost, program, real_ghost

pytestmark = pytest.mark.timeout(120)

Message = dict[str, Any]

HOUSE = f"""
[slack]
channel = "#ghost-alerts"
heartbeat = "5m"
[web]
listen = "off"
[defaults]
ready_after = "100ms"
restart_delay = "50ms"
max_restarts = 50
[daemon.web]
command = {program("counter.py")}
[daemon.worker]
command = {program("counter.py")}
[daemon.mail]
command = {program("counter.py")}
"""


def words_of(message: Message) -> str:
    return json.dumps(message, ensure_ascii=False)


def troubles(seen: list[Message]) -> list[Message]:
    """Return the living messages of troubles."""
    return [m for m in seen if re.search(r"incident \d+", words_of(m)) and not m["ephemeral"]]


async def connected(ghost: RealGhost) -> None:
    async with asyncio.timeout(30):
        while (await ghost.get("/api/daemons"))["slack"] != "connected":  # noqa: ASYNC110  asked
            await asyncio.sleep(LOOK_S)


async def die(ghost: RealGhost, name: str, times: int) -> None:
    """Kill a daemon and wait until it is up again, so often."""
    for _ in range(times):
        before = await ghost.daemon(name, lambda d: d["word"] == "up")
        os.kill(before["pid"], signal.SIGKILL)
        await ghost.daemon(name, lambda d, old=before["pid"]: d["word"] == "up" and d["pid"] != old)


def pids(ghost: RealGhost, name: str) -> list[str]:
    """Return which processes of a daemon ever wrote to its log."""
    log = ghost.folder / ".ghost" / "logs" / f"{name}.log"
    return list(dict.fromkeys(line.split()[0] for line in log.read_text().splitlines()))


async def test_what_happened_while_slack_was_away_is_told_once_though_ghost_died_meanwhile(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, HOUSE, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        before = len(slack.messages())
        slack.faults.outage = True
        for name in ("web", "worker", "mail"):
            await die(ghost, name, 3)
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        await die(ghost, "web", 1)
        slack.faults.outage = False

        def told(seen: list[Message]) -> bool:
            found = troubles(seen)
            text = words_of({"all": found})
            done = all("is up again" in words_of(m) or "are up again" in words_of(m) for m in found)
            return bool(found) and done and all(n in text for n in ("web", "worker", "mail"))

        await slack.until(told, timeout=60)
        await settled(slack)
        found = troubles(slack.messages())
        names = re.findall(r"incident (\d+)", words_of({"all": found}))
        assert max(Counter(names).values()) <= 2  # not more often than one message says it
        replies = [len(slack.messages(thread_ts=m["ts"])) - 1 for m in found]
        assert len(slack.messages()) - before + sum(replies) <= 20
        keys = [key for m in everything(slack) for key in keys_of(m)]
        assert len(keys) == len(set(keys)), keys


def everything(slack: Playground) -> list[Message]:
    """Return all messages of the channel and of its threads."""
    shown = slack.messages()
    return shown + [r for m in shown for r in slack.messages(thread_ts=m["ts"])[1:]]


def keys_of(message: Message) -> list[str]:
    """Return what Ghost knows a message by."""
    payload = (message["metadata"] or {}).get("event_payload", {})
    return str(payload.get("keys", "")).split()


async def settled(slack: Playground) -> None:
    """Wait until nothing was said for a while."""
    async with asyncio.timeout(40):
        calls = -1
        while calls != (now := sum(c.method.startswith("chat.") for c in slack.calls)):
            calls = now
            await asyncio.sleep(3)  # what waits is said at one a second


@pytest.mark.parametrize("typed", ["/ghost restart web", "@ghost restart web"])
async def test_a_restart_that_is_delivered_twice_acts_once(
    slack: Playground, tmp_path: Path, typed: str
) -> None:
    async with real_ghost(tmp_path, HOUSE, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        slack.faults.duplicate_envelopes()
        await slack.type(typed, by="bob")
        await slack.until(
            lambda seen: any("is up" in words_of(m) for m in seen) or None, seen_by="bob"
        )
        await slack.type("/ghost status", by="bob")
        await slack.until(lambda seen: any(m["ephemeral"] for m in seen) or None, seen_by="bob")
        assert slack.faults.take_double() is False  # it was delivered twice
        assert len(pids(ghost, "web")) == 2
        answers = [m for m in everything(slack) if "is up" in words_of(m)]
        assert len(answers) == 1, answers
