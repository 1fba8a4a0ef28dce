"""Slack's own socket client without Bolt: another program's bot, unchanged but for the address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground

VIEW = {
    "type": "modal",
    "callback_id": "poll",
    "title": {"type": "plain_text", "text": "Poll"},
    "submit": {"type": "plain_text", "text": "Ask"},
    "blocks": [
        {
            "type": "input",
            "block_id": "when",
            "label": {"type": "plain_text", "text": "When"},
            "element": {"type": "datepicker", "action_id": "day"},
        },
        {
            "type": "input",
            "block_id": "who",
            "label": {"type": "plain_text", "text": "Who"},
            "element": {
                "type": "external_select",
                "action_id": "name",
                "min_query_length": 0,
            },
        },
    ],
}


@dataclass
class PollBot:
    """A bot that has nothing to do with Ghost: polls with votes."""

    web: AsyncWebClient
    votes: int = 0

    async def heard(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        answer = None
        if request.type == "interactive" and request.payload["type"] == "block_suggestion":
            text = {"type": "plain_text", "text": request.payload["value"] or "anybody"}
            answer = {"options": [{"text": text, "value": "one"}]}
        response = SocketModeResponse(envelope_id=request.envelope_id, payload=answer)
        await client.send_socket_mode_response(response)
        payload = request.payload
        match request.type, payload.get("type"):
            case "slash_commands", _:
                await self.web.views_open(trigger_id=payload["trigger_id"], view=VIEW)
            case "interactive", "view_submission":
                await self.ask(payload["view"]["state"]["values"], payload["user"]["id"])
            case "interactive", "block_actions":
                self.votes += 1
                message = payload["message"]
                await self.web.chat_update(
                    channel=payload["channel"]["id"], ts=message["ts"], text=f"{self.votes} votes"
                )
            case "events_api", _:
                event = payload["event"]
                if event["type"] == "app_mention":
                    await self.web.reactions_add(
                        channel=event["channel"], timestamp=event["ts"], name="wave"
                    )

    async def ask(self, values: dict[str, Any], user: str) -> None:
        day = values["when"]["day"]["selected_date"]
        name = values["who"]["name"]["selected_option"]["value"]
        text = {"type": "plain_text", "text": "Vote"}
        button = {"type": "button", "action_id": "vote", "text": text}
        await self.web.chat_postMessage(
            channel="#general",
            text=f"<@{user}> asks {name} for {day}",
            blocks=[{"type": "actions", "elements": [button]}],
        )


@pytest.fixture
async def bot(playground: Playground, slack: AsyncWebClient) -> AsyncIterator[PollBot]:
    bot = PollBot(slack)
    client = SocketModeClient(app_token=playground.app_token, web_client=slack)
    client.socket_mode_request_listeners.append(bot.heard)
    await client.connect()
    yield bot
    await client.disconnect()
    await client.close()
    await asyncio.sleep(0)  # the client lets go of its tasks in the next turn


async def test_a_bot_without_bolt_asks_offers_and_counts(
    playground: Playground, bot: PollBot
) -> None:
    await playground.type("/ghost poll")
    await playground.until(lambda _: playground.modal())
    assert await playground.suggest_in_modal("name", "who", "bo") == {
        "options": [{"text": {"type": "plain_text", "text": "bo"}, "value": "one"}]
    }
    wrong = await playground.submit({"who": {"name": "one"}})
    assert wrong == {"when": "Please complete this required field."}
    values = {"when": {"day": "2026-12-24"}, "who": {"name": "one"}}
    assert await playground.submit(values) == {}

    def asked(seen: list[dict[str, Any]]) -> Any:
        return seen and seen[-1]["blocks"] and seen[-1]

    poll = await playground.until(asked, channel="general")
    assert poll["text"] == "<@U0ALICE> asks one for 2026-12-24"
    await playground.press(poll["ts"], "vote", channel="general", by="bob")
    await playground.until(lambda seen: seen[-1]["text"] == "1 votes", channel="general")
    assert bot.votes == 1
    await playground.type("@ghost hello", by="dave", channel="general")
    await playground.until(lambda seen: seen[-1]["reactions"], channel="general")


@pytest.mark.usefixtures("bot")
async def test_the_bot_comes_back_after_a_refresh(playground: Playground) -> None:
    await playground.sockets.disconnect("refresh_requested")

    sockets = playground.sockets
    await playground.until(lambda _: sockets.opened == 2 and len(sockets) == 1)
    await playground.type("/ghost poll")
    await playground.until(lambda _: playground.modal())
