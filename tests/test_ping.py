"""The ping of an outside watcher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from ghostbot import ping as pings
from ghostbot.ping import FAILS, MUTE_S, Ping


@dataclass
class Watcher:
    """An outside watcher, and a Ghost that is as a test says."""

    url: str = ""
    pinged: list[str] = field(default_factory=list)
    status: int = 200
    hangs: bool = False
    ails: str | None = None
    link: str = "connected"
    now: float = 0.0

    def ping(self, url: str | None = None) -> Ping:
        return Ping(
            url or self.url,
            unwell=lambda: self.ails,
            link=lambda: self.link,
            now=lambda: self.now,
        )


@pytest.fixture
async def watcher() -> AsyncIterator[Watcher]:
    watcher = Watcher()

    async def heard(request: web.Request) -> web.Response:
        watcher.pinged.append(request.path)
        if watcher.hangs:
            await asyncio.Event().wait()
        return web.Response(status=watcher.status)

    app = web.Application()
    app.router.add_get("/{any:.*}", heard)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    watcher.url = f"http://127.0.0.1:{runner.addresses[0][1]}/0e8d"
    yield watcher
    await runner.cleanup()


async def test_while_all_is_well_the_watcher_hears_of_it(watcher: Watcher) -> None:
    ping = watcher.ping()
    await ping.ping()
    assert watcher.pinged == ["/0e8d"]
    assert ping.state() == (True, "the outside watcher was pinged")


async def test_while_ghost_is_unwell_nothing_is_pinged(watcher: Watcher) -> None:
    watcher.ails = "disk: full"
    ping = watcher.ping()
    await ping.ping()
    assert watcher.pinged == []
    assert ping.state() == (True, "kept back: disk: full")


async def test_a_ghost_that_nobody_hears_falls_silent_for_the_watcher_too(watcher: Watcher) -> None:
    ping = watcher.ping()
    watcher.link = "connecting: cannot reach slack.com"
    await ping.ping()
    assert len(watcher.pinged) == 1
    watcher.now = MUTE_S + 1
    await ping.ping()
    assert len(watcher.pinged) == 1
    assert "nobody hears Ghost" in ping.state()[1]
    watcher.link = "connected"
    await ping.ping()
    assert len(watcher.pinged) == 2


async def test_a_house_without_slack_is_pinged(watcher: Watcher) -> None:
    watcher.link, watcher.now = "off, SLACK_BOT_TOKEN missing", 0.0
    ping = watcher.ping()
    watcher.now = 10 * MUTE_S
    await ping.ping()
    assert len(watcher.pinged) == 1


async def test_a_watcher_that_refuses_is_a_trouble_only_when_it_goes_on(watcher: Watcher) -> None:
    watcher.status = 500
    ping = watcher.ping()
    seen = []
    for _ in range(FAILS):
        await ping.ping()
        seen.append(ping.state()[0])
    assert seen == [None] * (FAILS - 1) + [False]
    assert ping.state()[1] == "cannot ping the outside watcher: HTTP 500, 3 times in a row"
    watcher.status = 200
    await ping.ping()
    assert ping.state()[0] is True


async def test_a_watcher_that_is_not_there_or_hangs_holds_nothing_up(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pings, "LIMIT_S", 0.1)
    nobody = watcher.ping("http://127.0.0.1:1/x")
    await nobody.ping()
    assert "cannot ping the outside watcher" in nobody.state()[1]
    watcher.hangs = True
    ping = watcher.ping()
    async with asyncio.timeout(5):
        await ping.ping()
    assert ping.state()[1] == "cannot ping the outside watcher: no answer in time"
