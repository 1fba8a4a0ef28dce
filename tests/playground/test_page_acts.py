"""The page's further rooms: the Home tab, other people, files, reactions, members, trouble."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground


def plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


async def act(page: Page, message: Locator, words: str) -> None:
    """Use what stands under the three dots of a message."""
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    await page.get_by_test_id("menu").get_by_text(words).click()


async def test_the_home_tab_is_shown_pressed_and_kept_in_place(
    page: Page, slack: AsyncWebClient, listening: Any
) -> None:
    def home(words: str) -> dict[str, Any]:
        button = {"type": "button", "action_id": "restart", "text": plain("Restart")}
        header = {"type": "header", "text": plain(words)}
        return {"type": "home", "blocks": [header, {"type": "actions", "elements": [button]}]}

    async with listening() as app:
        await page.locator(".room[data-channel=directmessage]").click()
        await page.get_by_role("tab", name="Home").click()
        await expect(page.get_by_text("has not published its Home tab")).to_be_visible()
        event = (await app.next("events_api"))["payload"]["event"]
        await slack.views_publish(user_id=event["user"], view=home("The house"))
        await expect(page.get_by_role("heading", name="The house")).to_be_visible()
        restart = page.locator("[data-action-id=restart]")
        await restart.press("Enter")
        payload = (await app.next("interactive"))["payload"]
        assert (payload["view"]["type"], payload["container"]["type"]) == ("home", "view")
        await slack.views_publish(user_id=event["user"], view=home("Another house"))
        await expect(page.get_by_role("heading", name="Another house")).to_be_visible()
        await expect(restart).to_be_focused()


async def test_a_message_shortcut_stands_under_each_message(
    page: Page, playground: Playground, listening: Any
) -> None:
    await playground.type("*** Begin Patch", by="bob")
    async with listening() as app:
        await act(page, page.get_by_test_id("message"), "Take")
        payload = (await app.next("interactive"))["payload"]
    assert (payload["callback_id"], payload["message"]["user"]) == ("take", "U0BOB")


async def test_each_kind_of_person_is_there_to_be(page: Page, playground: Playground) -> None:
    people = page.get_by_test_id("person")
    assert await people.locator("option").all_inner_texts() == [
        "alice – Slack admin",
        "bob – member",
        "carol – guest",
        "dave – member, not in #ghost-alerts",
        "erin – another workspace, not in #ghost-alerts",
        "robot – bot, not in #ghost-alerts",
    ]
    await people.select_option("erin")
    await expect(page.locator(".room[data-channel]")).to_have_count(2)  # #partners, and the app
    await people.select_option("robot")
    await page.locator(".room[data-channel=patches]").click()
    await page.get_by_test_id("composer").fill("```--- a/x```")
    await page.get_by_test_id("composer").press("Enter")
    await expect(page.get_by_test_id("message")).to_contain_text("--- a/x")
    await expect(page.get_by_test_id("message").get_by_text("APP")).to_be_visible()
    [message] = playground.messages(channel="patches")
    assert (message["user"], message["blocks"]) == ("U0ROBOT", [])


async def test_a_snippet_is_made_shown_as_a_diff_and_read_in_full(
    page: Page, playground: Playground
) -> None:
    patch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n" + " same\n" * 500
    await page.get_by_role("button", name="Attach a file").press("Enter")
    await page.get_by_test_id("menu").get_by_text("Create a snippet").click()
    dialog = page.get_by_test_id("snippet")
    await dialog.get_by_label("Title").fill("fix")
    await dialog.get_by_label("Type").select_option("Diff")
    await dialog.get_by_label("Content").fill(patch)
    await dialog.get_by_label("Message").fill("please @ghost")
    await page.get_by_test_id("create-snippet").click()
    file = page.get_by_test_id("file")
    await expect(file).to_contain_text("fix.diff")
    await expect(file.locator(".taken")).to_have_text("-old\n")
    assert await file.locator("pre span").count() < 500
    await file.get_by_role("button", name="Show all 506 lines").click()
    await expect(file.locator("pre span")).to_have_count(505)
    [message] = playground.messages()
    assert message["text"] == "please <@U0GHOST>"
    assert message["files"][0]["size"] == len(patch)


async def test_a_file_is_pasted_into_a_thread(page: Page, playground: Playground) -> None:
    await playground.type("see below")
    await page.get_by_test_id("message").hover()
    await page.get_by_test_id("reply").click()
    await page.get_by_test_id("thread-composer").fill("here it is")
    await page.get_by_test_id("thread-composer").evaluate(
        """node => {
          const data = new DataTransfer();
          data.items.add(new File(["words"], "notes.txt"));
          const paste = { clipboardData: data, bubbles: true, cancelable: true };
          node.dispatchEvent(new ClipboardEvent("paste", paste));
        }"""
    )
    await expect(page.get_by_test_id("thread").get_by_test_id("file")).to_contain_text("notes.txt")
    reply = playground.messages(thread_ts=playground.messages()[0]["ts"])[1]
    assert (reply["text"], reply["files"][0]["name"]) == ("here it is", "notes.txt")


async def test_a_message_is_edited_reacted_to_and_deleted(
    page: Page, playground: Playground
) -> None:
    await playground.type("frist for @bob")
    message = page.get_by_test_id("message")
    await act(page, message, "Edit message")
    field = page.get_by_test_id("edit")
    await expect(field).to_have_value("frist for @bob")
    await field.fill("first for @bob")
    await field.press("Enter")
    await expect(message).to_contain_text("(edited)")
    assert playground.messages()[0]["text"] == "first for <@U0BOB>"
    await message.hover()
    await message.get_by_role("button", name="Add reaction").click()
    await page.keyboard.type("tada")
    await page.keyboard.press("Enter")
    reaction = message.get_by_role("button", name="1 tada")
    await expect(reaction).to_have_attribute("aria-pressed", "true")
    await reaction.click()
    await expect(reaction).to_have_count(0)
    await page.get_by_test_id("person").select_option("bob")
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    await expect(page.get_by_test_id("menu").get_by_text("Copy text")).to_be_visible()
    await expect(page.get_by_test_id("menu").get_by_text("Delete")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.get_by_test_id("person").select_option("alice")
    await act(page, message, "Delete message")
    await expect(message).to_have_count(0)


async def test_a_reply_is_sent_to_the_channel_too(page: Page, playground: Playground) -> None:
    await playground.type("api died")
    await page.get_by_test_id("message").hover()
    await page.get_by_test_id("reply").click()
    await page.get_by_test_id("broadcast").check()
    await page.get_by_test_id("thread-composer").fill("mended")
    await page.get_by_test_id("thread-composer").press("Enter")
    await expect(page.locator("#messages").get_by_text("mended")).to_be_visible()
    await expect(page.get_by_test_id("broadcast")).not_to_be_checked()
    await page.locator("#messages").get_by_role("button", name="replied to a thread").click()
    await expect(page.get_by_test_id("thread")).to_contain_text("api died")


async def test_people_are_added_and_taken_out(page: Page, playground: Playground) -> None:
    await page.get_by_test_id("members").click()
    dialog = page.get_by_test_id("members-dialog")
    await expect(dialog).to_contain_text("U0ALICE")
    await expect(dialog).to_contain_text("B0ROBOT")
    await dialog.get_by_role("button", name="invite dave").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_test_id("message")).to_contain_text("@dave has joined the channel")
    await expect(page.get_by_test_id("members")).to_contain_text("5")
    await playground.type("/archive")
    await expect(page.get_by_text("is archived: nobody writes here")).to_be_visible()


async def test_a_mention_elsewhere_is_counted(page: Page, playground: Playground) -> None:
    await playground.type("nothing for you", by="bob", channel="general")
    general = page.locator(".room[data-channel=general]")
    await expect(general.get_by_label("unread")).to_be_visible()
    await playground.type("@alice and @oncall, look", by="bob", channel="general")
    await expect(general.get_by_label("unread, 1 for you")).to_have_text("1")
    await expect(page).to_have_title("(1) playground – playground")
    await general.click()
    await expect(page.locator(".between.new")).to_have_text("New")
    await expect(page).to_have_title("playground – playground")


async def test_an_outage_is_switched_on_and_off_at_the_page(
    page: Page, playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    async with listening():
        await expect(page.get_by_test_id("link")).to_have_text("Ghost is connected")
        await page.get_by_role("button", name="Trouble").press("Enter")
        panel = page.get_by_test_id("trouble")
        await panel.get_by_label("Slack", exact=True).select_option("failing")
        await expect(page.get_by_test_id("link")).to_have_text("the app is not connected")
        await expect(page.get_by_role("button", name="Trouble: 1 on")).to_be_visible()
    with pytest.raises(SlackApiError):
        await slack.auth_test()
    await panel.get_by_label("Method").select_option("chat.update")
    await panel.get_by_label("Retry-After in seconds").fill("9")
    await panel.get_by_role("button", name="Limit", exact=True).click()
    await expect(panel).to_contain_text("Retry-After: 9")
    assert playground.faults.limits == {"chat.update": 9}
    await panel.get_by_role("button", name="All well again").click()
    await expect(panel).not_to_contain_text("Retry-After: 9")
    await slack.auth_test()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()


async def test_what_stands_in_a_message_is_picked_there(
    page: Page, slack: AsyncWebClient, listening: Any
) -> None:
    options = [{"text": plain(name), "value": name} for name in ("red", "blue")]
    elements = [
        {"type": "overflow", "action_id": "overflow", "options": options},
        {"type": "radio_buttons", "action_id": "radio", "options": options},
        {"type": "checkboxes", "action_id": "checks", "options": options},
        {"type": "datepicker", "action_id": "day"},
        {"type": "multi_static_select", "action_id": "several", "options": options},
    ]
    text = {"type": "mrkdwn", "text": "pick"}
    several = {"type": "section", "text": text, "accessory": elements.pop()}
    blocks = [{"type": "actions", "elements": elements}, several]
    await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)

    async def said() -> dict[str, Any]:
        action: dict[str, Any] = (await app.next("interactive"))["payload"]["actions"][0]
        return action

    async with listening() as app:
        await page.get_by_role("button", name="More", exact=True).click()
        await page.get_by_test_id("menu").get_by_text("blue").click()
        assert (await said())["selected_option"]["value"] == "blue"
        await page.get_by_role("radio", name="red").check()
        assert (await said())["selected_option"]["value"] == "red"
        await page.get_by_role("checkbox", name="red").check()
        assert [o["value"] for o in (await said())["selected_options"]] == ["red"]
        await page.locator("[data-action-id=day]").fill("2026-12-24")
        assert (await said())["selected_date"] == "2026-12-24"
        choose = page.locator("[data-action-id=several] .select")
        for name in ("red", "blue"):
            await choose.click()
            await page.get_by_test_id("menu").get_by_text(name).click()
        await said()
        assert [o["value"] for o in (await said())["selected_options"]] == ["red", "blue"]
        await page.get_by_role("button", name="Remove red").click()
        assert [o["value"] for o in (await said())["selected_options"]] == ["blue"]
