"""The page without a mouse, on a narrow screen, and where a reader must not lose the place."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground

Json = dict[str, Any]


def plain(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def modal(*blocks: Json, **more: Any) -> Json:
    shell = {"type": "modal", "title": plain("Patch"), "submit": plain("Go"), "callback_id": "p"}
    return {**shell, "blocks": list(blocks), **more}


def field(name: str, element: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": name,
        "label": plain(name),
        "element": {"action_id": "a", **element},
        **more,
    }


TEXT = {"type": "plain_text_input"}


async def has_focus(page: Page, selector: str) -> None:
    await expect(page.locator(selector).first).to_be_focused()


async def open_modal(page: Page, slack: AsyncWebClient, app: Any, view: Json) -> Json:
    """Use the shortcut by the keyboard alone, and answer it with a modal."""
    shortcut = page.locator("[data-callback-id=open]")
    await shortcut.focus()
    await shortcut.press("Enter")
    trigger = (await app.next("interactive"))["payload"]["trigger_id"]
    answer: Json = (await slack.views_open(trigger_id=trigger, view=view))["view"]
    await page.get_by_test_id("modal").wait_for()
    return answer


async def test_a_modal_is_filled_in_by_keys_and_its_mistake_gets_the_focus(
    page: Page, slack: AsyncWebClient, listening: Any
) -> None:
    def answer(envelope: Json) -> Any:
        if envelope["payload"]["type"] == "view_submission":
            return {"response_action": "errors", "errors": {"two": "this is no patch"}}
        return None

    async with listening(answer) as app:
        await open_modal(page, slack, app, modal(field("one", TEXT), field("two", TEXT)))
        one, two = (page.get_by_test_id("modal").get_by_label(n) for n in ("one", "two"))
        await expect(one).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Please complete this required field.")).to_have_count(2)
        await page.keyboard.type("first")
        await page.keyboard.press("Tab")
        await expect(two).to_be_focused()
        await page.keyboard.type("second")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("this is no patch")).to_be_visible()
        await expect(two).to_be_focused()
        await expect(two).to_have_attribute("aria-invalid", "true")
        await expect(one).to_have_attribute("aria-invalid", "false")
        await expect(two).to_have_value("second")


async def test_escape_closes_the_modal_on_top_and_focus_comes_back(
    page: Page, playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    button = {"type": "button", "action_id": "more", "text": plain("More")}
    first = modal({"type": "actions", "elements": [button]})
    async with listening() as app:
        await open_modal(page, slack, app, first)
        await page.locator("[data-action-id=more]").press("Enter")
        trigger = (await app.next("interactive"))["payload"]["trigger_id"]
        second = modal(field("deep", TEXT), title=plain("Second"))
        await slack.views_push(trigger_id=trigger, view=second)
        shown = page.get_by_test_id("modal")
        await expect(shown.get_by_role("heading", name="Second")).to_be_visible()
        await expect(shown.get_by_label("Back")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(shown.get_by_role("heading", name="Patch")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(shown).to_have_count(0)
    assert playground.modal() is None
    await has_focus(page, "[data-callback-id=open]")


async def test_an_update_of_a_modal_keeps_what_is_being_typed(
    page: Page, slack: AsyncWebClient, listening: Any
) -> None:
    async with listening() as app:
        view = await open_modal(page, slack, app, modal(field("one", TEXT)))
        await page.keyboard.type("half")
        new = modal({"type": "header", "text": plain("Meanwhile")}, field("one", TEXT))
        await slack.views_update(view_id=view["id"], view=new)
        await expect(page.get_by_role("heading", name="Meanwhile")).to_be_visible()
        one = page.get_by_test_id("modal").get_by_label("one")
        await expect(one).to_be_focused()
        await page.keyboard.type(" done")
        await expect(one).to_have_value("half done")


async def test_every_input_of_slack_sends_its_kind_of_value(
    page: Page, playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    options = [{"text": plain(name), "value": name} for name in ("red", "blue")]
    blocks = [
        field("day", {"type": "datepicker"}),
        field("time", {"type": "timepicker"}),
        field("moment", {"type": "datetimepicker"}),
        field("number", {"type": "number_input", "is_decimal_allowed": False, "min_value": "3"}),
        field("mail", {"type": "email_text_input"}),
        field("radio", {"type": "radio_buttons", "options": options}),
        field("checks", {"type": "checkboxes", "options": options}),
        field("users", {"type": "multi_users_select", "placeholder": plain("Who")}),
        field("file", {"type": "file_input"}),
        field("rich", {"type": "rich_text_input"}),
    ]
    async with listening() as app:
        await open_modal(page, slack, app, modal(*blocks))
        shown = page.get_by_test_id("modal")
        await shown.get_by_label("day").fill("2026-12-24")
        await shown.get_by_label("time").fill("18:30")
        await shown.get_by_label("moment").fill("2026-12-24T18:30")
        await shown.get_by_label("number").fill("2")
        await shown.get_by_label("mail").fill("nobody")
        await shown.get_by_role("radio", name="blue").check()
        await shown.get_by_role("checkbox", name="red").check()
        await shown.get_by_role("button", name="Who").click()
        await page.get_by_test_id("menu").get_by_text("@bob").click()
        files = [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"words"}]
        await shown.locator("input[type=file]").set_input_files(files)  # type: ignore[arg-type]
        await expect(shown.get_by_text("a.txt", exact=True)).to_be_visible()
        await shown.get_by_label("rich").fill("rich words")
        await page.get_by_test_id("submit").click()
        await expect(shown.get_by_text("a number of at least 3")).to_be_visible()
        await expect(shown.get_by_text("a valid email address")).to_be_visible()
        await shown.get_by_label("number").fill("7")
        await shown.get_by_label("mail").fill("a@b.example")
        await page.get_by_test_id("submit").click()
        await expect(shown).to_have_count(0)
        values = (await app.next("interactive"))["payload"]["view"]["state"]["values"]
    said = {
        name: {k: v for k, v in slot["a"].items() if k != "type"} for name, slot in values.items()
    }
    assert said["day"] == {"selected_date": "2026-12-24"}
    assert said["time"] == {"selected_time": "18:30"}
    assert isinstance(said["moment"]["selected_date_time"], int)
    assert said["number"] == {"value": "7"}
    assert said["mail"] == {"value": "a@b.example"}
    assert said["radio"]["selected_option"]["value"] == "blue"
    assert [o["value"] for o in said["checks"]["selected_options"]] == ["red"]
    assert said["users"] == {"selected_users": ["U0BOB"]}
    assert said["file"]["files"][0]["name"] == "a.txt"
    elements = said["rich"]["rich_text_value"]["elements"]
    assert elements[0]["elements"][0]["text"] == "rich words"


async def test_an_external_select_is_searched_and_picked_by_keys(
    page: Page, slack: AsyncWebClient, listening: Any
) -> None:
    def answer(envelope: Json) -> Any:
        if envelope["payload"]["type"] != "block_suggestion":
            return None
        text = envelope["payload"]["value"] + "-server"
        return {"options": [{"text": plain(text), "value": text}]}

    select = {"type": "external_select", "action_id": "name", "min_query_length": 2}
    blocks = [{"type": "actions", "elements": [{**select, "placeholder": plain("Daemon")}]}]
    await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    async with listening(answer) as app:
        await page.locator("[data-action-id=name]").press("Enter")
        await expect(page.get_by_test_id("menu")).to_contain_text("at least 2 characters")
        await page.keyboard.type("web")
        await expect(page.get_by_test_id("menu")).to_contain_text("web-server")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        while (seen := (await app.next("interactive"))["payload"])["type"] != "block_actions":
            pass
        assert seen["actions"][0]["selected_option"]["value"] == "web-server"
        await expect(page.locator("[data-action-id=name]")).to_contain_text("web-server")
        await has_focus(page, "[data-action-id=name]")


async def test_keys_lead_from_part_to_part_and_from_message_to_message(
    page: Page, slack: AsyncWebClient
) -> None:
    for number in range(3):
        await slack.chat_postMessage(channel="C0ALERTS", text=f"message {number}")
    await expect(page.get_by_test_id("message")).to_have_count(3)
    await page.get_by_test_id("composer").focus()
    await page.keyboard.press("Shift+F6")
    await has_focus(page, "#messages")
    await page.keyboard.press("ArrowUp")
    last = page.get_by_test_id("message").last
    await expect(last).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_test_id("message").nth(1)).to_be_focused()
    reply = page.get_by_test_id("message").nth(1).get_by_test_id("reply")
    await expect(reply).to_be_visible()
    await reply.press("Enter")
    await has_focus(page, "[data-testid=thread-composer]")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("thread")).to_be_hidden()
    await expect(page.get_by_test_id("message").nth(1)).to_be_focused()
    await page.keyboard.press("Escape")
    await has_focus(page, "[data-testid=composer]")


async def test_names_channels_and_emoji_are_completed(page: Page, playground: Playground) -> None:
    composer = page.get_by_test_id("composer")
    await composer.press_sequentially("@onc")
    await composer.press("Tab")
    await composer.press_sequentially("see #gen")
    await composer.press("Enter")
    await composer.press_sequentially(":tad")
    await composer.press("Tab")
    await expect(composer).to_have_value("@oncall see #general :tada: ")
    await composer.press("Enter")
    await expect(page.get_by_test_id("message")).to_contain_text("🎉")
    text = playground.messages()[0]["text"]
    assert text == "<!subteam^S0ONCALL> see <#C0GENERAL|general> :tada:"


async def test_who_reads_above_stays_there_and_is_told_what_is_new(
    page: Page, slack: AsyncWebClient, playground: Playground
) -> None:
    playground.faults.rate_limits = False
    for number in range(40):
        await slack.chat_postMessage(channel="C0ALERTS", text=f"message {number}")
    await expect(page.get_by_text("message 39", exact=True)).to_be_in_viewport()
    messages = page.locator("#messages")
    await messages.evaluate("node => { node.scrollTop = 0 }")
    await expect(page.get_by_text("message 0", exact=True)).to_be_in_viewport()
    await slack.chat_postMessage(channel="C0ALERTS", text="one more")
    newer = page.get_by_test_id("newer")
    await expect(newer).to_have_text("↓ 1 new message")
    assert await messages.evaluate("node => node.scrollTop") == 0
    await newer.click()
    await expect(page.get_by_text("one more", exact=True)).to_be_in_viewport()
    await expect(newer).to_be_hidden()


async def test_a_narrow_screen_shows_everything_without_scrolling_sideways(
    page: Page, slack: AsyncWebClient
) -> None:
    long = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x" * 300}]}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "`" + "y" * 200 + "`"}}
    blocks = [section, {"type": "rich_text", "elements": [long]}]
    await page.set_viewport_size({"width": 360, "height": 640})
    await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    await expect(page.get_by_test_id("message")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    wide = "node => node.scrollWidth <= node.clientWidth"
    assert await page.locator("#messages").evaluate(wide)
    menu = page.get_by_role("button", name="Channels")
    await menu.press("Enter")
    await expect(page.locator(".room[data-channel=general]")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#sidebar")).to_be_hidden()
    await menu.click()
    await page.locator(".room[data-channel=general]").click()
    await expect(page.locator("#sidebar")).to_be_hidden()
    await expect(page.get_by_role("heading", name="# general")).to_be_visible()


async def test_dark_and_light_are_readable(playground: Playground, browser: Browser) -> None:
    await playground.type("hello")
    for scheme in ("dark", "light"):
        context = await browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
        page = await context.new_page()
        await page.goto(playground.page_url)
        await page.get_by_test_id("message").wait_for()
        text, back = await page.evaluate(
            """() => {
              const style = getComputedStyle(document.body);
              return [style.color, style.backgroundColor];
            }"""
        )
        light = [sum(int(n) for n in rgb.strip("rgb()").split(",")) for rgb in (text, back)]
        assert (light[0] > light[1]) == (scheme == "dark")
        assert abs(light[0] - light[1]) > 450
        await context.close()


UNNAMED = """() => {
  const named = (node) =>
    (node.getAttribute("aria-label") || node.labels?.[0]?.innerText || node.innerText || "").trim();
  const all = document.querySelectorAll("button, a, input, textarea, select, [role]");
  const shown = [...all].filter((node) => node.offsetParent && !node.matches("[role=none]"));
  return shown.filter((node) => !named(node)).map((node) => node.outerHTML.slice(0, 120));
}"""


async def test_whatever_can_be_acted_on_has_a_name(
    page: Page, slack: AsyncWebClient, playground: Playground
) -> None:
    options = [{"text": plain("red"), "value": "red"}]
    elements = [
        {"type": "overflow", "action_id": "o", "options": options},
        {"type": "static_select", "action_id": "s", "options": options},
        {"type": "datepicker", "action_id": "d"},
    ]
    blocks = [{"type": "actions", "elements": elements}]
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    playground.share(("a.txt", b"words"))
    playground.react(post["ts"], "eyes")
    await page.get_by_test_id("message").first.hover()
    await page.get_by_test_id("reply").first.click()
    await page.get_by_role("button", name="Trouble").click()
    assert await page.evaluate(UNNAMED) == []
    await page.get_by_test_id("members").click(force=True)
    assert await page.evaluate(UNNAMED) == []


async def test_what_has_the_focus_is_seen_to_have_it(page: Page) -> None:
    await page.locator("#person").focus()
    for _ in range(12):
        await page.keyboard.press("Tab")
        seen = await page.evaluate(
            """() => {
              const style = getComputedStyle(document.activeElement);
              const box = document.activeElement.closest(".composer .box");
              return style.outlineStyle !== "none" || getComputedStyle(box).boxShadow !== "none";
            }"""
        )
        assert seen, await page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
