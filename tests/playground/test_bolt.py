"""The real slack_bolt app and its Socket Mode handler, unchanged, against the playground."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground

BUTTON = {
    "type": "button",
    "text": {"type": "plain_text", "text": "Restart"},
    "action_id": "restart",
    "value": "web",
}


def register(app: AsyncApp) -> None:
    @app.command("/ghost")
    async def command(ack: Any, command: Any, say: Any) -> None:
        if command["text"] == "alert":
            await ack()
            blocks = [{"type": "actions", "elements": [BUTTON]}]
            await say(text="web died", blocks=blocks)
        else:
            await ack(f"you said {command['text']}")

    @app.action("restart")
    async def restart(ack: Any, respond: Any, body: Any, client: Any, action: Any) -> None:
        await ack()
        await respond(text=f"restarting {action['value']}", replace_original=True)
        message = body["message"]
        await client.chat_update(
            channel=body["channel"]["id"],
            ts=message["ts"],
            text=f"{action['value']} is up, thanks to <@{body['user']['id']}>",
        )

    @app.event("app_mention")
    async def mention(event: Any, say: Any) -> None:
        await say(text="here", thread_ts=event["ts"])

    @app.event("message")
    async def message(ack: Any) -> None:
        await ack()

    @app.shortcut("open")
    async def open_modal(ack: Any, client: Any, body: Any) -> None:
        await ack()
        element = {"type": "plain_text_input", "action_id": "words"}
        label = {"type": "plain_text", "text": "Patch"}
        view = {
            "type": "modal",
            "callback_id": "patch",
            "title": label,
            "submit": label,
            "blocks": [{"type": "input", "block_id": "text", "label": label, "element": element}],
        }
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("patch")
    async def submitted(ack: Any, view: Any, client: Any, body: Any) -> None:
        words = view["state"]["values"]["text"]["words"]["value"]
        if "Begin" not in words:
            await ack(response_action="errors", errors={"text": "this is no patch"})
            return
        await ack()
        await client.chat_postMessage(channel=body["user"]["id"], text="taken")

    @app.event("app_home_opened")
    async def home(event: Any, client: Any) -> None:
        blocks = [{"type": "header", "text": {"type": "plain_text", "text": "The house"}}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})


@pytest.fixture
async def bolt(playground: Playground) -> AsyncIterator[AsyncSocketModeHandler]:
    client = AsyncWebClient(token=playground.bot_token, base_url=playground.api_url)
    app = AsyncApp(client=client, name="test")
    register(app)
    handler = AsyncSocketModeHandler(app, playground.app_token)
    await handler.connect_async()
    yield handler
    await handler.close_async()


@pytest.mark.usefixtures("bolt")
async def test_a_command_is_answered_privately(playground: Playground) -> None:
    await playground.type("/ghost hello")
    [message] = playground.messages()
    assert (message["text"], message["ephemeral"]) == ("you said hello", True)


@pytest.mark.usefixtures("bolt")
async def test_an_alert_is_healed_by_its_button(playground: Playground) -> None:
    await playground.type("/ghost alert")
    alert = await playground.until(lambda seen: seen and seen[-1]["blocks"] and seen[-1])
    await playground.press(alert["ts"], "restart", by="bob")
    healed = await playground.until(lambda seen: "is up" in seen[-1]["text"] and seen[-1])
    assert healed["ts"] == alert["ts"]
    assert healed["text"] == "web is up, thanks to <@U0BOB>"


@pytest.mark.usefixtures("bolt")
async def test_a_mention_is_answered_in_its_thread(playground: Playground) -> None:
    await playground.type("@ghost are you there?")
    ts = playground.messages()[0]["ts"]
    thread = await playground.until(lambda seen: len(seen) > 1 and seen, thread_ts=ts)
    assert thread[1]["text"] == "here"


@pytest.mark.usefixtures("bolt")
async def test_a_modal_is_refused_mended_and_taken(playground: Playground) -> None:
    await playground.shortcut("open")
    await playground.until(lambda _seen: playground.modal())
    assert await playground.submit({}) == {"text": "Please complete this required field."}
    assert await playground.submit({"text": {"words": "hm"}}) == {"text": "this is no patch"}
    assert await playground.submit({"text": {"words": "*** Begin Patch"}}) == {}
    assert playground.modal() is None
    await playground.until(lambda seen: seen and seen[-1]["text"] == "taken", channel="dm")


@pytest.mark.usefixtures("bolt")
async def test_the_home_tab_is_published(playground: Playground) -> None:
    playground.open_home()
    home = await playground.until(lambda _seen: playground.home())
    assert home["blocks"][0]["text"]["text"] == "The house"


async def test_the_client_comes_back_after_a_refresh(
    playground: Playground, bolt: AsyncSocketModeHandler
) -> None:
    await playground.sockets.disconnect("refresh_requested")

    def opens() -> int:
        return sum(c.method == "apps.connections.open" for c in playground.calls)

    await playground.until(lambda _seen: opens() == 2 and len(playground.sockets) == 1)
    await playground.type("/ghost again")
    assert playground.messages()[-1]["text"] == "you said again"
