"""Draws docs/pictures/ anew: a real Ghost, its playground, a real browser. `make pictures`.

The quickstart runs in a temporary copy on free ports, so that a Ghost of yours is not touched.
"""

from __future__ import annotations

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

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
GHOST = Path(sys.executable).with_name("ghost")
VICTIM = "realtime-monitor"  # its restart_delay of 3s leaves time to be seen down
SIZE = {"width": 1120, "height": 760}
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
PATIENCE_S = 60.0


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


@contextmanager
def house() -> Iterator[House]:
    """Run Ghost on a copy of the quickstart, and end it and its daemons."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "quickstart"
        shutil.copytree(
            ROOT / "examples" / "quickstart", copy, ignore=shutil.ignore_patterns(".ghost")
        )
        config = copy / "ghost.toml"
        text = config.read_text(encoding="utf-8").replace("5061", str(free_port()))
        head = '[ghost]\nname = "office-server"\n[web]\nlisten = "off"\n'
        config.write_text(head + text, encoding="utf-8")
        command = [GHOST, "up", "--playground", "--detach", "-c", config]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        said = (copy / ".ghost" / "ghost.out").read_text(encoding="utf-8")
        found = re.search(r"Playground\s+(http://\S+)", said)
        assert found, said
        a_house = House(config, found[1])
        try:
            yield a_house
        finally:
            a_house.ghost("down")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def draw_playground(page: Page, a_house: House) -> None:
    """Show the status that was asked for, and the alert of a daemon that died."""
    page.goto(a_house.page_url)
    composer = page.get_by_test_id("composer")
    composer.fill("/ghost status")
    composer.press("Enter")
    messages = page.get_by_test_id("message")
    expect(messages.filter(has_text="Only visible to you")).to_contain_text(VICTIM)
    pid = a_house.daemons()[VICTIM]["pid"]
    assert isinstance(pid, int), f"{VICTIM} runs"
    os.kill(pid, signal.SIGKILL)
    alert = messages.filter(has_text="incident 1")
    expect(alert.get_by_role("button").first).to_be_visible()
    alert.scroll_into_view_if_needed()
    page.screenshot(path=PICTURES / "playground.png")


def main() -> None:
    """Draw every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with house() as a_house, sync_playwright() as driver:
        a_house.until_all_run()
        browser = driver.chromium.launch(executable_path=os.environ["GHOST_CHROMIUM"], args=FLAGS)
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.set_default_timeout(15_000)
        draw_playground(page, a_house)
        browser.close()
    print(f"drew {PICTURES / 'playground.png'}")


if __name__ == "__main__":
    main()
