"""The first minute of a newcomer, in a real Chromium with a real Ghost."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

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


@pytest.fixture
async def page(browser: Browser) -> Page:
    page = await browser.new_page()
    page.set_default_timeout(15_000)
    return page


async def playground_url(ghost: RealGhost) -> str:
    """Return the address that `ghost up --playground` printed."""

    def printed() -> str | None:
        found = re.search(r"Playground\s+(http://127\.0\.0\.1:\d+/)", ghost.out.read_text())
        return found[1] if found else None

    return await until(printed, "the playground's address")


async def test_a_newcomer_sees_a_daemon_die_and_heals_it_with_a_button(
    page: Page, tmp_path: Path
) -> None:
    ghost = RealGhost(tmp_path, HOUSE, {})
    ghost.words = ("--playground",)
    try:
        await ghost.up()
        await ghost.all_up()
        await page.goto(await playground_url(ghost))
        composer = page.get_by_test_id("composer")
        await expect(page.get_by_text("Ghost is connected")).to_be_visible()

        await composer.fill("/ghost status")
        await composer.press("Enter")
        answer = page.get_by_test_id("message").filter(has_text="Only visible to you")
        await expect(answer).to_contain_text("web")
        await expect(answer).to_contain_text("flaky")

        pid = (await ghost.daemons())["flaky"]["pid"]
        os.kill(pid, signal.SIGHUP)
        alert = page.get_by_test_id("message").filter(has_text="incident 1")
        await expect(alert).to_contain_text("is blocked")
        await expect(alert).to_contain_text("exited 3")

        await alert.get_by_role("button", name="Restart now").click()
        await expect(alert).to_contain_text("is up again")
        await expect(alert.get_by_role("button", name="Restart now")).to_have_count(0)
        again = await ghost.daemon("flaky", lambda d: d["word"] == "up")
        assert again["pid"] != pid
        assert again["breaker"] == "closed"
    finally:
        await ghost.clear()
