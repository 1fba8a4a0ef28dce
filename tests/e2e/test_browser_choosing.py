"""Windows and the Home tab, in a real Chromium with a real Ghost."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.test_browser import HOUSE, playground_url
from tests.fakes.real_ghost import RealGhost

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def page(browser: Browser) -> Page:
    page = await browser.new_page()
    page.set_default_timeout(15_000)
    return page


async def test_a_daemon_is_chosen_by_a_part_of_its_name_and_read_in_the_home_tab(
    page: Page, tmp_path: Path
) -> None:
    ghost = RealGhost(tmp_path, HOUSE, {})
    ghost.words = ("--playground",)
    try:
        await ghost.up()
        before = await ghost.all_up()
        await page.goto(await playground_url(ghost))
        await expect(page.get_by_text("Ghost is connected")).to_be_visible()

        composer = page.get_by_test_id("composer")
        await composer.fill("/ghost restart")
        await composer.press("Enter")
        window = page.get_by_role("dialog")
        await window.get_by_role("button", name="Type a part of its name").click()
        await page.keyboard.type("fla")
        await expect(page.get_by_test_id("menu")).not_to_contain_text("web")
        await page.get_by_test_id("menu").get_by_text("flaky").click()
        await window.get_by_role("button", name="Restart", exact=True).click()
        said = page.get_by_test_id("message").filter(has_text="restarted")
        await expect(said).to_contain_text("flaky: is up")
        after = await ghost.daemons()
        assert after["flaky"]["pid"] != before["flaky"]["pid"]
        assert after["web"]["pid"] == before["web"]["pid"]

        await page.locator("nav").get_by_text("ghost", exact=True).click()
        await page.get_by_text("Home", exact=True).first.click()
        home = page.get_by_test_id("home")
        await expect(home).to_contain_text("2 of 2 daemons up")
        await home.get_by_role("button", name="Why …").click()
        await expect(page.get_by_role("dialog")).to_contain_text("Which daemon?")
    finally:
        await ghost.clear()
