"""response_urls and trigger_ids: what they allow, and for how long."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground

BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
BLOCKS = [{"type": "actions", "elements": [BUTTON]}]
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Patch"},
    "blocks": [{"type": "divider"}],
}


@pytest.fixture
def command(playground: Playground, listening: Any) -> Any:
    """The payload of a command that was typed and acked without a word."""

    async def typed(by: str = "alice") -> dict[str, Any]:
        async with listening() as app:
            await playground.type("/ghost status", by=by)
            payload: dict[str, Any] = (await app.next("slash_commands"))["payload"]
            return payload

    return typed


@pytest.fixture
def click(playground: Playground, listening: Any) -> Any:
    """The payload of a press of the one button of a message."""

    async def clicked(ts: str, by: str = "alice") -> dict[str, Any]:
        async with listening() as app:
            await playground.press(ts, "go", by=by)
            payload: dict[str, Any] = (await app.next("interactive"))["payload"]
            return payload

    return clicked


@pytest.fixture
def respond(http: aiohttp.ClientSession) -> Any:
    async def post(payload: dict[str, Any], **body: Any) -> tuple[int, str]:
        async with http.post(payload["response_url"], json=body) as answer:
            return answer.status, await answer.text()

    return post


async def test_an_answer_is_private_unless_it_says_otherwise(
    playground: Playground, command: Any, respond: Any
) -> None:
    payload = await command()
    assert await respond(payload, text="psst") == (200, "ok")
    assert await respond(payload, text="all", response_type="in_channel") == (200, "ok")
    assert [m["text"] for m in playground.messages()] == ["psst", "all"]
    assert [m["text"] for m in playground.messages(seen_by="bob")] == ["all"]


async def test_the_sixth_use_is_refused(playground: Playground, command: Any, respond: Any) -> None:
    payload = await command()
    for number in range(5):
        assert (await respond(payload, text=str(number)))[0] == 200
    assert await respond(payload, text="6") == (404, "used_url")
    assert len(playground.messages()) == 5


async def test_after_30_minutes_it_is_refused(
    playground: Playground, command: Any, respond: Any
) -> None:
    payload = await command()
    playground.clock.advance(30 * 60 - 5)
    assert (await respond(payload, text="late"))[0] == 200
    playground.clock.advance(10)
    assert await respond(payload, text="too late") == (404, "expired_url")


async def test_a_bad_answer_is_refused_and_costs_no_use(command: Any, respond: Any) -> None:
    payload = await command()
    assert await respond(payload, text="") == (400, "no_text")
    assert await respond(payload, text="t", blocks=[{"type": "x"}]) == (400, "invalid_blocks")
    for _ in range(5):
        assert (await respond(payload, text="t"))[0] == 200


async def test_the_original_is_replaced(
    playground: Playground, slack: AsyncWebClient, click: Any, respond: Any
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=BLOCKS)
    payload = await click(post["ts"])
    assert (await respond(payload, text="done", replace_original="true"))[0] == 200
    [message] = playground.messages(seen_by="bob")
    assert (message["ts"], message["text"], message["blocks"]) == (post["ts"], "done", [])


async def test_a_private_message_is_replaced_for_its_person(
    playground: Playground, slack: AsyncWebClient, click: Any, respond: Any
) -> None:
    post = await slack.chat_postEphemeral(
        channel="C0ALERTS", user="U0ALICE", text="t", blocks=BLOCKS
    )
    payload = await click(post["message_ts"])
    assert payload["container"]["is_ephemeral"]
    assert "message" not in payload
    await respond(payload, text="done", replace_original=True, response_type="in_channel")
    assert [(m["text"], m["ephemeral"]) for m in playground.messages()] == [("done", True)]
    assert playground.messages(seen_by="bob") == []


async def test_the_original_is_deleted_by_that_field_alone(
    playground: Playground, slack: AsyncWebClient, click: Any, respond: Any
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=BLOCKS)
    payload = await click(post["ts"])
    assert (await respond(payload, text="bye", delete_original=True))[0] == 400
    assert (await respond(payload, delete_original="true"))[0] == 200
    assert playground.messages() == []


async def test_a_command_has_no_original(
    playground: Playground, command: Any, respond: Any
) -> None:
    payload = await command()
    assert await respond(payload, delete_original=True) == (404, "message_not_found")
    assert (await respond(payload, text="new", replace_original=True))[0] == 200
    assert [m["text"] for m in playground.messages()] == ["new"]


async def test_a_trigger_opens_one_view(
    playground: Playground, slack: AsyncWebClient, command: Any, refusal: Any
) -> None:
    trigger = (await command())["trigger_id"]
    await slack.views_open(trigger_id=trigger, view=MODAL)
    modal = playground.modal()
    assert modal is not None
    assert modal["title"]["text"] == "Patch"
    again = slack.views_open(trigger_id=trigger, view=MODAL)
    assert (await refusal(again))["error"] == "exchanged_trigger_id"


async def test_a_trigger_lives_3_seconds(
    playground: Playground, slack: AsyncWebClient, command: Any, refusal: Any
) -> None:
    trigger = (await command())["trigger_id"]
    playground.clock.advance(3.1)
    late = slack.views_open(trigger_id=trigger, view=MODAL)
    assert (await refusal(late))["error"] == "expired_trigger_id"
    made_up = slack.views_open(trigger_id="1.2.3", view=MODAL)
    assert (await refusal(made_up))["error"] == "invalid_trigger_id"
