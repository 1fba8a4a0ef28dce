"""Modals, the Home tab, shortcuts and external selects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.errors import NoSuch
from ghostbot.playground import Playground

Json = dict[str, Any]


def plain(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def modal(title: str = "T", **more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "a", "initial_value": "begun"}
    block = {"type": "input", "block_id": "b", "label": plain("L"), "element": element}
    button = {"type": "button", "text": plain("Go"), "action_id": "go"}
    actions = {"type": "actions", "block_id": "c", "elements": [button]}
    shell = {"type": "modal", "title": plain(title), "submit": plain("Go"), "callback_id": "p"}
    return {**shell, "blocks": [block, actions], **more}


EXTERNAL = {
    "type": "actions",
    "block_id": "b",
    "elements": [{"type": "external_select", "action_id": "name", "min_query_length": 1}],
}
HOME = {"type": "home", "blocks": [{"type": "header", "text": plain("The house")}]}


@pytest.fixture
def opened(
    playground: Playground, slack: AsyncWebClient, listening: Any
) -> Callable[..., Awaitable[Json]]:
    """Open a modal in front of alice, as a shortcut does."""

    async def open_modal(view: Json) -> Json:
        async with listening() as app:
            await playground.shortcut("open")
            trigger = (await app.next("interactive"))["payload"]["trigger_id"]
            answer: Json = (await slack.views_open(trigger_id=trigger, view=view))["view"]
            return answer

    return open_modal


async def test_an_untouched_input_is_in_the_state(opened: Any) -> None:
    view = await opened(modal())
    assert view["state"]["values"] == {"b": {"a": {"type": "plain_text_input", "value": "begun"}}}
    assert (view["previous_view_id"], view["root_view_id"]) == (None, view["id"])


async def test_a_view_that_breaks_a_limit_names_the_place(
    opened: Any, playground: Playground, refusal: Any
) -> None:
    answer = await refusal(opened(modal(title="x" * 25)))
    assert answer["error"] == "invalid_arguments"
    assert "[json-pointer:/view/title/text]" in answer["response_metadata"]["messages"][0]
    assert playground.modal() is None


async def test_an_update_with_an_old_hash_is_refused(
    opened: Any, playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    view = await opened(modal())
    new = await slack.views_update(view=modal("New"), view_id=view["id"], hash=view["hash"])
    assert new["view"]["hash"] != view["hash"]
    late = slack.views_update(view=modal("Late"), view_id=view["id"], hash=view["hash"])
    assert (await refusal(late))["error"] == "hash_conflict"
    assert playground.modal()["title"]["text"] == "New"


async def test_a_view_that_was_closed_is_not_found(
    opened: Any, playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    view = await opened(modal())
    await playground.close_modal()
    late = slack.views_update(view=modal(), view_id=view["id"])
    assert (await refusal(late))["error"] == "not_found"


async def test_at_most_three_modals_stand_on_one_another(
    opened: Any, playground: Playground, slack: AsyncWebClient, listening: Any, refusal: Any
) -> None:
    await opened(modal("1"))

    async def push(title: str) -> Json:
        async with listening() as app:
            await playground.press_in_view("go")
            trigger = (await app.next("interactive"))["payload"]["trigger_id"]
            answer: Json = (await slack.views_push(trigger_id=trigger, view=modal(title))).data
            return answer

    await push("2")
    third = (await push("3"))["view"]
    assert third["previous_view_id"] != third["root_view_id"]
    assert (await refusal(push("4")))["error"] == "push_limit_reached"
    await playground.close_modal()
    assert playground.modal()["title"]["text"] == "2"


@pytest.mark.parametrize(
    ("action", "title"),
    [
        ({"response_action": "update", "view": modal("Updated")}, "Updated"),
        ({"response_action": "push", "view": modal("Pushed")}, "Pushed"),
        ({"response_action": "clear"}, None),
        (None, None),
    ],
)
async def test_an_answer_to_a_submission_moves_the_modal(
    opened: Any, playground: Playground, listening: Any, action: Any, title: str | None
) -> None:
    await opened(modal())
    async with listening(lambda _envelope: action):
        assert await playground.submit({"b": {"a": "words"}}) == {}
    view = playground.modal()
    assert (view and view["title"]["text"]) == title


async def test_an_error_for_a_block_that_is_not_there_is_no_answer(
    opened: Any, playground: Playground, listening: Any
) -> None:
    await opened(modal())
    answer = {"response_action": "errors", "errors": {"nowhere": "x"}}
    async with listening(lambda _envelope: answer):
        assert "" in await playground.submit()
    assert "refused" in playground.notices[0][1]
    assert playground.modal() is not None


async def test_a_submission_nobody_takes_leaves_the_modal(
    opened: Any, playground: Playground
) -> None:
    await opened(modal())
    assert await playground.submit() == {"": "We had some trouble connecting. Try again?"}
    assert playground.modal() is not None


async def test_a_press_in_a_modal_has_no_channel(
    opened: Any, playground: Playground, listening: Any
) -> None:
    view = await opened(modal())
    async with listening() as app:
        await playground.press_in_view("go")
        payload = (await app.next("interactive"))["payload"]
    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert not {"channel", "message", "response_url"} & set(payload)


async def test_a_closed_modal_is_told_when_it_asks_for_it(
    opened: Any, playground: Playground, listening: Any
) -> None:
    await opened(modal(notify_on_close=True))
    async with listening() as app:
        await playground.close_modal()
        payload = (await app.next("interactive"))["payload"]
    assert (payload["type"], payload["is_cleared"]) == ("view_closed", False)


async def test_the_home_tab_is_each_persons_own(
    playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    async with listening() as app:
        playground.open_home()
        event = (await app.next("events_api"))["payload"]["event"]
        assert (event["type"], event["tab"]) == ("app_home_opened", "home")
        assert "view" not in event
        await slack.views_publish(user_id="U0ALICE", view=HOME)
        playground.open_home()
        assert (await app.next("events_api"))["payload"]["event"]["view"]["type"] == "home"
    assert playground.home(by="bob") is None


async def test_a_home_tab_that_is_off_is_not_enabled(
    manifest: Json, http: Any, refusal: Any
) -> None:
    manifest["features"]["app_home"]["home_tab_enabled"] = False
    playground = Playground(manifest)
    await playground.start()
    slack = AsyncWebClient(playground.bot_token, playground.api_url, session=http)
    call = slack.views_publish(user_id="U0ALICE", view=HOME)
    assert (await refusal(call))["error"] == "not_enabled"
    await playground.stop()


async def test_a_message_shortcut_carries_the_message(
    playground: Playground, listening: Any
) -> None:
    await playground.type("*** Begin Patch", by="bob")
    ts = playground.messages()[0]["ts"]
    async with listening() as app:
        await playground.message_shortcut("take", ts)
        payload = (await app.next("interactive"))["payload"]
    assert (payload["type"], payload["message"]["text"]) == ("message_action", "*** Begin Patch")
    with pytest.raises(NoSuch, match="no such message shortcut"):
        await playground.message_shortcut("open", ts)


async def test_an_external_select_asks_the_app(
    playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    select = {"type": "external_select", "action_id": "name", "min_query_length": 1}
    blocks = [{"type": "actions", "block_id": "b", "elements": [select]}]
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    options = {"options": [{"text": plain("web"), "value": "web"}]}
    async with listening(lambda _envelope: options) as app:
        assert await playground.suggest(post["ts"], "name", "we") == options
        payload = (await app.next("interactive"))["payload"]
        await playground.press(post["ts"], "name", value="web")
        picked = (await app.next("interactive"))["payload"]["actions"][0]
    assert (payload["type"], payload["value"], payload["block_id"]) == (
        "block_suggestion",
        "we",
        "b",
    )
    assert picked["selected_option"]["value"] == "web"


@pytest.mark.parametrize(
    "answer",
    [
        {"options": [{"text": plain("x"), "value": "x"}] * 101},
        {"options": [{"text": plain("x" * 76), "value": "x"}]},
        {"options": [{"text": plain("x")}]},
        {"options": "x"},
        {"else": []},
        {"option_groups": [{"label": plain("g"), "options": [{"value": "x"}]}]},
    ],
)
async def test_options_that_slack_cannot_show_are_refused(
    playground: Playground, slack: AsyncWebClient, listening: Any, answer: Json
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=[EXTERNAL])
    async with listening(lambda _envelope: answer):
        assert await playground.suggest(post["ts"], "name", "we") == {}
    assert "the options were refused" in playground.notices[0][1]


async def test_options_that_come_too_late_are_none(
    playground: Playground, slack: AsyncWebClient, listening: Any, no_ack: object
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=[EXTERNAL])
    async with listening(lambda _envelope: no_ack) as app:
        asked = asyncio.ensure_future(playground.suggest(post["ts"], "name", "we"))
        await app.next("interactive")
        playground.clock.advance(3.1)
        assert await asked == {}
    told = 'block_suggestion failed with the error "operation_timeout"'
    assert playground.notices[0] == ("U0ALICE", told)


async def test_a_modal_that_clears_takes_those_below_along(
    opened: Any, playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    await opened(modal("First", notify_on_close=True))
    async with listening() as app:
        await playground.press_in_view("go")
        trigger = (await app.next("interactive"))["payload"]["trigger_id"]
        await slack.views_push(trigger_id=trigger, view=modal("Second", clear_on_close=True))
        await playground.close_modal()
        payload = (await app.next("interactive"))["payload"]
    assert (payload["type"], payload["is_cleared"]) == ("view_closed", True)
    assert playground.modal() is None


async def test_an_external_id_is_used_once(
    opened: Any, playground: Playground, slack: AsyncWebClient, listening: Any, refusal: Any
) -> None:
    await opened(modal("First", external_id="mine"))
    new = await slack.views_update(external_id="mine", view=modal("New", external_id="mine"))
    assert new["view"]["title"]["text"] == "New"
    async with listening() as app:
        await playground.shortcut("open", by="bob")
        trigger = (await app.next("interactive"))["payload"]["trigger_id"]
        again = slack.views_open(trigger_id=trigger, view=modal(external_id="mine"))
        assert (await refusal(again))["error"] == "duplicate_external_id"
