"""The page in a real Chromium: what people type, press and see."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground

HOSTILE = '</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">'


def plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


async def test_a_command_is_completed_sent_answered_and_recalled(
    page: Page, listening: Any
) -> None:
    async with listening(lambda envelope: {"text": f"*{envelope['payload']['text']}*: all up"}):
        composer = page.get_by_test_id("composer")
        await composer.press_sequentially("/gh")
        await composer.press("Tab")
        await composer.press_sequentially("status")
        await composer.press("Enter")
        message = page.get_by_test_id("message")
        await expect(message).to_contain_text("status: all up")
        await expect(message.locator("b", has_text="status")).to_be_visible()
        await expect(page.get_by_test_id("ephemeral")).to_have_text("Only visible to you")
        await expect(composer).to_have_value("")
        await composer.press("ArrowUp")
        await expect(composer).to_have_value("/ghost status")


async def test_the_link_to_the_app_is_shown(page: Page, listening: Any) -> None:
    await expect(page.get_by_test_id("link")).to_have_text("the app is not connected")
    async with listening():
        await expect(page.get_by_test_id("link")).to_have_text("Ghost is connected")


async def test_a_button_asks_before_it_is_pressed(
    page: Page, slack: AsyncWebClient, listening: Any
) -> None:
    ask = {key: plain(key) for key in ("title", "text", "confirm", "deny")}
    button = {"type": "button", "text": plain("Stop"), "action_id": "stop", "confirm": ask}
    blocks = [{"type": "actions", "elements": [button]}]
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    async with listening() as app:
        stop = page.locator("[data-action-id=stop]")
        await stop.click()
        await page.get_by_test_id("deny").click()
        assert app.envelopes.empty()
        await stop.click()
        await page.get_by_test_id("confirm").click()
        envelope = await app.next("interactive")
        assert envelope["payload"]["actions"][0]["action_id"] == "stop"
        await slack.chat_update(channel="C0ALERTS", ts=post["ts"], text="stopped")
        await expect(page.locator(f'[data-ts="{post["ts"]}"]')).to_contain_text("stopped")
        await expect(stop).to_have_count(0)


async def test_what_comes_from_the_app_is_never_markup(page: Page, slack: AsyncWebClient) -> None:
    evil = "<javascript:window.pwned=1|click>"
    rich = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": HOSTILE}]}
    blocks = [
        {"type": "header", "text": plain(HOSTILE)},
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{HOSTILE} {evil} `{HOSTILE}`"}},
        {"type": "rich_text", "elements": [rich]},
        {"type": "markdown", "text": f"{HOSTILE} [click](javascript:window.pwned=1)"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
    ]
    await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    message = page.get_by_test_id("message")
    await expect(message).to_contain_text("window.pwned=1")
    assert await message.locator("img, script, a").count() == 0
    assert await page.evaluate("window.pwned") is None


async def test_a_person_sees_only_what_is_theirs(page: Page, slack: AsyncWebClient) -> None:
    await slack.chat_postEphemeral(channel="C0ALERTS", user="U0ALICE", text="for alice")
    await expect(page.get_by_test_id("message")).to_contain_text("for alice")
    await page.get_by_test_id("person").select_option("bob")
    await expect(page.get_by_test_id("message")).to_have_count(0)
    await slack.chat_postEphemeral(channel="C0ALERTS", user="U0ALICE", text="for alice again")
    await slack.chat_postMessage(channel="C0ALERTS", text="for all")
    await expect(page.get_by_test_id("message").last).to_contain_text("for all")
    await expect(page.get_by_test_id("message")).to_have_count(1)
    await page.get_by_test_id("person").select_option("dave")
    await expect(page.get_by_role("button", name="Join channel")).to_be_visible()


async def test_another_channel_gets_a_dot(page: Page, slack: AsyncWebClient) -> None:
    general = page.locator(".room[data-channel=general]")
    await slack.chat_postMessage(channel="#general", text="look here")
    await expect(general.get_by_label("unread")).to_be_visible()
    await general.click()
    await expect(page.get_by_test_id("message")).to_contain_text("look here")
    await expect(general.get_by_label("unread")).to_have_count(0)


async def test_a_thread_is_answered_in_its_panel(
    page: Page, playground: Playground, slack: AsyncWebClient
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="api died")
    await slack.chat_postMessage(channel="C0ALERTS", text="its log", thread_ts=post["ts"])
    await page.get_by_test_id("replies").click()
    thread = page.get_by_test_id("thread")
    await expect(thread).to_contain_text("its log")
    await page.get_by_test_id("thread-composer").fill("thanks")
    await page.get_by_test_id("thread-composer").press("Enter")
    await expect(thread).to_contain_text("thanks")
    await expect(page.get_by_test_id("replies")).to_have_text("2 replies")
    assert [m["text"] for m in playground.messages()] == ["api died"]


async def test_a_modal_is_filled_in_mended_and_submitted(
    page: Page, playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    def answer(envelope: dict[str, Any]) -> Any:
        if envelope["payload"]["type"] != "view_submission":
            return None
        value = envelope["payload"]["view"]["state"]["values"]["b"]["a"]["value"]
        if value == "good":
            return None
        return {"response_action": "errors", "errors": {"b": "this is no patch"}}

    element = {"type": "plain_text_input", "action_id": "a"}
    block = {"type": "input", "block_id": "b", "label": plain("Patch"), "element": element}
    view = {"type": "modal", "title": plain("T"), "submit": plain("Go"), "blocks": [block]}
    async with listening(answer) as app:
        await page.get_by_role("button", name="Open").click()
        trigger = (await app.next("interactive"))["payload"]["trigger_id"]
        await slack.views_open(trigger_id=trigger, view=view)
        modal = page.get_by_test_id("modal")
        await modal.get_by_label("Patch").fill("bad")
        await page.get_by_test_id("submit").click()
        await expect(modal).to_contain_text("this is no patch")
        await modal.get_by_label("Patch").fill("good")
        await page.get_by_test_id("submit").click()
        await expect(modal).to_have_count(0)
    assert playground.modal() is None


async def test_a_failure_is_shown_to_who_met_it(page: Page) -> None:
    await page.get_by_test_id("composer").fill("/ghost status")
    await page.get_by_test_id("composer").press("Enter")
    failed = page.get_by_test_id("message")
    await expect(failed).to_contain_text('/ghost failed with the error "dispatch_failed"')


async def test_the_page_survives_the_end_of_the_playground(
    page: Page, playground: Playground
) -> None:
    await playground.stop()
    await expect(page.get_by_test_id("link")).to_contain_text(re.compile("gone"))
