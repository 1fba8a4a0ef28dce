"""Draws docs/pictures/ anew: a real Ghost, its playground, a real browser. `make pictures`.

Everything runs in temporary folders on free ports, so that a Ghost of yours is not touched. Daemons
die and people press while it looks; only the day before, which the digest tells, is made up.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from playwright.sync_api import Locator, Page, expect, sync_playwright

from ghostbot.core.history import HOUR_S, Hour, begin_of
from ghostbot.store.database import Database
from ghostbot.store.history import History

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
GHOST = Path(sys.executable).with_name("ghost")
VICTIM = "realtime-monitor"  # its restart_delay of 3s leaves time to be seen down
SIZE = {"width": 1120, "height": 760}
NARROW = {"width": 980, "height": 800}
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
PATIENCE_S = 90.0
SHARP = 2  # pixels of a picture for one of the page

HOUSE = """
[ghost]
name = "office-server"
[slack]
channel = "#ghost-alerts"
heartbeat = "3s"
digest = "* * * * *"
mention = ["@oncall"]
[web]
listen = "off"
[defaults]
ready_after = "300ms"
group = "shop"

[daemon.db]
command = ["sh", "-c", "echo 'ready to accept connections on port 5432'; exec sleep 100000"]
description = "PostgreSQL of the shop"

[daemon.api]
command = ["sh", "-c", '''
echo "listening on http://127.0.0.1:8080"; echo "GET /health 200 2 ms"
echo "GET /orders?page=2 200 31 ms"; echo "POST /orders 201 48 ms"; exec sleep 100000''']
after = ["db"]
restart_delay = "8s"
description = "what the shop's pages ask"

[daemon.worker]
command = ["sh", "-c", "echo 'waiting for jobs'; exec sleep 100000"]
after = ["db"]

[daemon.mailer]
command = ["sh", "-c", '''
echo "connecting to smtp.example.com:587"; while [ ! -e broken ]; do sleep 0.1; done
echo "ERROR smtplib.SMTPServerDisconnected: Connection unexpectedly closed"; exit 1''']
restart_delay = "100ms"
cooldown = "1h"

[daemon.site]
command = "sleep 100000"
description = "the shop's pages"

[daemon.backup]
kind = "oneshot"
command = "true"
schedule = "0 3 * * *"
description = "each night at three"
"""
DAY = {  # hours of the day before in which something was wrong: deaths, and the share it was up
    "api": {6: (1, 0.998), 15: (2, 0.99)},
    "mailer": {9: (5, 0.4), 10: (3, 0.0), 11: (1, 0.7)},
    "worker": {15: (1, 0.999)},
}


@dataclass(frozen=True, slots=True)
class House:
    """A Ghost that runs in a folder of its own, and where its playground is."""

    config: Path
    page_url: str

    def ghost(self, *words: str) -> str:
        """Return what `ghost` prints."""
        command = [GHOST, *words, "-c", self.config]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def until_all_run(self) -> None:
        """Wait until every daemon is up or done."""
        until = time.monotonic() + PATIENCE_S
        while {d["word"] for d in self.daemons().values()} - {"up", "done"}:
            assert time.monotonic() < until, self.ghost("status")
            time.sleep(0.1)

    def daemons(self) -> dict[str, dict[str, object]]:
        """Return the daemons by name."""
        return {d["name"]: d for d in json.loads(self.ghost("status", "--json"))["daemons"]}

    def kill(self, name: str) -> None:
        """Kill a daemon."""
        pid = self.daemons()[name]["pid"]
        assert isinstance(pid, int), f"{name} runs"
        os.kill(pid, signal.SIGKILL)


@contextmanager
def running(config: Path) -> Iterator[House]:
    """Run Ghost with a playground, and end it and its daemons."""
    subprocess.run(
        [GHOST, "up", "--playground", "--detach", "-c", config],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    out, until = config.parent / ".ghost" / "ghost.out", time.monotonic() + PATIENCE_S
    while not (found := re.search(r"Playground\s+(http://\S+)", out.read_text(encoding="utf-8"))):
        assert time.monotonic() < until, out.read_text(encoding="utf-8")
        time.sleep(0.1)
    a_house = House(config, found[1])
    try:
        yield a_house
    finally:
        a_house.ghost("down")


@contextmanager
def quickstart() -> Iterator[House]:
    """Run Ghost on a copy of the quickstart."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "quickstart"
        shutil.copytree(
            ROOT / "examples" / "quickstart", copy, ignore=shutil.ignore_patterns(".ghost")
        )
        config = copy / "ghost.toml"
        text = config.read_text(encoding="utf-8").replace("5061", str(free_port()))
        head = '[ghost]\nname = "office-server"\n[web]\nlisten = "off"\n'
        config.write_text(head + text, encoding="utf-8")
        with running(config) as a_house:
            yield a_house


@contextmanager
def shop() -> Iterator[House]:
    """Run Ghost on a small shop, whose day before is known."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "ghost.toml"
        config.write_text(HOUSE, encoding="utf-8")
        (config.parent / ".ghost").mkdir(mode=0o700)
        remembering = Thread(  # Playwright has a loop of its own here
            target=lambda: asyncio.run(remember(config.parent / ".ghost" / "ghost.db"))
        )
        remembering.start()
        remembering.join()
        with running(config) as a_house:
            yield a_house


async def remember(path: Path) -> None:
    """Write the day before into the store."""
    database = Database(path)
    last = begin_of(time.time()) - HOUR_S
    hours = []
    for name in ("db", "api", "worker", "mailer", "site"):
        for ago in range(24):
            deaths, up = DAY.get(name, {}).get(23 - ago, (0, 1.0))
            at = last - ago * HOUR_S
            hours.append((name, Hour(at, HOUR_S, up * HOUR_S, deaths, deaths, 0)))
    await History(database).add(hours, time.time())
    await database.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def draw_playground(page: Page, a_house: House) -> None:
    """Show the status that was asked for, and the alert of a daemon that died."""
    page.goto(a_house.page_url)
    say(page, "/ghost status")
    messages = page.get_by_test_id("message")
    expect(messages.filter(has_text="Only visible to you")).to_contain_text(VICTIM)
    a_house.kill(VICTIM)
    alert = messages.filter(has_text="incident 1")
    expect(alert.get_by_role("button").first).to_be_visible()
    alert.scroll_into_view_if_needed()
    page.screenshot(path=PICTURES / "playground.png")


def draw_shop(page: Page, a_house: House) -> None:
    """Show a trouble from its beginning to its end, one that needs people, and the house."""
    page.goto(a_house.page_url)
    messages = page.get_by_test_id("message")
    digest = messages.filter(has_text="The day before")
    expect(digest).to_be_visible(timeout=60_000)
    expect(digest).not_to_contain_text("⚠", timeout=90_000)  # while the browser starts, Ghost waits
    draw(page, digest, "digest")

    a_house.kill("api")
    alert = messages.filter(has_text="incident 1")
    expect(alert.get_by_role("button", name="Acknowledge")).to_be_visible()
    expect(alert.get_by_text("replies")).to_be_visible()
    draw(page, alert, "alert")
    page.get_by_test_id("person").select_option("bob")
    alert.get_by_role("button", name="Acknowledge").click()
    expect(alert).to_contain_text("acknowledged it")
    page.get_by_test_id("person").select_option("alice")
    expect(alert).to_contain_text("is up again", timeout=30_000)
    draw(page, alert, "recovered")

    (a_house.config.parent / "broken").touch()
    blocked = messages.filter(has_text="mailer is blocked").first
    expect(blocked).to_be_visible(timeout=30_000)
    expect(messages.filter(has_text="died too often").last).to_be_visible(timeout=30_000)
    draw(page, blocked, "blocked")

    page.locator(".room[data-channel=directmessage]").click()
    page.get_by_role("tab", name="Home").click()
    home = page.get_by_test_id("home")
    expect(home).to_contain_text("mailer")
    expect(home).to_contain_text("backup")
    page.screenshot(path=PICTURES / "home.png")
    page.locator(".room").filter(has_text="ghost-alerts").click()
    say(page, "/ghost silence")
    window = page.get_by_role("dialog")
    expect(window).to_contain_text("Silence")
    page.screenshot(path=PICTURES / "modal.png")


def say(page: Page, line: str) -> None:
    """Type a line."""
    composer = page.get_by_test_id("composer")
    composer.fill(line)
    composer.press("Enter")


def draw(page: Page, message: Locator, name: str) -> None:
    """Draw one message."""
    message.scroll_into_view_if_needed()
    page.mouse.move(5, 5)  # what a mouse rests on has buttons of its own
    box = message.bounding_box()
    assert box, "it is on the page"
    page.screenshot(path=PICTURES / f"{name}.png", clip={**box})


def main() -> None:
    """Draw every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=os.environ["GHOST_CHROMIUM"], args=FLAGS)
        for house, show, size, scale in (
            (quickstart, draw_playground, SIZE, 1),
            (shop, draw_shop, NARROW, SHARP),
        ):
            page = browser.new_page(viewport=size, color_scheme="light", device_scale_factor=scale)
            page.set_default_timeout(20_000)
            with house() as a_house:
                a_house.until_all_run()
                show(page, a_house)
            page.close()
        browser.close()
    print(f"drew {', '.join(sorted(path.name for path in PICTURES.iterdir()))}")


if __name__ == "__main__":
    main()
