"""Tunnels of a real Ghost: by ssh to an sshd on loopback, and by agents as providers have them."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from ghostbot.playground import Playground
from tests.fakes.real_ghost import LOOK_S, RealGhost, real_ghost
from tests.fakes.servers import Pages, serving
from tests.fakes.sshd import SSHD, open_sshd

pytestmark = pytest.mark.timeout(120)

HEAD = """
[slack]
channel = "#ghost-alerts"
[web]
listen = "off"
[defaults]
stop_timeout = "500ms"
restart_delay = "0s"
ready_after = "100ms"
"""
ALLOCATED = r"'Allocated port (\d+) for remote forward'"
SHOWS = [
    sys.executable,
    "-S",
    "-c",
    "import os, time; print(os.environ['AT'], flush=1); time.sleep(99)",
]
BOT = f"""
[daemon.bot]
command = {json.dumps(SHOWS)}
env = {{ AT = "<${{tunnel.tunnel.url}}>" }}
"""

Tunnel = dict[str, Any]


def tunnel(command: str, **keys: object) -> str:
    """Return the tables of a tunnel that is looked at often."""
    pace = {"every": "300ms", "timeout": "1s", "failures": 3, **keys}
    lines = [
        f"{key} = {value if key == 'pattern' else json.dumps(value)}" for key, value in pace.items()
    ]
    head = f'[daemon.tunnel]\nkind = "tunnel"\ncommand = {command}\n[[daemon.tunnel.probe]]\n'
    return "\n".join([head, 'kind = "tunnel"', *lines, ""])


async def seen(ghost: RealGhost, is_so: Callable[[Tunnel], Any], within_s: float = 20) -> Tunnel:
    """Wait until something is so of the tunnel, and return it."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        found: Tunnel
        (found,) = (await ghost.get("/api/tunnels"))["tunnels"]
        if is_so(found):
            return found
        assert asyncio.get_running_loop().time() < deadline, f"never so: {found}"
        await asyncio.sleep(LOOK_S)


async def bots_log(ghost: RealGhost, words: str) -> None:
    """Wait until the bot has said so."""
    path, deadline = ghost.folder / ".ghost/logs/bot.log", asyncio.get_running_loop().time() + 20
    while words not in (said := path.read_text() if path.exists() else ""):
        assert asyncio.get_running_loop().time() < deadline, said
        await asyncio.sleep(LOOK_S)


def news(messages: list[dict[str, Any]]) -> list[str]:
    """Return the messages that name another address."""
    said = (
        json.dumps(m, ensure_ascii=False) for m in messages if m.get("thread_ts") in (None, m["ts"])
    )
    return [text for text in said if "has another address" in text]


def answers(pid: int) -> bool:
    return psutil.Process(pid).status() != psutil.STATUS_STOPPED


@pytest.mark.skipif(SSHD is None, reason="there is no sshd; on Debian: apt install openssh-server")
async def test_a_tunnel_by_ssh_is_healed_when_its_far_end_hangs_or_dies(
    slack: Playground, tmp_path: Path
) -> None:
    app = Pages()
    app.put("/health", "all is well")
    async with serving(app.handle) as port, open_sshd(tmp_path / "sshd") as sshd:
        house = (
            HEAD
            + BOT
            + tunnel(
                sshd.client(port),
                url="http://0.0.0.0/",  # this machine, as seen from outside it
                pattern=ALLOCATED,
                ask="/health",
                body="well",
            )
        )
        async with real_ghost(tmp_path, house, slack) as ghost:
            up = await ghost.all_up()
            first = await seen(ghost, lambda t: t["public"] == "ok" and t["current"])
            await bots_log(ghost, f"<{first['url']}>")
            assert (await ghost.daemons())["tunnel"]["url"] == first["url"]
            kept = json.loads((tmp_path / ".ghost/tunnels.json").read_text())
            assert kept["tunnel"]["url"] == first["url"]
            code, said, _ = await ghost.cli("tunnels")
            assert (code, first["url"] in said, "public ok" in said) == (0, True, True)

            began = asyncio.get_running_loop().time()
            for session in sshd.sessions():  # the agent lives, and its edge is dead
                session.send_signal(signal.SIGSTOP)
            sick = await seen(ghost, lambda t: t["public"] == "bad")
            assert answers(up["tunnel"]["pid"])
            assert "within" in sick["said"]
            second = await seen(ghost, lambda t: t["url"] != first["url"] and t["public"] == "ok")
            assert asyncio.get_running_loop().time() - began < 60
            assert second["previous"] == [first["url"]]
            said = (await slack.until(lambda m: news(m) or None))[0]
            assert second["url"] in said
            assert f"{first['url']} is dead" in said

            assert (await ghost.daemons())["bot"]["pid"] == up["bot"]["pid"]
            await ghost.cli("restart", "bot")
            await bots_log(ghost, f"<{second['url']}>")

            for session in sshd.sessions():
                session.kill()
            third = await seen(
                ghost, lambda t: t["url"] not in (first["url"], second["url"]) and t["current"]
            )
            assert third["reconnects_last_hour"] >= 2
            await slack.until(lambda m: len(news(m)) == 2 or None)


async def test_an_agent_that_names_another_address_has_it_told_once(
    slack: Playground, tmp_path: Path
) -> None:
    agent, one, two = Pages(), Pages(), Pages()
    async with (
        serving(agent.handle) as at,
        serving(one.handle) as first,
        serving(two.handle) as second,
    ):

        def names(port: int) -> str:
            url = f"http://127.0.0.1:{port}"
            agent.put("/api/tunnels", json.dumps({"tunnels": [{"public_url": url}]}))
            return url

        old = names(first)
        one.put("/")
        two.put("/")
        # A pace at which only its agent's word can make the change known in time.
        steady = {"url": f"http://127.0.0.1:{at}", "every": "10m"}
        house = HEAD + BOT + tunnel('["sleep", "600"]', **steady)
        async with real_ghost(tmp_path, house, slack) as ghost:
            up = await ghost.all_up()
            await bots_log(ghost, f"<{old}>")
            one.put("/", "ERR_NGROK_3200", 404)
            began, new = asyncio.get_running_loop().time(), names(second)
            changed = await seen(ghost, lambda t: t["url"] == new)
            (said,) = await slack.until(lambda m: news(m) or None)
            assert asyncio.get_running_loop().time() - began < 10
            assert f"{old} is dead" in said
            assert (changed["local"], changed["public"]) == ("ok", "ok")
            assert (await ghost.daemons())["tunnel"]["pid"] == up["tunnel"]["pid"]

            await ghost.end(signal.SIGKILL)
            await ghost.up()
            assert (await ghost.daemons())["tunnel"]["url"] == new
            await ghost.cli("restart", "bot")
            await bots_log(ghost, f"<{new}>")
            two.put("/", "no such tunnel", 502, ngrok_error_code="ERR_NGROK_8012")
            await ghost.post("/api/test", {"names": ["tunnel"]})
            assert len(news(slack.messages())) == 1, slack.messages()


async def test_a_dead_target_is_shown_apart_from_a_dead_tunnel(tmp_path: Path) -> None:
    agent, public = Pages(), Pages()
    async with serving(agent.handle) as at, serving(public.handle) as outside:
        agent.put("/ready", '{"status": 200, "readyConnections": 4}')
        public.put("/")
        says = ["sh", "-c", f"echo 'INF | http://127.0.0.1:{outside} |'; exec sleep 600"]
        pattern = r"'\|\s+(http://\S+)'"
        house = HEAD + tunnel(json.dumps(says), url=f"http://127.0.0.1:{at}", pattern=pattern)
        async with real_ghost(tmp_path, house, None) as ghost:
            up = await ghost.all_up()
            well = await seen(ghost, lambda t: t["public"] == "ok")
            assert (well["local"], well["url"]) == ("ok", f"http://127.0.0.1:{outside}")

            public.put("/", "bad gateway", 502, Server="cloudflare")
            await seen(ghost, lambda t: (t["local"], t["public"]) == ("bad", "unknown"))
            code, said, _ = await ghost.cli("tunnels")
            assert (code, "what it leads to is down" in said) == (0, True)
            looks = len(public.asked)
            await seen(ghost, lambda _: len(public.asked) >= looks + 10)
            assert (await ghost.daemons())["tunnel"]["pid"] == up["tunnel"]["pid"]

            public.put("/", "error code: 1033", 530)
            agent.put("/ready", '{"status": 503, "readyConnections": 0}', 503)
            await seen(ghost, lambda t: (t["local"], t["public"]) == ("bad", "bad"))
            await ghost.daemon("tunnel", lambda d: d["restarts"] > 0)
