"""A real Ghost in its playground, seen over the page's own line: a kill, an outage, roles."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.test_slack import toml
from tests.fakes.real_ghost import RealGhost, program, until

pytestmark = pytest.mark.timeout(120)

HOUSE = toml(
    f"""
[daemon.web]
command = {program("counter.py")}
[daemon.flaky]
command = {program("exit_on_hup.py", 3)}
max_restarts = 1
cooldown = "1h"
"""
)

Json = dict[str, Any]


class Watched:
    """A page: what it was told, and what somebody does at it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._asked = 0
        self.messages: dict[str, Json] = {}
        self.connections = 0

    async def until(self, is_so: Callable[[], Any], within_s: float = 45) -> Any:
        """Take what comes until something is so."""
        try:
            async with asyncio.timeout(within_s):
                while not (found := is_so()):
                    self._take(await self._socket.receive_json())
        except TimeoutError:
            texts = "\n".join(str(m)[:600] for m in self.messages.values())
            raise TimeoutError(f"never so; the page shows:\n{texts}") from None
        return found

    async def do(self, doing: str, **more: Any) -> None:
        """Ask for something, and see it taken."""
        self._asked += 1
        await self._socket.send_json({"do": doing, "id": self._asked, **more})
        frame: Json = {}
        while frame.get("id") != self._asked:
            frame = await self._socket.receive_json(timeout=20)
            self._take(frame)
        assert frame["ok"], frame

    def find(self, *words: str) -> list[Json]:
        """The messages that say all of these."""
        return [m for m in self.messages.values() if all(word in str(m) for word in words)]

    def _take(self, frame: Json) -> None:
        match frame["kind"]:
            case "all":
                self.messages = {m["ts"]: m for m in frame["messages"]}
                self.connections = frame["connections"]
            case "message":
                self.messages[frame["message"]["ts"]] = frame["message"]
            case "link":
                self.connections = frame["connections"]


@pytest.fixture
async def ghost(tmp_path: Path) -> AsyncIterator[RealGhost]:
    ghost = RealGhost(tmp_path, HOUSE, {})
    ghost.words = ("--playground",)
    try:
        await ghost.up()
        await ghost.all_up()
        yield ghost
    finally:
        await ghost.clear()


@asynccontextmanager
async def page_of(ghost: RealGhost) -> AsyncIterator[Watched]:
    """Look at the newest playground that Ghost has opened."""

    def printed() -> str | None:
        found = re.findall(r"Playground\s+(http://127\.0\.0\.1:\d+/)", ghost.out.read_text())
        return found[-1] if found else None

    url = await until(printed, "the playground's address")
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}page/live", max_msg_size=0) as socket,
    ):
        page = Watched(socket)
        await page.until(lambda: page.connections > 0)
        yield page


async def test_after_a_kill_ghost_goes_on_with_the_message_it_posted(ghost: RealGhost) -> None:
    async with page_of(ghost) as page:
        await page.do("type", channel="ghost-alerts", text="before the kill")
        os.kill((await ghost.daemons())["flaky"]["pid"], signal.SIGHUP)
        (alert,) = await page.until(lambda: page.find("incident 1", "is blocked"))
    await until(lambda: "is blocked" in kept(ghost), "the playground's file")
    await ghost.end(signal.SIGKILL)
    ghost.out.write_text("")
    await ghost.up()
    async with page_of(ghost) as page:
        assert page.find("before the kill")
        await page.do("type", channel="ghost-alerts", text="/ghost restart flaky")
        (mended,) = await page.until(lambda: page.find("incident 1", "is up again"))
        assert mended["ts"] == alert["ts"]
        assert (
            len([m for m in page.find("incident 1") if not m["thread_ts"] or m["reply_count"]]) == 1
        )


def kept(ghost: RealGhost) -> str:
    path = ghost.state_dirs[-1] / "playground.json"
    return path.read_text() if path.exists() else ""


async def test_an_outage_made_at_the_page_is_survived_and_caught_up_with(
    ghost: RealGhost,
) -> None:
    async with page_of(ghost) as page:
        await page.do("trouble", what="outage", value="failing")
        await page.until(lambda: page.connections == 0)
        os.kill((await ghost.daemons())["flaky"]["pid"], signal.SIGHUP)
        await ghost.daemon("flaky", lambda d: d["word"] == "blocked")
        assert not page.find("incident 1")
        await page.do("trouble", what="clear")
        await page.until(lambda: page.find("incident 1", "is blocked"))
        await page.until(lambda: page.connections > 0)
        await page.do("type", channel="ghost-alerts", text="/ghost status")
        await page.until(lambda: [m for m in page.find("flaky") if m["ephemeral"]])


@pytest.mark.parametrize(("who", "channel"), [("carol", "ghost-alerts"), ("dave", "general")])
async def test_who_may_not_is_told_so_alone(ghost: RealGhost, who: str, channel: str) -> None:
    async with page_of(ghost) as page:
        await page.do("be", person=who)
        await page.do("type", channel=channel, text="/ghost stop web")
        told = await page.until(lambda: [m for m in page.find("may not") if m["ephemeral"]])
        assert told[0]["name"] == "ghost"
    assert (await ghost.daemons())["web"]["word"] == "up"
