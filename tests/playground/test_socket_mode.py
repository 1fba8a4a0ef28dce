"""Connections, envelopes, acks, retries, and what a person reads when nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.errors import NoSuch, NotAllowed
from ghostbot.playground import Playground

OpenUrl = Callable[[], Awaitable[str]]


async def test_hello_says_how_many_there_are(listening: Any) -> None:
    async with listening() as first, listening() as second:
        assert first.hello["type"] == "hello"
        assert first.hello["num_connections"] == 1
        assert second.hello["num_connections"] == 2
        assert first.hello["debug_info"]["approximate_connection_time"] == 18060


async def test_a_ticket_opens_one_connection(
    http: aiohttp.ClientSession, open_url: OpenUrl
) -> None:
    url = await open_url()
    async with http.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url)


async def test_a_ticket_goes_stale(
    http: aiohttp.ClientSession, open_url: OpenUrl, playground: Playground
) -> None:
    url = await open_url()
    playground.clock.advance(31)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await http.ws_connect(url)


async def test_the_eleventh_connection_is_sent_away(
    http: aiohttp.ClientSession, open_url: OpenUrl, playground: Playground
) -> None:
    open_ones = [await http.ws_connect(await open_url()) for _ in range(10)]
    async with http.ws_connect(await open_url()) as eleventh:
        frame = await eleventh.receive_json(timeout=5)
        assert (frame["type"], frame["reason"]) == ("disconnect", "too_many_websockets")
        assert (await eleventh.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    assert len(playground.sockets) == 10
    for socket in open_ones:
        await socket.close()


async def test_a_ping_is_answered_with_its_own_words(
    http: aiohttp.ClientSession, open_url: OpenUrl
) -> None:
    async with http.ws_connect(await open_url(), autoping=False) as socket:
        await socket.receive_json(timeout=5)
        await socket.ping(b"sdk-ping-pong:1")
        ping = await socket.receive(timeout=5)
        pong = await socket.receive(timeout=5)
    assert {ping.type: ping.data, pong.type: pong.data} == {
        aiohttp.WSMsgType.PING: b"Ping from applink-1",
        aiohttp.WSMsgType.PONG: b"sdk-ping-pong:1",
    }


async def test_an_envelope_goes_to_exactly_one_connection(
    playground: Playground, listening: Any
) -> None:
    async with listening() as first, listening() as second:
        for _ in range(4):
            await playground.type("/ghost status")
        assert (first.envelopes.qsize(), second.envelopes.qsize()) == (2, 2)


async def test_a_command_carries_what_slack_sends(playground: Playground, listening: Any) -> None:
    async with listening() as app:
        await playground.type("/ghost  why @bob in #general & https://a.b/c @oncall", by="carol")
        envelope = await app.next("slash_commands")
    payload = envelope["payload"]
    assert envelope["accepts_response_payload"] is True
    assert payload["command"] == "/ghost"
    assert payload["text"] == (
        "why <@U0BOB|bob> in <#C0GENERAL|general> &amp; <https://a.b/c> <!subteam^S0ONCALL|oncall>"
    )
    assert payload["is_enterprise_install"] == "false"
    assert (payload["user_name"], payload["channel_name"]) == ("carol", "ghost-alerts")


async def test_an_ack_with_text_is_private(playground: Playground, listening: Any) -> None:
    async with listening(lambda _envelope: {"text": "all up"}):
        await playground.type("/ghost status")
    assert [(m["text"], m["ephemeral"]) for m in playground.messages()] == [("all up", True)]
    assert playground.messages(seen_by="bob") == []


async def test_an_ack_in_channel_shows_the_command_too(
    playground: Playground, listening: Any
) -> None:
    async with listening(lambda _envelope: {"text": "up", "response_type": "in_channel"}):
        await playground.type("/ghost status")
    seen = [(m["name"], m["text"]) for m in playground.messages(seen_by="bob")]
    assert seen == [("alice", "/ghost status"), ("ghost", "up")]


async def test_an_ack_that_slack_cannot_show_is_told(
    playground: Playground, listening: Any
) -> None:
    async with listening(lambda _envelope: {"blocks": [{"type": "oops"}]}):
        await playground.type("/ghost status")
    assert 'failed with the error "invalid_command_response"' in playground.messages()[0]["text"]


async def test_no_ack_within_3_seconds_is_told_privately(
    playground: Playground, listening: Any, no_ack: object
) -> None:
    async with listening(lambda _envelope: no_ack) as app:
        typing = asyncio.create_task(playground.type("/ghost status"))
        await app.next()
        playground.clock.advance(2.9)
        assert playground.messages() == []
        playground.clock.advance(0.2)
        await typing
    told = playground.messages()[0]
    assert told["text"] == '/ghost failed with the error "operation_timeout"'
    assert (told["ephemeral"], told["name"]) == (True, "slackbot")
    assert playground.messages(seen_by="bob") == []


async def test_a_lost_ack_counts_as_none(playground: Playground, listening: Any) -> None:
    playground.faults.drop_acks()
    async with listening() as app:
        typing = asyncio.create_task(playground.type("/ghost status"))
        await app.next()
        playground.clock.advance(3.1)
        await typing
    assert "operation_timeout" in playground.messages()[0]["text"]


async def test_without_a_connection_the_dispatch_fails(playground: Playground) -> None:
    await playground.type("/ghost status")
    told = playground.messages()[0]["text"]
    assert told == '/ghost failed with the error "dispatch_failed"'


async def test_a_command_of_nobody_is_told_privately(playground: Playground) -> None:
    await playground.type("/goast status")
    told = playground.messages()[0]
    assert told["text"].startswith("`/goast` is not a valid command.")
    assert told["ephemeral"]


async def test_commands_do_not_work_in_threads(playground: Playground, listening: Any) -> None:
    await playground.type("hello")
    ts = playground.messages()[0]["ts"]
    async with listening() as app:
        await playground.type("/ghost status", thread_ts=ts)
        assert "not supported in threads" in playground.messages(thread_ts=ts)[1]["text"]
        assert app.envelopes.empty()


async def test_who_is_not_in_the_channel_cannot_type_there(playground: Playground) -> None:
    with pytest.raises(NotAllowed, match="dave is not in it"):
        await playground.type("/ghost status", by="dave")
    with pytest.raises(NoSuch, match="there are"):
        await playground.type("hi", by="eve")


async def test_a_mention_is_an_event_of_its_own(playground: Playground, listening: Any) -> None:
    async with listening() as app:
        await playground.type("@ghost status")
        events = [(await app.next("events_api"))["payload"] for _ in range(2)]
    kinds = {payload["event"]["type"]: payload["event"] for payload in events}
    assert kinds["app_mention"]["text"] == "<@U0GHOST> status"
    assert kinds["message"]["channel_type"] == "channel"
    assert len({payload["event_id"] for payload in events}) == 2


async def test_the_app_hears_only_what_it_subscribed_to_and_is_in(
    playground: Playground, listening: Any
) -> None:
    async with listening() as app:
        await playground.type("@ghost hi", channel="random")
        await playground.type("hi", channel="dm")
        envelope = await app.next("events_api")
    assert envelope["payload"]["event"]["channel_type"] == "im"
    assert "not in this channel" in playground.messages(channel="random")[1]["text"]


async def test_an_event_without_a_subscription_is_not_sent(
    manifest: Any, http: aiohttp.ClientSession
) -> None:
    manifest["settings"]["event_subscriptions"]["bot_events"] = ["app_mention"]
    playground = Playground(manifest)
    await playground.start()
    slack = AsyncWebClient(playground.bot_token, playground.api_url, session=http)
    opened = await slack.apps_connections_open(app_token=playground.app_token)
    async with http.ws_connect(opened["url"]) as socket:
        await socket.receive_json(timeout=5)
        await playground.type("hello")
        await playground.type("@ghost hello")
        envelope = await socket.receive_json(timeout=5)
        assert envelope["payload"]["event"]["type"] == "app_mention"
    await playground.stop()


async def test_an_event_nobody_acks_comes_again_three_times(
    playground: Playground, listening: Any, no_ack: object
) -> None:
    seen, arrived = [], []
    async with listening(lambda _envelope: no_ack) as app:
        await playground.type("hello")
        async with asyncio.timeout(10):
            while len(seen) < 4:
                if app.envelopes.empty():
                    playground.clock.advance(1)
                    await asyncio.sleep(0.001)
                    continue
                seen.append(app.envelopes.get_nowait())
                arrived.append(playground.clock.now())
    gaps = [later - earlier for earlier, later in pairwise(arrived)]
    assert gaps == [pytest.approx(3 + pause, abs=10) for pause in (0, 60, 300)]
    assert [e["retry_attempt"] for e in seen] == [0, 1, 2, 3]
    assert [e["retry_reason"] for e in seen] == ["", "timeout", "timeout", "timeout"]
    assert len({e["envelope_id"] for e in seen}) == 4
    assert len({e["payload"]["event_id"] for e in seen}) == 1


async def test_an_event_of_an_absence_comes_as_a_retry(
    playground: Playground, listening: Any
) -> None:
    await playground.type("hello")
    async with listening() as app:
        playground.clock.advance(61)
        assert (await app.next("events_api"))["retry_attempt"] == 2


async def test_an_envelope_may_come_twice(playground: Playground, listening: Any) -> None:
    playground.faults.duplicate_envelopes()
    async with listening() as app:
        await playground.type("/ghost status")
        first, second = await app.next(), await app.next()
    assert first["envelope_id"] == second["envelope_id"]


async def test_a_connection_is_warned_and_then_refreshed(
    playground: Playground, listening: Any
) -> None:
    async with listening() as app:
        playground.clock.advance(18_055)
        assert (await asyncio.wait_for(app.frames.get(), 5))["reason"] == "warning"
        playground.clock.advance(10)
        assert (await asyncio.wait_for(app.frames.get(), 5))["reason"] == "refresh_requested"


async def test_an_outage_cuts_every_line(
    playground: Playground, listening: Any, open_url: OpenUrl
) -> None:
    async with listening():
        playground.faults.outage = True
        await playground.until(lambda _seen: len(playground.sockets) == 0)
        with pytest.raises(aiohttp.ClientError):
            await open_url()


async def test_half_open_nobody_answers_a_ping(
    playground: Playground, http: aiohttp.ClientSession, open_url: OpenUrl
) -> None:
    playground.faults.mute_pongs = True
    async with http.ws_connect(await open_url(), autoping=False) as socket:
        await socket.receive_json(timeout=5)
        await socket.ping(b"there?")
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.05)


async def test_a_faster_clock_brings_retries_sooner(manifest: Any, http: Any) -> None:
    playground = Playground(manifest, clock_scale=600)
    await playground.start()
    slack = AsyncWebClient(playground.bot_token, playground.api_url, session=http)
    await playground.type("hello")
    opened = await slack.apps_connections_open(app_token=playground.app_token)
    async with http.ws_connect(opened["url"]) as socket:
        await socket.receive_json(timeout=5)
        envelope = await socket.receive_json(timeout=5)
        assert envelope["retry_attempt"] in {2, 3}
    await playground.stop()


async def test_a_press_carries_the_message_and_where_it_stands(
    playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
    actions = [
        {"type": "actions", "elements": [{**button, "value": name}]} for name in ("web", "db")
    ]
    post = await slack.chat_postMessage(
        channel="C0ALERTS", text="t", attachments=[{"color": "#a30200", "blocks": actions}]
    )
    async with listening() as app:
        await playground.press(post["ts"], "go", value="db", by="bob")
        payload = (await app.next("interactive"))["payload"]
    assert payload["type"] == "block_actions"
    assert payload["actions"][0]["value"] == "db"
    assert payload["container"]["type"] == "message_attachment"
    assert payload["message"]["ts"] == post["ts"]
    assert payload["user"]["name"] == "bob"
    with pytest.raises(NoSuch, match="no value 'cache'"):
        await playground.press(post["ts"], "go", value="cache")
    with pytest.raises(NoSuch, match="there is go, go to press"):
        await playground.press(post["ts"], "stop")


async def test_a_pick_carries_the_option(
    playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    option = {"text": {"type": "plain_text", "text": "1 hour"}, "value": "1h"}
    menu = {"type": "overflow", "action_id": "silence", "options": [option]}
    blocks = [{"type": "actions", "block_id": "b", "elements": [menu]}]
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    async with listening() as app:
        await playground.press(post["ts"], "silence", value="1h")
        action = (await app.next("interactive"))["payload"]["actions"][0]
    assert action["selected_option"]["value"] == "1h"
    assert action["block_id"] == "b"


async def test_a_press_that_fails_is_noticed_by_the_person(
    playground: Playground, slack: AsyncWebClient
) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
    blocks = [{"type": "actions", "elements": [button]}]
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    await playground.press(post["ts"], "go")
    assert playground.notices == [("U0ALICE", 'go failed with the error "dispatch_failed"')]


async def test_waiting_in_vain_shows_what_was_seen(playground: Playground) -> None:
    await playground.type("hello")
    with pytest.raises(TimeoutError, match="hello"):
        await playground.until(lambda seen: len(seen) > 1, timeout=0.05)
