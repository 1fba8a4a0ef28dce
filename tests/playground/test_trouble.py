"""The switches for a bad day: what calls, connections and people meet while one is on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground

Ask = Any


@pytest.fixture
def at_page(playground: Playground, http: aiohttp.ClientSession) -> Any:
    """`async with at_page() as ask:` a page that sends a frame and returns its answer."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Ask]:
        url = playground.page_url + "page/live"
        async with http.ws_connect(url) as socket:
            numbers = iter(range(1, 1000))
            seen: list[dict[str, Any]] = []

            async def ask(do: str, **frame: Any) -> dict[str, Any]:
                number = next(numbers)
                await socket.send_json({"do": do, "id": number, **frame})
                async with asyncio.timeout(5):
                    while True:
                        got: dict[str, Any] = await socket.receive_json()
                        seen.append(got)
                        if got.get("id") == number:
                            return got

            ask.seen = seen  # type: ignore[attr-defined]
            yield ask

    return opened


async def turn(ask: Ask, what: str, value: Any = None) -> None:
    assert (await ask("trouble", what=what, value=value))["ok"]


async def test_in_an_outage_of_errors_every_call_is_a_503(
    playground: Playground, slack: AsyncWebClient, listening: Any, at_page: Any
) -> None:
    async with at_page() as ask:
        async with listening():
            await turn(ask, "outage", "failing")
            await playground.until(lambda _: len(playground.sockets) == 0)
        for _ in range(2):
            with pytest.raises(SlackApiError) as caught:
                await slack.auth_test()
            assert caught.value.response.status_code == 503
        await turn(ask, "outage", "")
        await slack.auth_test()


async def test_in_an_outage_without_a_word_the_line_is_cut(
    playground: Playground, slack: AsyncWebClient, at_page: Any
) -> None:
    async with at_page() as ask:
        await turn(ask, "outage", "gone")
        with pytest.raises(aiohttp.ClientError):
            await slack.auth_test()
        states = [frame["trouble"] for frame in ask.seen if frame["kind"] == "trouble"]
        assert states[-1]["outage"] == "gone"
        await turn(ask, "clear")
        await slack.auth_test()
    assert not playground.faults.outage


async def test_one_method_is_limited_and_the_others_are_not(
    playground: Playground, slack: AsyncWebClient, at_page: Any
) -> None:
    async with at_page() as ask:
        await turn(ask, "limit", ["chat.postMessage", 7])
        for _ in range(2):
            with pytest.raises(SlackApiError) as caught:
                await slack.chat_postMessage(channel="C0ALERTS", text="t")
            assert caught.value.response.status_code == 429
            assert caught.value.response.headers["Retry-After"] == "7"
        await slack.chat_postEphemeral(channel="C0ALERTS", user="U0BOB", text="t")
        await turn(ask, "limit", ["chat.postMessage", 0])
        await slack.chat_postMessage(channel="C0ALERTS", text="t")
    assert [m["text"] for m in playground.messages()] == ["t"]


async def test_a_slow_network_is_late_both_ways(
    playground: Playground, slack: AsyncWebClient, listening: Any, at_page: Any
) -> None:
    loop = asyncio.get_running_loop()
    async with at_page() as ask, listening() as app:
        await turn(ask, "lag_s", 0.2)
        before = loop.time()
        await slack.auth_test()
        assert loop.time() - before >= 0.2
        before = loop.time()
        await playground.type("/ghost status")
        assert loop.time() - before >= 0.2
        await app.next("slash_commands")


@pytest.mark.parametrize(
    ("what", "value"),
    [
        *[("outage", "else"), ("lag_s", -1), ("lag_s", "x"), ("limit", ["no.such", 1])],
        *[("limit", ["*", -1]), ("revoked", "bored"), ("disconnect", "x"), ("__class__", None)],
    ],
)
async def test_a_switch_that_is_not_there_is_refused(at_page: Any, what: str, value: Any) -> None:
    async with at_page() as ask:
        answer = await ask("trouble", what=what, value=value)
    assert not answer["ok"]
    assert answer["error"].startswith("cannot ")


async def test_lost_acks_doubles_and_revocation_are_one_press_each(
    playground: Playground, slack: AsyncWebClient, listening: Any, at_page: Any, refusal: Any
) -> None:
    async with at_page() as ask, listening() as app:
        await turn(ask, "duplicate")
        await playground.type("/ghost once")
        first, second = await app.next("slash_commands"), await app.next("slash_commands")
        assert first == second
        await turn(ask, "half_done")
        call = slack.chat_postMessage(channel="C0ALERTS", text="made all the same")
        assert (await refusal(call))["error"] == "internal_error"
        assert playground.messages()[-1]["text"] == "made all the same"
        await turn(ask, "revoked", "token_revoked")
        assert (await refusal(slack.auth_test()))["error"] == "token_revoked"
        await turn(ask, "disconnect", "refresh_requested")
        frame = await asyncio.wait_for(app.frames.get(), 5)
        while not (isinstance(frame, dict) and frame.get("reason") == "refresh_requested"):
            frame = await asyncio.wait_for(app.frames.get(), 5)


async def test_a_page_acts_only_as_its_person(playground: Playground, at_page: Any) -> None:
    await playground.type("hers", by="alice")
    ts = playground.messages()[0]["ts"]
    async with at_page() as ask:
        assert not (await ask("be", person="ghost"))["ok"]
        assert (await ask("be", person="bob"))["ok"]
        place = {"channel": "C0ALERTS", "ts": ts}
        refused = await ask("edit", **place, text="his")
        assert "bob did not write it" in refused["error"]
        assert (await ask("react", **place, name="eyes"))["ok"]
        assert not (await ask("_room", channel="C0ALERTS"))["ok"]
        assert not (await ask("named"))["ok"]
        bad = await ask("share", channel="C0ALERTS", files=[{"name": "x", "data": "%"}])
        assert "base64" in bad["error"]
    assert playground.messages()[0]["reactions"][0]["users"] == ["U0BOB"]


async def test_a_page_that_takes_nothing_is_cut_off(
    playground: Playground, monkeypatch: pytest.MonkeyPatch, http: aiohttp.ClientSession
) -> None:
    from ghostbot.playground import live  # noqa: PLC0415 - what is measured

    monkeypatch.setattr(live, "BEHIND", 3)
    async with http.ws_connect(playground.page_url + "page/live") as socket:
        await socket.receive_json()
        for number in range(10):  # in one turn of the loop, so that nothing can be taken
            playground._world.on_notice("U0ALICE", str(number))
        async with asyncio.timeout(5):
            while (frame := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                assert json.loads(frame.data)["text"] in "0123"
    assert frame.type in {
        aiohttp.WSMsgType.CLOSED,
        aiohttp.WSMsgType.CLOSE,
        aiohttp.WSMsgType.ERROR,
    }
