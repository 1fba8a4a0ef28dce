"""The house of the system that Ghost replaces, in small: each of its daemons broken in its own way.

For each trouble: who notices it, what is decided, what is done, and what people read of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ghostbot.playground import Playground
from tests.fakes.real_ghost import PROGRAMS, RealGhost, real_ghost

pytestmark = pytest.mark.timeout(240)

# name: what answers for it ("http" /health, "port", "" nothing), and what it comes after
SERVERS = {
    "flask-runner": ("http", ()),
    "node-server": ("http", ("flask-runner",)),
    "ghost-bridge": ("port", ("flask-runner",)),
    "ghost-relay": ("port", ("ghost-bridge",)),
    "dual-monitor": ("http", ()),
    "ghost-runner": ("http", ()),
    "gpt-bridge": ("port", ()),
    "ingress": ("port", ()),
    "orchestrator-server": ("http", ("node-server",)),
    "flask-dashboard": ("port", ("flask-runner",)),
    "telemetry-api": ("port", ()),
    "telemetry-orchestrator": ("port", ("telemetry-api",)),
    "patch-trigger": ("port", ()),
    "status-server": ("port", ()),
    "live-viewer": ("port", ()),
    "status-api": ("port", ()),
    "orchestrator-api": ("port", ("orchestrator-server",)),
}
QUIET = ("patch-executor", "file-watcher", "patch-runner", "dashboard-uplink")
TALKING = ("doc-daemon", "metrics-daemon", "alert-daemon", "decision-daemon", "summary-watcher")


def daemon(name: str, *more: str, words: str = "") -> str:
    command = json.dumps([sys.executable, "-S", str(PROGRAMS / "small.py"), name, *words.split()])
    return "\n".join([f"[daemon.{name}]", f"command = {command}", *more, ""])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


def toml(edge: int, redis: int) -> str:
    health = (
        '[[daemon.{0}.probe]]\nkind = "http"\nevery = "300ms"\ntimeout = "500ms"\nfailures = 2\n'
    )
    parts = [HEAD]
    for name, (how, after) in SERVERS.items():
        port = free_port() if name == "live-viewer" else '"auto"'  # who may take another port does
        parts.append(daemon(name, f"port = {port}", f"after = {json.dumps(after)}"))
        parts += [health.format(name)] * (how == "http")
    parts += [daemon(name) for name in QUIET]
    for name in TALKING:
        parts.append(daemon(name, 'memory_max = "60MB"', 'limit_for = "0s"', words="talk"))
        parts.append(LOG_PROBE.format(name))
    parts.append(daemon("tunnel-production", 'kind = "tunnel"', "slow_restarts = 3"))
    return "\n".join([*parts, REST.format(edge=edge, redis=redis)])


HEAD = """
[slack]
channel = "#ghost-alerts"
[web]
listen = "off"
[defaults]
ready_after = "100ms"
restart_delay = "200ms"
stop_timeout = "500ms"
cooldown = "2s"
"""
LOG_PROBE = """
[[daemon.{0}.probe]]
kind = "log"
role = "live"
markers = true
silence = "1s"
every = "300ms"
failures = 2
"""
REST = """
[[daemon.tunnel-production.probe]]
kind = "tunnel"
url = "http://127.0.0.1:{edge}/health"
every = "300ms"
failures = 2
[check.deployment]
kind = "http"
url = "http://127.0.0.1:{edge}/monitor"
every = "300ms"
failures = 2
heal = ["redeploy"]
pause = "1s"
[check.redis]
kind = "tcp"
port = {redis}
every = "300ms"
failures = 2
[action.redeploy]
kind = "command"
command = ["touch", "deployed"]
"""


class Edge:
    """The world outside: the tunnel's public address, and what is deployed elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tunnel, self.deployment = 200, 200
        self.port = 0
        self.redis = socket.create_server(("127.0.0.1", 0))

    async def health(self, _: web.Request) -> web.Response:
        if self.tunnel == 200:
            return web.Response(text='{"status":"ok"}')
        return web.Response(status=self.tunnel, text="error code: 1033")

    async def monitor(self, _: web.Request) -> web.Response:
        if (self.folder / "deployed").exists():
            self.deployment = 200
        return web.Response(status=self.deployment, text="monitor")


@asynccontextmanager
async def edge_of(folder: Path) -> AsyncIterator[Edge]:
    edge, app = Edge(folder), web.Application()
    app.add_routes([web.get("/health", edge.health), web.get("/monitor", edge.monitor)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    edge.port = runner.addresses[0][1]
    try:
        yield edge
    finally:
        edge.redis.close()
        await runner.cleanup()


class Story:
    """A house, what ails whom, and what was said of it."""

    def __init__(self, ghost: RealGhost, slack: Playground, edge: Edge) -> None:
        self.ghost = ghost
        self.slack = slack
        self.edge = edge
        self.to_be_told: list[tuple[str, str]] = []  # who, and words

    def ail(self, name: str, mode: str) -> None:
        (self.ghost.folder / f"{name}.mode").write_text(mode)

    async def restarted(self, name: str, was: dict[str, Any], why: str) -> dict[str, Any]:
        """Wait until another process of it is up; its predecessor ended for this reason."""
        now = await self.ghost.daemon(
            name, lambda d: d["state"] == "up" and d["pid"] != was["pid"], within_s=30
        )
        told = await self.ghost.get(f"/api/daemons/{name}/why")
        assert any(why in end["reason"] for end in told["exits"]), (name, told["exits"])
        return now

    def tells(self, name: str, words: str) -> None:
        self.to_be_told.append((name, words))

    async def all_told(self) -> None:
        """Wait until each trouble stands in the channel, once."""
        deadline = asyncio.get_running_loop().time() + 90
        while missing := [one for one in self.to_be_told if not self._stands(*one)]:
            assert asyncio.get_running_loop().time() < deadline, f"never told: {missing}"
            await asyncio.sleep(0.1)

    def _stands(self, name: str, words: str) -> bool:
        for message in self.slack.messages():
            thread = self.slack.messages(thread_ts=message["ts"])
            said = json.dumps([message, thread], ensure_ascii=False)
            if name in said and words in said:
                return True
        return False


async def test_each_daemon_of_the_old_house_is_broken_noticed_and_brought_back(
    tmp_path: Path, slack: Playground
) -> None:
    async with edge_of(tmp_path) as edge:
        redis = edge.redis.getsockname()[1]
        async with real_ghost(tmp_path, toml(edge.port, redis), slack) as ghost:
            story = Story(ghost, slack, edge)
            house = await ghost.all_up()
            assert len(house) == len(SERVERS) + len(QUIET) + len(TALKING) + 1
            await who_is_killed_is_noticed_at_once(story)
            await who_answers_badly_or_not_at_all_is_restarted(story)
            await who_is_silent_or_fat_is_restarted(story)
            await who_dies_again_and_again_is_blocked_and_what_needs_it_waits(story)
            await whose_port_a_stranger_holds_waits_for_it(story)
            await a_tunnel_is_as_well_as_its_public_address(story)
            await what_is_deployed_elsewhere_is_healed_by_an_action(story)
            await what_ghost_cannot_heal_is_told(story)
            await story.all_told()
            await the_five_guards_answer(story)


async def who_is_killed_is_noticed_at_once(story: Story) -> None:
    """Sentinel sees each end as an event, watchdog starts again."""
    house = await story.ghost.daemons()
    for name in house:
        os.kill(house[name]["pid"], signal.SIGKILL)
    for name in house:
        await story.restarted(name, house[name], "killed by SIGKILL")
    assert all(d["restarts"] == 1 for d in (await story.ghost.daemons()).values())
    story.tells("and 24 more", "killed by SIGKILL")  # who died at once is one incident


async def who_answers_badly_or_not_at_all_is_restarted(story: Story) -> None:
    """Selfcheck's probes see it."""
    for name, mode, why in (
        ("node-server", "500", "http probe failed: HTTP 500"),
        ("dual-monitor", "hang", "http probe failed"),
    ):
        was = (await story.ghost.daemons())[name]
        story.ail(name, mode)
        await story.ghost.daemon(name, lambda d, was=was: d["pid"] != was["pid"], within_s=30)
        story.ail(name, "")
        await story.restarted(name, was, why)
        story.tells(f"{name}: http probe failed", "up again")


async def who_is_silent_or_fat_is_restarted(story: Story) -> None:
    """Selfcheck reads logs; the one look at all trees sees memory: no death, and told apart."""
    silent, fat = "summary-watcher", "metrics-daemon"
    house = await story.ghost.daemons()
    story.ail(silent, "silent")
    story.ail(fat, "fat")
    for name in (silent, fat):
        await story.ghost.daemon(
            name, lambda d, name=name: d["pid"] != house[name]["pid"], within_s=40
        )
        story.ail(name, "")
    await story.restarted(silent, house[silent], "log probe failed")
    await story.restarted(fat, house[fat], "MiB, over its 57 MiB")
    story.tells(f"{silent}: log probe failed", "up again")


async def who_dies_again_and_again_is_blocked_and_what_needs_it_waits(story: Story) -> None:
    """Watchdog's breaker opens; lifecycle holds what comes after, and brings it back in 2 s."""
    first, then = "flask-runner", "flask-dashboard"
    story.ail(first, "exit")
    os.kill((await story.ghost.daemons())[first]["pid"], signal.SIGKILL)
    await story.ghost.daemon(first, lambda d: d["state"] == "blocked", within_s=30)
    os.kill((await story.ghost.daemons())[then]["pid"], signal.SIGKILL)
    await story.ghost.daemon(then, lambda d: d["word"] == f"waiting for {first}")
    story.ail(first, "")
    status, _, said = await story.ghost.cli("reset", first)
    assert status == 0, said
    await story.ghost.daemon(first, lambda d: d["state"] == "up")
    well = asyncio.get_running_loop().time()
    await story.ghost.daemon(then, lambda d: d["state"] == "up")
    assert asyncio.get_running_loop().time() - well < 2
    story.tells(f"{first}: exited 3; blocked", f"{then}: waiting for {first}")


async def whose_port_a_stranger_holds_waits_for_it(story: Story) -> None:
    """Sentinel names the stranger, and ends nobody."""
    name = "live-viewer"
    port = (await story.ghost.daemons())[name]["port"]
    assert (await story.ghost.cli("stop", name))[0] == 0
    with socket.create_server(("127.0.0.1", port)):
        await story.ghost.cli("start", name, "--no-wait")
        found = await story.ghost.daemon(name, lambda d: d["state"] == "waiting")
        assert f"port {port}" in found["word"]
        assert str(os.getpid()) in found["word"]
    await story.ghost.daemon(name, lambda d: d["state"] == "up")


async def a_tunnel_is_as_well_as_its_public_address(story: Story) -> None:
    """The agent lives, the edge is dead: restarted until the public address answers."""
    name = "tunnel-production"
    was = (await story.ghost.daemons())[name]
    story.edge.tunnel = 530
    await story.ghost.daemon(name, lambda d: d["pid"] not in (None, was["pid"]), within_s=30)
    story.edge.tunnel = 200
    await story.restarted(name, was, "tunnel probe failed")
    story.tells(f"{name}: tunnel probe failed", "error code: 1033")


async def what_is_deployed_elsewhere_is_healed_by_an_action(story: Story) -> None:
    """Selfcheck sees, the ladder decides, the executor acts."""
    story.edge.deployment = 500
    deadline = asyncio.get_running_loop().time() + 30
    while story.edge.deployment != 200:
        assert asyncio.get_running_loop().time() < deadline, await story.ghost.get("/api/checks")
        await asyncio.sleep(0.05)
    tasks = (await story.ghost.get("/api/tasks"))["tasks"]
    assert any("heal deployment by redeploy" in task["title"] for task in tasks)
    story.tells("deployment", "HTTP 500")


async def what_ghost_cannot_heal_is_told(story: Story) -> None:
    """A check without a heal is told, and told to be over."""
    port = story.edge.redis.getsockname()[1]
    story.edge.redis.close()
    await _check(story, "redis", "unhealed")
    story.edge.redis = socket.create_server(("127.0.0.1", port))
    await _check(story, "redis", "well")
    story.tells("redis", "connection refused")


async def _check(story: Story, name: str, state: str) -> None:
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        checks = (await story.ghost.get("/api/checks"))["checks"]
        found = next(one for one in checks if one["name"] == name)
        if found["state"] == state:
            return
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(0.05)


async def the_five_guards_answer(story: Story) -> None:
    """Health was unreachable by construction in the old house. Here it is reached."""
    status = (await story.ghost.get("/api/orchestrator/status"))["data"]
    assert (status["overallHealth"], status["activeComponents"]) == ("healthy", 5)
    guards = status["orchestration"]
    assert guards["sentinel"]["recentErrors"]
    assert guards["watchdog"]["restartCount"] > len(SERVERS)
    assert guards["executor"]["completedTasks"] >= 1
    assert guards["selfcheck"]["healthChecks"] == 13
    assert guards["lifecycle"]["startupOrder"].index("flask-runner") < guards["lifecycle"][
        "startupOrder"
    ].index("orchestrator-api")
    assert all(0 <= guards[name]["age_s"] < 30 for name in guards if name != "lastUpdate")
