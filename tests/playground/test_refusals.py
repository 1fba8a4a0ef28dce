"""Slack's own words for what it refuses, and what it keeps of what it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground, rates, stage, vouchers, workspace
from ghostbot.playground.clock import Clock
from ghostbot.playground.rates import Rates
from ghostbot.playground.vouchers import Vouchers
from ghostbot.playground.wire import Refused

Slack = AsyncWebClient
ALERTS = "C0ALERTS"
HOME: dict[str, Any] = {"type": "home", "blocks": [{"type": "divider"}]}


@pytest.fixture
def manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    more = ("usergroups:read", "pins:write", "pins:read", "team:read", "im:write")
    manifest["oauth_config"]["scopes"]["bot"] += more
    return manifest


def plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def section(words: str, count: int = 1) -> list[dict[str, Any]]:
    return [{"type": "section", "text": plain(words)} for _ in range(count)]


def attached(count: int) -> list[dict[str, Any]]:
    return [{"text": "a"}] * count


CALLS: list[tuple[str, Callable[[Slack], Any]]] = [
    ("channel_not_found", lambda s: s.chat_postMessage(channel="C0NOWHERE", text="t")),
    ("not_in_channel", lambda s: s.chat_postMessage(channel="C0RANDOM", text="t")),
    ("no_text", lambda s: s.api_call("chat.postMessage", json={"channel": ALERTS})),
    ("invalid_blocks", lambda s: s.chat_postMessage(channel=ALERTS, text="t", blocks=section(""))),
    (
        "invalid_blocks",
        lambda s: s.chat_postMessage(channel=ALERTS, text="t", blocks=section("b", 51)),
    ),
    (
        "msg_blocks_too_long",
        lambda s: s.chat_postMessage(channel=ALERTS, text="t", blocks=section("b" * 2900, 5)),
    ),
    (
        "too_many_attachments",
        lambda s: s.chat_postMessage(channel=ALERTS, text="t", attachments=attached(101)),
    ),
    (
        "metadata_too_large",
        lambda s: s.chat_postMessage(
            channel=ALERTS,
            text="t",
            metadata={"event_type": "e", "event_payload": {"x": "y" * 9000}},
        ),
    ),
    (
        "markdown_text_conflict",
        lambda s: s.chat_postMessage(channel=ALERTS, text="t", markdown_text="m"),
    ),
    ("message_not_found", lambda s: s.chat_update(channel=ALERTS, ts="1.000000", text="t")),
    ("channel_not_found", lambda s: s.chat_update(channel="#ghost-alerts", ts="1.0", text="t")),
    ("message_not_found", lambda s: s.chat_delete(channel=ALERTS, ts="1.000000")),
    (
        "user_not_in_channel",
        lambda s: s.chat_postEphemeral(channel=ALERTS, user="U0DAVE", text="t"),
    ),
    ("invalid_trigger_id", lambda s: s.views_open(trigger_id="1.2.3", view=modal())),
    ("not_found", lambda s: s.views_update(view_id="V0", view=modal())),
    ("invalid_arguments", lambda s: s.api_call("views.update", json={"view": modal()})),
    ("user_not_found", lambda s: s.views_publish(user_id="U0NOBODY", view=HOME)),
    ("view_too_large", lambda s: s.views_publish(user_id="U0BOB", view=huge())),
    ("user_not_found", lambda s: s.users_info(user="U0NOBODY")),
    ("no_such_subteam", lambda s: s.usergroups_users_list(usergroup="S0NONE")),
    ("invalid_limit", lambda s: s.conversations_list(limit=1001)),
    ("invalid_cursor", lambda s: s.conversations_list(cursor="x")),
    ("invalid_types", lambda s: s.conversations_list(types="secret")),
    ("invalid_name", lambda s: s.reactions_add(channel=ALERTS, timestamp="1.0", name="NO")),
    (
        "file_not_found",
        lambda s: s.files_completeUploadExternal(files=[{"id": "F0", "title": "t"}]),
    ),
    ("missing_scope", lambda s: s.files_info(file="F0")),
    ("cannot_dm_bot", lambda s: s.conversations_open(users="U0GHOST")),
    ("bot_not_found", lambda s: s.bots_info(bot="B0NONE")),
    ("no_pin", lambda s: s.pins_remove(channel="C0GENERAL", timestamp="1.0")),
]


def modal(**more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("T"), "blocks": [{"type": "divider"}], **more}


def huge() -> dict[str, Any]:
    return {"type": "home", "blocks": section("b" * 2900, 100)}


@pytest.mark.parametrize(("error", "call"), CALLS)
async def test_what_slack_refuses_has_slacks_word(
    slack: AsyncWebClient, refusal: Any, error: str, call: Callable[[Slack], Any]
) -> None:
    if error == "no_pin":
        await slack.chat_postMessage(channel="C0GENERAL", text="t")
        [kept] = (await slack.conversations_history(channel="C0GENERAL"))["messages"]
        place = {"channel": "C0GENERAL", "timestamp": kept["ts"]}
        assert (await refusal(slack.pins_remove(**place)))["error"] == error
        return
    assert (await refusal(call(slack)))["error"] == error


async def test_an_update_is_held_to_its_own_limits(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    post = await slack.chat_postMessage(channel=ALERTS, text="t" * 4_100)
    place = {"channel": ALERTS, "ts": post["ts"]}
    long = slack.chat_update(**place, text="t" * 4_001)
    assert (await refusal(long))["error"] == "msg_too_long"
    nothing = slack.api_call("chat.update", json={**place, "text": ""})
    assert (await refusal(nothing))["error"] == "no_text"
    await playground.type("hers")
    hers = playground.messages()[-1]["ts"]
    other = slack.chat_update(channel=ALERTS, ts=hers, text="u")
    assert (await refusal(other))["error"] == "cant_update_message"
    gone = slack.chat_delete(channel=ALERTS, ts=hers)
    assert (await refusal(gone))["error"] == "cant_delete_message"


async def test_a_workspace_may_close_the_window_of_edits(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    playground.edit_window_s = 60
    post = await slack.chat_postMessage(channel=ALERTS, text="t")
    place = {"channel": ALERTS, "ts": post["ts"]}
    await slack.chat_update(**place, text="in time")
    playground.clock.advance(61)
    assert (await refusal(slack.chat_update(**place, text="u")))["error"] == "edit_window_closed"


async def test_a_text_is_cut_at_40000_characters(
    playground: Playground, slack: AsyncWebClient
) -> None:
    await slack.chat_postMessage(channel=ALERTS, text="t" * 40_001)
    assert len(playground.messages()[0]["text"]) == 40_000


async def test_a_token_may_be_revoked(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    for error in ("token_revoked", "account_inactive", "invalid_auth"):
        playground.faults.revoked = error
        assert (await refusal(slack.auth_test()))["error"] == error
        await slack.apps_connections_open(app_token=playground.app_token)  # another token
    playground.faults.clear()
    await slack.auth_test()


async def test_groups_have_slacks_shape(slack: AsyncWebClient) -> None:
    bare = (await slack.usergroups_list())["usergroups"]
    assert [(g["id"], g["handle"]) for g in bare] == [
        *[("S0ONCALL", "oncall")],
        ("S0DEPLOYERS", "deployers"),
    ]
    assert not {"users", "user_count"} & set(bare[0])
    full = (await slack.usergroups_list(include_users=True, include_count=True))["usergroups"]
    assert (full[0]["users"], full[0]["user_count"]) == (["U0ALICE", "U0BOB"], 2)
    users = await slack.usergroups_users_list(usergroup="S0DEPLOYERS")
    assert users["users"] == ["U0BOB", "U0DAVE"]


async def test_an_app_asks_who_else_is_there(slack: AsyncWebClient) -> None:
    assert (await slack.bots_info(bot="B0ROBOT"))["bot"]["app_id"] == "A0ROBOT"
    assert (await slack.team_info())["team"]["domain"] == "playground"
    assert (await slack.api_test(foo="bar"))["args"]["foo"] == "bar"
    rooms = await slack.users_conversations(user="U0DAVE")
    assert {c["name"] for c in rooms["channels"]} == {"general", "random"}


async def test_a_message_is_pinned_once(slack: AsyncWebClient, refusal: Any) -> None:
    post = await slack.chat_postMessage(channel=ALERTS, text="pin me")
    place = {"channel": ALERTS, "timestamp": post["ts"]}
    await slack.pins_add(**place)
    assert (await refusal(slack.pins_add(**place)))["error"] == "already_pinned"
    [item] = (await slack.pins_list(channel=ALERTS))["items"]
    assert item["message"]["text"] == "pin me"
    await slack.pins_remove(**place)
    assert (await slack.pins_list(channel=ALERTS))["items"] == []


# what is kept


async def test_a_channel_keeps_its_newest_messages(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "MOST_MESSAGES", 5)
    await playground.type("parent")
    ts = playground.messages()[0]["ts"]
    await playground.type("reply", thread_ts=ts)
    for number in range(5):
        await playground.type(str(number))
    assert [m["text"] for m in playground.messages()] == list("01234")
    assert playground.messages(thread_ts=ts) == []


async def test_notices_are_forgotten_in_the_end(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "NOTICES", 2)
    for _ in range(3):
        await playground.shortcut("open")  # nobody is there to take it
    assert len(playground.notices) == 2


def test_vouchers_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vouchers, "MOST_KEPT", 2)
    kept = Vouchers(Clock())
    first, *_ = [kept.trigger("U1") for _ in range(3)]
    with pytest.raises(Refused, match="invalid_trigger_id"):
        kept.use_trigger(first)


def test_buckets_of_made_up_channels_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_BUCKETS", 3)
    kept = Rates(Clock())
    assert kept.take("chat.postMessage", per_minute=1, burst=1) == 0
    for number in range(10):
        kept.take(f"made up {number}", per_minute=1)
        assert kept.take("chat.postMessage", per_minute=1, burst=1) > 0  # in use, so still known
    assert len(kept) == 3
