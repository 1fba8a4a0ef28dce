"""ack.py [ROUNDS]: how soon Ghost acks 100 commands at once, while 20 of its daemons crash-loop.

Beside it a bare Bolt app, which acks and does nothing else, in a process of its own as Ghost is.
Slack is the playground, in this process.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from ghostbot import manifest
from ghostbot.playground import Playground

COMMANDS, LOOPERS, ROUNDS = 100, 20, 10
PATIENCE_S = 60.0
TOML = """
[slack]
channel = "#ghost-alerts"
[web]
listen = "off"
[defaults]
restart_delay = "500ms"
restart_max_delay = "500ms"
max_restarts = 1000
slow_restarts = 1000
[daemon.steady]
command = ["sleep", "1000000"]
"""
BARE = """
import asyncio, os
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

async def main():
    client = AsyncWebClient(token=os.environ["BOT"], base_url=os.environ["API"])
    app = AsyncApp(name="bare", client=client)
    @app.command("/ghost")
    async def command(ack):
        await ack("hello")
    await AsyncSocketModeHandler(app, os.environ["APP"]).start_async()

asyncio.run(main())
"""


@asynccontextmanager
async def playground() -> AsyncIterator[Playground]:
    """A Slack that takes any number of commands."""
    slack = Playground(yaml.safe_load(manifest.text()))
    await slack.start()
    slack.faults.rate_limits = False
    try:
        yield slack
    finally:
        await slack.stop()


async def answered(is_it: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a command is acked."""
    until = time.monotonic() + PATIENCE_S
    while not await is_it():
        assert time.monotonic() < until, "it never answered"
        await asyncio.sleep(0.2)


async def volley(slack: Playground) -> list[float]:
    """Type at once, and return how many ms each ack took."""

    async def one() -> float:
        began = time.perf_counter()
        await slack.type("/ghost status")
        return (time.perf_counter() - began) * 1e3

    return list(await asyncio.gather(*(one() for _ in range(COMMANDS))))


async def measured(slack: Playground, rounds: int, gap_s: float) -> list[float]:
    """Return the acks of some volleys, in ms, after one to warm up."""

    async def acks() -> bool:
        before = len(slack.calls), len(slack.messages())
        await slack.type("/ghost status")
        return (len(slack.calls), len(slack.messages())) > before

    await answered(acks)
    await volley(slack)
    found: list[float] = []
    for _ in range(rounds):
        await asyncio.sleep(gap_s)
        found += await volley(slack)
    return sorted(found)


def told(what: str, acks: list[float]) -> None:
    """Print a line of the table."""
    p50, p99 = acks[len(acks) // 2], acks[int(len(acks) * 0.99) - 1]
    print(f"{what:<44} median {p50:6.1f}  p99 {p99:6.1f}  slowest {acks[-1]:6.1f} ms")


async def bare(rounds: int) -> list[float]:
    """Measure the bare app."""
    async with playground() as slack:
        names = {"BOT": slack.bot_token, "APP": slack.app_token, "API": slack.api_url}
        process = started([sys.executable, "-c", BARE], {**os.environ, **names})
        try:
            await connected(slack)
            return await measured(slack, rounds, 0.2)
        finally:
            process.terminate()
            process.wait()


def started(command: list[str], environ: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a program that prints nowhere."""
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)


async def connected(slack: Playground) -> None:
    """Wait until somebody is connected."""
    until = time.monotonic() + PATIENCE_S
    while not len(slack.sockets):
        assert time.monotonic() < until, "nobody connects"
        await asyncio.sleep(0.1)


async def ghost(folder: Path, rounds: int, loopers: int) -> list[float]:
    """Measure a Ghost of whose daemons so many crash-loop."""
    loops = "".join(f'[daemon.loop{n}]\ncommand = ["sh", "-c", "exit 1"]\n' for n in range(loopers))
    (folder / "ghost.toml").write_text(TOML + loops)
    ghost_ = [sys.executable, "-m", "ghostbot"]
    async with playground() as slack:
        environ: dict[str, Any] = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SLACK_")},
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
        }
        process = started([*ghost_, "up", "-c", str(folder / "ghost.toml")], environ)
        try:
            await connected(slack)
            return await measured(slack, rounds, 1.0)
        finally:
            down = [*ghost_, "down", "-c", folder / "ghost.toml"]
            await asyncio.to_thread(subprocess.run, down, stdout=subprocess.DEVNULL, check=False)
            process.wait()


async def main(rounds: int) -> None:
    """Measure all, and print."""
    print(f"ack of {COMMANDS} commands at once, {rounds} times")
    told("a bare Bolt app", await bare(rounds))
    for loopers in (0, LOOPERS):
        with tempfile.TemporaryDirectory() as folder:
            acks = await ghost(Path(folder), rounds, loopers)
        told(f"Ghost, {loopers} daemons in a crash loop", acks)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
