"""What is stopped before any listener."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.work import Piece
from handlers.admission import actor, delivery, teams
from handlers.means import Means
from tests.fakes.ghost import FakeGhost

COMMAND: dict[str, Any] = {
    "command": "/ghost",
    "text": "status",
    "team_id": "T1",
    "user_id": "U1",
    "user_name": "alice",
    "channel_id": "C1",
    "trigger_id": "1.2.3",
    "response_url": "http://127.0.0.1:9/x",
}


class Listening:
    """An app with all listeners, and what reaches the queue."""

    def __init__(self) -> None:
        self.gateway = Gateway(
            bot_token="xoxb-1",
            app_token="xapp-1",
            api_url="http://127.0.0.1:9/api/",
            register=lambda _app: None,
            tell=lambda _line: None,
        )
        self.gateway.team_id, self.gateway.bot_user_id = "T1", "UBOT"
        self.pieces: list[Piece] = []
        self.gateway.work.submit = self.pieces.append  # type: ignore[method-assign]
        self.app = AsyncApp(
            name="ghost",
            client=AsyncWebClient(base_url="http://127.0.0.1:9/api/"),
            authorize=_authorize,
            raise_error_for_unhandled_request=True,
            request_verification_enabled=False,
        )
        means = Means(FakeGhost.of(), self.gateway, None, None, lambda _: None, None, None, None)  # type: ignore[arg-type]
        handlers.register(self.app, means)

    async def send(self, body: dict[str, Any]) -> tuple[int, str]:
        """Deliver it as Socket Mode does; return the ack."""
        request = AsyncBoltRequest(mode="socket_mode", body=body)
        answered = await self.app.async_dispatch(request)
        listeners = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*listeners)  # events are acked before their listener runs
        return answered.status, answered.body


async def _authorize() -> AuthorizeResult:
    return AuthorizeResult(
        enterprise_id=None, team_id="T1", bot_user_id="UBOT", bot_id="BBOT", bot_token="xoxb-1"
    )


@pytest.fixture
def slack() -> Listening:
    return Listening()


async def test_a_command_is_acked_with_nothing_and_queued(slack: Listening) -> None:
    assert await slack.send(COMMAND) == (200, "")
    assert len(slack.pieces) == 1


async def test_a_delivery_seen_before_is_acked_and_not_done_again(slack: Listening) -> None:
    for _ in range(3):
        assert (await slack.send(COMMAND))[0] == 200
    assert len(slack.pieces) == 1


async def test_another_workspace_is_refused(slack: Listening) -> None:
    status, body = await slack.send(COMMAND | {"team_id": "T2"})
    assert status == 200
    assert "another workspace" in body
    assert not slack.pieces


async def test_a_person_of_another_workspace_in_a_shared_channel_is_refused(
    slack: Listening,
) -> None:
    event = {"type": "app_mention", "user": "U9", "text": "<@UBOT> status", "channel": "C1"}
    body = {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": "Ev1",
        "event": {**event, "ts": "1.1", "user_team": "T2", "team": "T1"},
    }
    assert (await slack.send(body))[0] == 200
    assert not slack.pieces


async def test_bots_are_not_answered(slack: Listening) -> None:
    event = {"type": "app_mention", "user": "U9", "text": "<@UBOT> status", "channel": "C1"}
    body = {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": "Ev1",
        "event": {**event, "ts": "1.1", "bot_id": "B9"},
    }
    assert (await slack.send(body))[0] == 200
    assert not slack.pieces


@pytest.mark.parametrize(
    "body",
    [
        COMMAND | {"command": "none at all"},
        {"type": "event_callback", "team_id": "T1", "event_id": "E", "event": {"type": "new"}},
        {
            "type": "block_actions",
            "team": {"id": "T1"},
            "user": {"id": "U1"},
            "trigger_id": "9",
            "actions": [{"type": "button", "action_id": "old_button", "block_id": "b"}],
        },
    ],
    ids=["command", "event", "click"],
)
async def test_what_nobody_listens_to_is_acked_all_the_same(
    slack: Listening, body: dict[str, Any]
) -> None:
    status, said = await slack.send(body)
    assert status == 200
    assert ("does not know that" in said) == ("command" in body)
    pressed = body.get("type") == "block_actions"  # whoever pressed is told where they did
    assert [piece.name for piece in slack.pieces] == (["sorry"] if pressed else [])


async def test_a_broken_button_is_acked_and_told(slack: Listening) -> None:
    body = {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U1", "name": "alice"},
        "trigger_id": "9",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"},
        "actions": [
            {"type": "button", "action_id": "ghost_restart", "block_id": "b", "value": "no json"}
        ],
    }
    assert (await slack.send(body))[0] == 200
    assert len(slack.pieces) == 1


def test_ids_are_found_wherever_slack_puts_them() -> None:
    assert delivery({"event_id": "Ev1", "trigger_id": "t"}) == "Ev1"
    assert delivery({"trigger_id": "t"}) == "t"
    assert delivery({"actions": [{"action_ts": "1.1"}]}) == "1.1"
    assert teams({"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T2"}}) == {"T1", "T2"}
    assert actor({"user_id": "U1", "user_name": "alice"}).name == "alice"
    assert actor({"event": {"user": "U2"}}).id == "U2"
