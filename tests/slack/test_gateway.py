"""The way to Slack, with tokens that are refused, networks that are down, and hot reconnects."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ghostbot.playground import Playground
from ghostbot.slack import census as censuses
from ghostbot.slack import gateway as gateways
from ghostbot.slack import pulse as pulses
from ghostbot.slack import socket as sockets
from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import gateway_to, manifest, running, slack_side, until

OPEN = "apps.connections.open"


@pytest.fixture
async def slack() -> AsyncIterator[Playground]:
    made = Playground(manifest())
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def refused(slack: Playground, **changes: Any) -> tuple[str, list[str | None]]:
    """Run a gateway until it is off; return its state and what was told."""
    told: list[str | None] = []
    gateway = gateway_to(slack, tell=told.append, **changes)
    async with running(gateway.run):
        await until(lambda: told)
        await asyncio.sleep(0.05)  # long enough for a loop to show itself
        return gateway.state(), told


async def test_a_wrong_bot_token_is_named_with_the_way_out_and_not_tried_in_a_loop(
    slack: Playground,
) -> None:
    state, told = await refused(slack, bot_token="xoxb-wrong")
    assert state.startswith("off: Slack refuses SLACK_BOT_TOKEN (invalid_auth): put a new one into")
    assert told == [f"Slack: {state}"]
    assert [c.method for c in slack.calls] == ["auth.test"]
    assert "xoxb-wrong" not in state


async def test_a_wrong_app_token_is_named_as_that(slack: Playground) -> None:
    state, _ = await refused(slack, app_token="xapp-wrong")
    assert "SLACK_APP_TOKEN (invalid_auth)" in state


async def test_exchanged_tokens_are_guessed(slack: Playground) -> None:
    state, _ = await refused(slack, app_token=slack.bot_token)
    assert "SLACK_APP_TOKEN (not_allowed_token_type): the two tokens are probably exch" in state


async def test_a_mended_token_connects_without_a_restart(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "NOT_RETRIED_S", 0.05)
    slack.faults.error("auth.test", "account_inactive")
    told: list[str | None] = []
    gateway = gateway_to(slack, tell=told.append)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")
    assert told[0] is not None
    assert told[-1] is None


async def test_a_network_that_is_down_is_no_bad_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "FIRST_S", 0.05)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    slack = Playground(manifest(), port=port)
    told: list[str | None] = []
    url = f"http://127.0.0.1:{port}/api/"
    gateway = gateway_to_url(slack, url, told)
    async with running(gateway.run):
        await until(lambda: told)
        assert gateway.state().startswith(f"connecting: cannot reach 127.0.0.1:{port}")
        await slack.start()
        await until(lambda: gateway.state() == "connected")
        assert told[-1] is None
    await slack.stop()


def gateway_to_url(slack: Playground, url: str, told: list[str | None]) -> gateways.Gateway:
    return gateways.Gateway(
        bot_token=slack.bot_token,
        app_token=slack.app_token,
        api_url=url,
        register=lambda _app: None,
        tell=told.append,
    )


async def test_it_knows_who_it_is_before_the_first_delivery(slack: Playground) -> None:
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await gateway.ready()
        assert (gateway.team_id, gateway.bot_user_id) == ("T0PLAYGROUND", "U0GHOST")


async def test_proxies_are_not_for_loopback(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")


async def test_a_closed_gateway_says_that_it_is_not_connected(slack: Playground) -> None:
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")
    assert gateway.state() == "connecting"


async def test_it_can_be_run_again_after_it_ended(slack: Playground) -> None:
    gateway = gateway_to(slack)
    for _ in range(2):
        async with running(gateway.run):
            await until(lambda: gateway.state() == "connected")


async def test_connections_that_do_not_last_are_opened_ever_more_slowly(slack: Playground) -> None:
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")
        await say_disconnect(gateway, times=5)
        await asyncio.sleep(0.2)  # long enough for a loop to show itself
        assert sum(c.method == OPEN for c in slack.calls) == 1


async def test_many_disconnect_frames_are_one_reconnection(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "FIRST_S", 0.01)
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")
        await say_disconnect(gateway, times=4)
        await asyncio.sleep(0.5)  # each of them would have opened its own by now
        assert sum(c.method == OPEN for c in slack.calls) == 2
        assert gateway.state() == "connected"


async def say_disconnect(gateway: gateways.Gateway, *, times: int) -> None:
    """Have frames come in that Slack sends when a connection is to end."""
    link = gateway._link
    assert link is not None
    for _ in range(times):
        await link.enqueue_message('{"type":"disconnect","reason":"link_disabled"}')


def test_the_pauses_grow_to_a_minute() -> None:
    assert [sockets.spacing_s(n) for n in (0, 1, 2, 5, 50)] == [0.0, 0.5, 1.0, 8.0, 60.0]


async def test_a_refresh_of_the_connection_loses_no_command() -> None:
    async with slack_side(FakeGhost.of("web")) as side:
        link = side.gateway._link
        assert link is not None
        before = link.current_session
        await link.enqueue_message('{"type":"disconnect","reason":"refresh_requested"}')
        await until(lambda: link.current_session is not before and link.is_up)
        await side.slack.type("/ghost status")
        await side.slack.until(lambda seen: any(m["ephemeral"] for m in seen))


async def test_a_connection_that_the_sdk_gave_up_is_built_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateways, "WATCH_S", 0.02)
    monkeypatch.setattr(pulses, "DOWN_S", 0.1)
    async with slack_side(FakeGhost.of("web")) as side:
        dead = side.gateway._link
        assert dead is not None
        dead.auto_reconnect_enabled = False
        await dead.disconnect()  # type: ignore[no-untyped-call]
        await until(lambda: side.gateway._link is not dead and side.gateway.state() == "connected")
        assert dead.closed
        await side.slack.type("/ghost status")
        await side.slack.until(lambda seen: any(m["ephemeral"] for m in seen))


async def test_a_line_on_which_nothing_comes_back_is_built_anew_and_said(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "WATCH_S", 0.02)
    monkeypatch.setattr(gateways, "PING_S", 0.05)
    monkeypatch.setattr(sockets, "FIRST_S", 0.0001)
    monkeypatch.setattr(pulses, "UNSURE_S", 0.3)
    monkeypatch.setattr(pulses, "SILENT_S", 1.0)
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")
        first = gateway._link
        slack.faults.mute_pongs = True
        await until(lambda: "nothing comes back" in gateway.state())
        await until(lambda: gateway._link not in (None, first))
        assert first is not None
        assert first.closed
        slack.faults.mute_pongs = False
        await until(lambda: gateway.state() == "connected")


async def test_a_line_that_answers_is_left_alone(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "WATCH_S", 0.02)
    monkeypatch.setattr(gateways, "PING_S", 0.05)
    monkeypatch.setattr(pulses, "SILENT_S", 0.5)
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")
        first = gateway._link
        await asyncio.sleep(1.0)  # twice as long as silence is borne
        assert gateway._link is first


async def test_a_second_ghost_of_the_same_app_is_told_until_it_is_gone(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "WATCH_S", 0.02)
    monkeypatch.setattr(censuses, "RECOUNT_S", 0.2)
    monkeypatch.setattr(sockets, "LASTING_S", 0.0)
    told: list[str | None] = []
    first, second = gateway_to(slack), gateway_to(slack, twice=told.append)
    async with running(second.run):
        async with running(first.run):
            await until(lambda: first.state() == "connected" == second.state())
            await link_of(second).connect_to_new_endpoint(force=True)
            await until(lambda: told or censuses_due(second))
        await until(lambda: told[-1:] == [None])
    assert len(told) == 2
    assert (told[0] or "").startswith("Slack: 2 programs are connected as this app")


def censuses_due(gateway: gateways.Gateway) -> bool:
    """Have what was counted once be counted again, and tell nothing."""
    gateway._census._at -= censuses.UNSURE_S
    return False


def link_of(gateway: gateways.Gateway) -> sockets.SpacedClient:
    assert gateway._link is not None
    return gateway._link


async def test_connections_that_slack_ends_again_and_again_are_told_with_the_way_out(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "WATCH_S", 0.02)
    monkeypatch.setattr(sockets, "FIRST_S", 0.001)
    told: list[str | None] = []
    gateway = gateway_to(slack, tell=told.append)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")
        async with asyncio.timeout(10):
            while not told:
                await slack.sockets.disconnect("link_disabled")
                await asyncio.sleep(0.02)
        assert gateway.state() == (
            "connecting: Slack ends every connection (link_disabled): switch Socket Mode on in the"
            " app's settings"
        )
        monkeypatch.setattr(sockets, "LASTING_S", 0.1)
        await until(lambda: gateway.state() == "connected")
    assert told[1:] == [None]


async def test_a_proxy_is_used_and_named_without_its_password(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()
        await writer.wait_closed()

    for name in ("HTTPS_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@{place}")
    told: list[str | None] = []
    async with server, running(gateway_to_url(slack, "http://slack.invalid/api/", told).run):
        await until(lambda: told)
    assert (told[0] or "").startswith(
        f"Slack: connecting: cannot reach slack.invalid through the proxy {place}: "
    )
    assert "secret" not in (told[0] or "")
    assert asked[0].startswith(b"POST http://slack.invalid/api/auth.test")


def test_no_proxy_is_obeyed(slack: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert gateway_to(slack, api_url=None).writes.proxy == "http://10.0.0.1:3128"
    monkeypatch.setenv("NO_PROXY", "example.com,slack.com")
    assert gateway_to(slack, api_url=None).writes.proxy is None


async def test_the_end_closes_the_line(slack: Playground) -> None:
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected" and len(slack.sockets) == 1)
    await until(lambda: len(slack.sockets) == 0)


async def test_a_ticket_that_went_bad_before_it_was_used_is_replaced(
    monkeypatch: pytest.MonkeyPatch, slack: Playground
) -> None:
    monkeypatch.setattr(gateways, "WATCH_S", 0.02)
    monkeypatch.setattr(pulses, "DOWN_S", 0.2)
    opened = sockets.SpacedClient.opened
    bad = iter([True])

    def spoiled(link: sockets.SpacedClient, url: str) -> None:
        opened(link, url.replace("ticket=", "ticket=x") if next(bad, False) else url)

    monkeypatch.setattr(sockets.SpacedClient, "opened", spoiled)
    gateway = gateway_to(slack)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")


async def test_a_token_revoked_while_connected_is_told_and_asked_about_once(
    slack: Playground,
) -> None:
    told: list[str | None] = []
    gateway = gateway_to(slack, tell=told.append)
    async with running(gateway.run):
        await until(lambda: gateway.state() == "connected")
        slack.faults.error(OPEN, "invalid_auth", times=100)
        link = gateway._link
        assert link is not None
        await link.enqueue_message('{"type":"disconnect","reason":"link_disabled"}')
        await until(lambda: told)
        assert "SLACK_APP_TOKEN (invalid_auth)" in gateway.state()
        assert sum(c.method == OPEN for c in slack.calls) == 2
