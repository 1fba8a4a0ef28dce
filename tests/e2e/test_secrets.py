"""A daemon prints its own secrets, and nothing that leaves Ghost has them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ghostbot.playground import Playground
from tests.e2e.test_slack import alerts, connected, words_of
from tests.fakes.block_kit import assert_silent
from tests.fakes.real_ghost import RealGhost, program, real_ghost

pytestmark = pytest.mark.timeout(120)

TOKEN = "tok-4f9c2e7d81"
SECRETS = {
    "token": TOKEN,
    "in an address": "hunter2pass",
    "in a file": 'pa$$ "quoted" word',
    "a line of a key": "MIIEowIBAAKCAQEA7c2zJ4",
    "looks like a key": "q8Zr2LmN0aTy7PwX5cVb",
    "by a pattern": "cust-4711",
    "known": "ghp_0123456789abcdefghijABCDEFGHIJ",
    "basic": base64.b64encode(b"ann:0123456789").decode(),
    "a new one": "brand-new-secret-1",
}
HALVES = (TOKEN[:9], SECRETS["known"][:14])  # of what is cut, no beginning either

TOML = f"""
[slack]
channel = "#ghost-alerts"
mask = ["cust-[0-9]+"]
[web]
listen = "off"
[defaults]
ready_after = "200ms"
[daemon.blabber]
command = {program("blabber.py")}
env_file = [".daemon.env"]
[daemon.blabber.env]
B_TOKEN = "{TOKEN}"
B_URL = "postgres://ann:hunter2pass@db.example.com/x"
B_KEYS = \"\"\"
{SECRETS["a line of a key"]}
second-line-of-the-key\"\"\"
B_SEED = "{SECRETS["looks like a key"]}"
B_CUSTOMER = "cust-4711"
B_OTHER = "{SECRETS["known"]}"
"""

ROUTES = (
    *("/health", "/ghost/status.json", "/api/daemons", "/api/daemons/blabber", "/api/registry"),
    *("/api/daemons/blabber/why", "/api/daemons/blabber/logs?lines=1000", "/api/incidents"),
    *("/api/daemons/blabber/logs?grep=B_", "/api/events", "/api/health", "/api/probes"),
    *("/api/backoff", "/api/tasks", "/api/orchestrator/status", "/api/actions", "/api/checks"),
    f"/api/daemons/blabber/logs?grep={TOKEN}",
    *("/nothing/" + TOKEN, f"/api/daemons?{TOKEN}=1"),
)
COMMANDS = (
    *(("status",), ("status", "--json"), ("why", "blabber"), ("why", "blabber", "--json")),
    *(("logs", "blabber", "-n", "1000"), ("logs", "blabber", "--json", "--grep", "B_")),
    *(("incidents",), ("registry", "--json"), ("events", "--json"), ("config", "show")),
    *(("doctor",), ("backoff",), ("health",), ("logs", TOKEN)),
)
TYPED = (
    *("status", "status blabber", "why blabber", "logs blabber", "logs blabber 200", "top"),
    *("logs blabber grep B_", f"logs blabber grep {TOKEN}", "incidents", "registry", "health"),
    *("events", "backoff", f"restart {TOKEN}", f"{TOKEN}", "help"),
)


async def bodies(ghost: RealGhost) -> list[str]:
    """Return what every route answers, and what a stream begins with."""
    found = []
    connector = aiohttp.UnixConnector(ghost.socket)
    async with aiohttp.ClientSession(connector=connector) as session:
        for route in ROUTES:
            async with session.get(f"http://ghost{route}") as answer:
                found.append(await answer.text())
        stream = "http://ghost/api/daemons/blabber/logs/stream?lines=1000"
        async with session.get(stream) as answer, asyncio.timeout(10):
            lines = [(await answer.content.readline()).decode() for _ in range(20)]
            found.append("".join(lines))
        async with session.get("http://ghost/events?lines=true&limit=1000") as answer:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while line := await answer.content.readline():
                        found.append(line.decode())
    return found


async def printed(ghost: RealGhost) -> list[str]:
    """Return what every command prints."""
    ran = [await ghost.cli(*words) for words in COMMANDS]
    return [out + err for _, out, err in ran]


async def in_slack(slack: Playground) -> list[str]:
    """Have alice ask for everything, and return all that Slack was ever sent."""
    for line in TYPED:
        before = len(slack.messages())
        await slack.type(f"/ghost {line}")
        await slack.until(lambda seen, n=before: len(seen) > n or None)
    slack.open_home()
    await slack.until(lambda _: slack.home())
    await slack.shortcut("ghost_open")
    await slack.until(lambda _: slack.modal())
    threads = [slack.messages(thread_ts=m["ts"]) for m in slack.messages()]
    for message in [*slack.messages(), *(m for thread in threads for m in thread)]:
        if message["user"] == "U0GHOST":
            assert_silent({k: message.get(k) for k in ("text", "blocks", "attachments")})
    files = [f for thread in threads for m in thread for f in m["files"]]
    return [words_of(m) for m in (*slack.messages(), *threads, files, slack.home(), slack.modal())]


def leaks(texts: Iterable[str], without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return which secret stands where."""
    found = []
    for text in texts:
        plain = text.replace('\\\\"', '"').replace('\\"', '"')
        for what, secret in SECRETS.items():
            if what not in without and secret in plain:
                at = plain.index(secret)
                found.append((what, plain[max(0, at - 80) : at + 80]))
        found += [("a half", half) for half in HALVES if half in plain]
    return found


async def test_nothing_that_leaves_ghost_has_a_secret_that_a_daemon_printed(
    slack: Playground, tmp_path: Path
) -> None:
    env_file = tmp_path / ".daemon.env"
    env_file.write_text("B_PASSWORD='pa$$ \"quoted\" word'\n")
    async with real_ghost(tmp_path, TOML, slack) as ghost:
        pid = (await ghost.all_up())["blabber"]["pid"]
        await connected(ghost)
        raw = (tmp_path / ".ghost/logs/blabber.log").read_text()
        assert all(SECRETS[what] in raw for what in SECRETS if what != "a new one")
        os.kill(pid, signal.SIGKILL)
        down = await slack.until(lambda seen: next(iter(alerts(seen)), None))
        await slack.until(
            lambda seen: "The last" in words_of({"all": seen}) or None, thread_ts=down["ts"]
        )
        await ghost.all_up()
        told: list[Any] = [*await in_slack(slack), *await bodies(ghost), *await printed(ghost)]
        asked = [text for text in told if TOKEN in text]
        assert not leaks(told), asked[:1]
        assert any("***" in text for text in told)

        env_file.write_text("B_PASSWORD=brand-new-secret-1\n")
        code, out, err = await ghost.cli("restart", "blabber")
        assert code == 0, out + err
        assert not leaks([*await bodies(ghost), out])

        ghost.config.write_text(ghost.config.read_text() + 'B_MORE = "reloaded-secret-77"\n')
        toml = ghost.config.read_text().replace("B_MORE", "B_MORE_KEY")
        ghost.config.write_text(toml)
        code, out, err = await ghost.cli("reload")
        assert code == 0, out + err
        await ghost.all_up()
        texts = [*await bodies(ghost), out]
        assert not [t for t in texts if "reloaded-secret-77" in t]
        await slack.type("/ghost logs blabber 100")
        await slack.until(lambda seen: "B_MORE_KEY" in words_of(seen[-1]) or None)
        assert "reloaded-secret-77" not in words_of({"all": slack.messages()})
    own = [(tmp_path / name).read_text() for name in (".ghost/ghost.log", "out.txt")]
    assert not leaks([*own, (tmp_path / ".ghost/status.json").read_text()])
    for token in (slack.bot_token, slack.app_token):
        assert not [text for text in [*own, *told] if token in text]
    assert json.loads((tmp_path / ".ghost/status.json").read_text())["daemons"]["blabber"]
