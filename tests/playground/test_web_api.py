"""Tokens, scopes, arguments, rates and faults: what stands before every method."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.errors import ConfigError
from ghostbot.playground import Playground


async def test_the_bot_is_told_who_it_is(slack: AsyncWebClient) -> None:
    answer = await slack.auth_test()
    assert answer["user"] == "ghost"
    assert answer["user_id"] == "U0GHOST"
    assert answer.headers["x-slack-req-id"]
    assert "chat:write" in answer.headers["X-OAuth-Scopes"]


async def test_a_method_that_is_not_there_is_unknown(slack: AsyncWebClient, refusal: Any) -> None:
    assert (await refusal(slack.api_call("canvases.create")))["error"] == "unknown_method"


async def test_no_token_is_not_authed(playground: Playground, http: aiohttp.ClientSession) -> None:
    async with http.post(playground.api_url + "auth.test") as answer:
        assert await answer.json() == {"ok": False, "error": "not_authed"}


async def test_a_made_up_token_is_invalid(slack: AsyncWebClient, refusal: Any) -> None:
    slack.token = "xoxb-else"
    assert (await refusal(slack.auth_test()))["error"] == "invalid_auth"


async def test_an_app_token_calls_no_method_of_the_bot(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    slack.token = playground.app_token
    assert (await refusal(slack.auth_test()))["error"] == "not_allowed_token_type"


async def test_a_bot_token_opens_no_connection(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    call = slack.apps_connections_open(app_token=playground.bot_token)
    assert (await refusal(call))["error"] == "not_allowed_token_type"


async def test_a_scope_that_the_manifest_lacks_is_named(
    slack: AsyncWebClient, refusal: Any
) -> None:
    answer = await refusal(slack.usergroups_list())
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == "usergroups:read"
    assert "chat:write" in answer["provided"].split(",")


async def test_listing_dms_takes_its_own_scope(slack: AsyncWebClient, refusal: Any) -> None:
    answer = await refusal(slack.conversations_list(types="public_channel,im"))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "im:read")


async def test_arguments_come_in_query_form_json_and_multipart(
    playground: Playground, http: aiohttp.ClientSession
) -> None:
    url = playground.api_url + "chat.postMessage"
    headers = {"Authorization": f"Bearer {playground.bot_token}"}
    args = {"channel": "C0ALERTS", "text": "hi"}
    bodies: list[dict[str, Any]] = [
        {"params": args},
        {"data": args},
        {"json": args},
        {"params": {"channel": "C0ALERTS"}, "json": {"text": "hi"}},
        {"data": aiohttp.FormData(args, default_to_multipart=True)},
        {"data": {"channel": "C0ALERTS", "blocks": json.dumps([{"type": "divider"}])}},
    ]
    for body in bodies:
        async with http.post(url, headers=headers, **body) as answer:
            assert (await answer.json())["ok"], body
    assert len(playground.messages()) == len(bodies)


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        ("{", "application/json", "invalid_json"),
        ("[]", "application/json", "json_not_object"),
        ("x", "text/plain", "invalid_post_type"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    playground: Playground, http: aiohttp.ClientSession, body: str, kind: str, error: str
) -> None:
    headers = {"Authorization": f"Bearer {playground.bot_token}", "Content-Type": kind}
    async with http.post(playground.api_url + "auth.test", headers=headers, data=body) as answer:
        assert (await answer.json())["error"] == error


async def test_calls_are_noted_without_the_token(
    playground: Playground, http: aiohttp.ClientSession
) -> None:
    form = {"token": playground.bot_token, "channel": "C0ALERTS"}
    async with http.post(playground.api_url + "chat.postMessage", data=form):
        call = playground.calls[-1]
    assert (call.method, call.ok, call.error) == ("chat.postMessage", False, "no_text")
    assert call.args == {"channel": "C0ALERTS"}


async def test_posting_too_fast_is_limited_in_that_channel_alone(
    playground: Playground, slack: AsyncWebClient
) -> None:
    for _ in range(20):
        await slack.chat_postMessage(channel="C0ALERTS", text="hi")
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel="C0ALERTS", text="hi")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    await slack.chat_postMessage(channel="C0GENERAL", text="hi")
    playground.clock.advance(1)
    await slack.chat_postMessage(channel="C0ALERTS", text="again")


async def test_a_fault_is_met_once(slack: AsyncWebClient, playground: Playground) -> None:
    playground.faults.error("auth.test", "token_revoked")
    with pytest.raises(SlackApiError, match="token_revoked"):
        await slack.auth_test()
    await slack.auth_test()


async def test_an_error_after_the_write_leaves_the_message(
    slack: AsyncWebClient, playground: Playground
) -> None:
    playground.faults.error("chat.postMessage", "internal_error", applied=True)
    with pytest.raises(SlackApiError, match="internal_error"):
        await slack.chat_postMessage(channel="C0ALERTS", text="hi")
    assert [m["text"] for m in playground.messages()] == ["hi"]


async def test_a_cut_line_may_have_applied_the_write(
    slack: AsyncWebClient, playground: Playground
) -> None:
    playground.faults.cut("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await slack.chat_postMessage(channel="C0ALERTS", text="hi")
    assert len(playground.messages()) == 1
    playground.faults.cut("chat.postMessage", applied=False)
    with pytest.raises(aiohttp.ClientError):
        await slack.chat_postMessage(channel="C0ALERTS", text="hi")
    assert len(playground.messages()) == 1


async def test_a_503_is_a_page_of_html(slack: AsyncWebClient, playground: Playground) -> None:
    playground.faults.unavailable("auth.test")
    with pytest.raises(SlackApiError) as caught:
        await slack.auth_test()
    assert caught.value.response.status_code == 503
    assert caught.value.response.get("error") is None


async def test_a_429_names_its_pause(slack: AsyncWebClient, playground: Playground) -> None:
    playground.faults.ratelimited("auth.test", retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        await slack.auth_test()
    assert caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.response["error"] == "ratelimited"


async def test_in_an_outage_nobody_answers(slack: AsyncWebClient, playground: Playground) -> None:
    playground.faults.outage = True
    with pytest.raises(aiohttp.ClientError):
        await slack.auth_test()
    playground.faults.outage = False
    await slack.auth_test()


def test_a_manifest_without_commands_is_told_in_full() -> None:
    with pytest.raises(ConfigError) as caught:
        Playground({"features": {"bot_user": {"display_name": "ghost"}}})
    assert "features.slash_commands" in str(caught.value)
    assert "display_information.name" in str(caught.value)
    assert "oauth_config.scopes.bot" in str(caught.value)


async def test_a_port_that_is_taken_is_an_oserror(
    playground: Playground, manifest: dict[str, Any]
) -> None:
    port = int(playground.page_url.rsplit(":", 1)[1].strip("/"))
    other = Playground(manifest, port=port)
    with pytest.raises(OSError, match="address already in use"):
        await other.start()
    await other.stop()
    await other.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])
def test_it_listens_to_this_machine_alone(manifest: dict[str, Any], host: str) -> None:
    with pytest.raises(ConfigError, match="cannot listen"):
        Playground(manifest, host=host)


async def test_the_channels_that_are_asked_for_are_there(manifest: dict[str, Any]) -> None:
    playground = Playground(manifest, channel="C0123ABCD", channels=("#deploys", "C0456EFGH"))
    names = {c.id: c.name for c in playground._workspace.channels.values() if not c.dm_with}
    assert names["C0123ABCD"] == "c0123abcd"
    assert names["C0456EFGH"] == "c0456efgh"
    assert "deploys" in names.values()
    await playground.type("hi")
    assert playground.messages(channel="C0123ABCD")[0]["text"] == "hi"
