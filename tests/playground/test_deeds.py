"""What people and other programs do with messages, and what the app hears of it."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.errors import BadRequest, NoSuch, NotAllowed
from ghostbot.playground import Playground

FENCED = "look:\n```\n-if a < b & c:\n+see https://example.com/x #general @ghost *no*\n```"


@pytest.fixture
def manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    manifest["settings"]["event_subscriptions"]["bot_events"] += [
        *("reaction_added", "reaction_removed", "member_joined_channel", "member_left_channel"),
        *("channel_archive", "tokens_revoked"),
    ]
    return manifest


async def heard(app: Any) -> dict[str, Any]:
    """Return the next event."""
    event: dict[str, Any] = (await app.next("events_api"))["payload"]["event"]
    return event


async def test_code_is_sent_as_slacks_composer_sends_it(playground: Playground) -> None:
    await playground.type(FENCED)
    [message] = playground.messages()
    assert "```\n-if a &lt; b &amp; c:\n" in message["text"]
    assert "<https://example.com/x> #general @ghost *no*" in message["text"]
    section, pre = message["blocks"][0]["elements"]
    assert section["elements"] == [{"type": "text", "text": "look:\n"}]
    assert pre["type"] == "rich_text_preformatted"
    assert pre["elements"] == [
        {"type": "text", "text": "-if a < b & c:\n+see "},
        {"type": "link", "url": "https://example.com/x"},
        {"type": "text", "text": " #general @ghost *no*"},
    ]


async def test_mentions_styles_and_emoji_become_elements(playground: Playground) -> None:
    await playground.type("@bob @oncall @here #general *bold* `x < 1` :eyes: https://a.b/c_d_e")
    [message] = playground.messages()
    assert message["text"].startswith(
        "<@U0BOB> <!subteam^S0ONCALL> <!here> <#C0GENERAL|general> *bold* `x &lt; 1` :eyes: <http"
    )
    elements = message["blocks"][0]["elements"][0]["elements"]
    assert [e for e in elements if e != {"type": "text", "text": " "}] == [
        {"type": "user", "user_id": "U0BOB"},
        {"type": "usergroup", "usergroup_id": "S0ONCALL"},
        {"type": "broadcast", "range": "here"},
        {"type": "channel", "channel_id": "C0GENERAL"},
        {"type": "text", "text": "bold", "style": {"bold": True}},
        {"type": "text", "text": "x < 1", "style": {"code": True}},
        {"type": "emoji", "name": "eyes"},
        {"type": "link", "url": "https://a.b/c_d_e"},
    ]


async def test_another_program_posts_with_its_own_bot_id(
    playground: Playground, listening: Any, slack: AsyncWebClient
) -> None:
    async with listening() as app:
        files = [("fix.patch", b"--- a\n+++ b\n")]
        ts = playground.post(channel="patches", text="fix <@U0GHOST>", files=files)
        events = [await heard(app) for _ in range(2)]
    event = next(event for event in events if event["type"] == "message")
    assert (event["bot_id"], event["user"], event["app_id"]) == ("B0ROBOT", "U0ROBOT", "A0ROBOT")
    assert event["bot_profile"]["name"] == "robot"
    assert "client_msg_id" not in event
    assert event["files"][0]["name"] == "fix.patch"
    [kept] = (await slack.conversations_history(channel="C0PATCHES"))["messages"]
    assert (kept["ts"], kept["bot_id"]) == (ts, "B0ROBOT")
    change = slack.chat_update(channel="C0PATCHES", ts=ts, text="mine now")
    with pytest.raises(Exception, match="cant_update_message"):
        await change


async def test_a_program_posts_blocks_and_bad_ones_are_refused(playground: Playground) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "hi"}}
    playground.post(channel="patches", text="t", blocks=[section])
    assert playground.messages(channel="patches")[0]["blocks"][0]["type"] == "section"
    with pytest.raises(BadRequest, match="invalid_blocks"):
        playground.post(channel="patches", text="t", blocks=[{"type": "nonsense"}])


async def test_a_bot_has_no_commands_and_no_dm(playground: Playground) -> None:
    with pytest.raises(NotAllowed, match="bots have no commands"):
        await playground.type("/ghost status", by="robot", channel="patches")
    with pytest.raises(NoSuch, match="is no person"):
        await playground.type("hi", by="robot", channel="dm")


async def test_a_reply_may_be_sent_to_the_channel_too(
    playground: Playground, listening: Any
) -> None:
    await playground.type("api died")
    ts = playground.messages()[0]["ts"]
    async with listening() as app:
        await playground.type("mended", by="bob", thread_ts=ts, broadcast=True)
        event = await heard(app)
    assert (event["subtype"], event["thread_ts"]) == ("thread_broadcast", ts)
    assert event["parent_user_id"] == "U0ALICE"
    assert [m["text"] for m in playground.messages()] == ["api died", "mended"]
    assert playground.messages()[0]["reply_users"] == ["U0BOB"]


async def test_an_edit_and_a_deletion_are_told(playground: Playground, listening: Any) -> None:
    await playground.type("frist")
    ts = playground.messages()[0]["ts"]
    async with listening() as app:
        playground.edit(ts, "first @bob")
        changed = await heard(app)
        playground.delete(ts)
        deleted = await heard(app)
    assert changed["subtype"] == "message_changed"
    assert changed["message"]["text"] == "first <@U0BOB>"
    assert changed["message"]["edited"]["user"] == "U0ALICE"
    assert changed["previous_message"]["text"] == "frist"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)
    assert playground.messages() == []


async def test_people_change_only_what_they_wrote(playground: Playground) -> None:
    await playground.type("mine", by="alice")
    ts = playground.messages()[0]["ts"]
    with pytest.raises(NotAllowed, match="bob did not write it"):
        playground.edit(ts, "yours", by="bob")
    with pytest.raises(NotAllowed, match="bob did not write it"):
        playground.delete(ts, by="bob")
    playground.post(channel="general", text="spam")
    spam = playground.messages(channel="general")[0]["ts"]
    playground.delete(spam, channel="general", by="alice")  # an admin may
    assert playground.messages(channel="general") == []


async def test_an_ephemeral_message_is_dismissed_by_its_person(
    playground: Playground, slack: AsyncWebClient
) -> None:
    await slack.chat_postEphemeral(channel="C0ALERTS", user="U0BOB", text="psst")
    ts = playground.messages(seen_by="bob")[0]["ts"]
    playground.delete(ts, by="bob")
    assert playground.messages(seen_by="bob") == []


async def test_a_reaction_is_told_and_taken_back(playground: Playground, listening: Any) -> None:
    await playground.type("done")
    ts = playground.messages()[0]["ts"]
    async with listening() as app:
        playground.react(ts, "eyes", by="bob")
        added = await heard(app)
        playground.react(ts, "eyes", by="bob")
        removed = await heard(app)
    assert (added["type"], added["user"], added["item_user"]) == (
        *("reaction_added", "U0BOB"),
        "U0ALICE",
    )
    assert added["item"] == {"type": "message", "channel": "C0ALERTS", "ts": ts}
    assert removed["type"] == "reaction_removed"


async def test_people_come_and_go_by_slacks_own_commands(
    playground: Playground, listening: Any, slack: AsyncWebClient, refusal: Any
) -> None:
    async with listening() as app:
        await playground.type("/invite @dave")
        events = [await heard(app) for _ in range(2)]
        assert {e["type"] for e in events} == {"message", "member_joined_channel"}
        joined = next(e for e in events if e["type"] == "member_joined_channel")
        assert (joined["user"], joined["inviter"]) == ("U0DAVE", "U0ALICE")
        await playground.type("hello", by="dave")
        await heard(app)
        await playground.type("/remove @dave")
        assert (await heard(app))["type"] == "member_left_channel"
    await playground.type("/remove @ghost")
    call = slack.chat_postMessage(channel="C0ALERTS", text="t")
    assert (await refusal(call))["error"] == "not_in_channel"
    await playground.type("/invite @ghost")
    await slack.chat_postMessage(channel="C0ALERTS", text="back")
    await playground.type("/invite @nobody")
    assert playground.messages()[-1]["text"] == "Nobody here is called @nobody."
    await playground.type("/invite @dave", by="carol")
    assert "not for guests" in playground.messages(seen_by="carol")[-1]["text"]


async def test_an_archived_channel_is_over_for_everybody(
    playground: Playground, listening: Any, slack: AsyncWebClient, refusal: Any
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t")
    async with listening() as app:
        await playground.type("/archive")
        assert (await heard(app))["type"] == "channel_archive"
    place = {"channel": "C0ALERTS", "ts": post["ts"]}
    for call, error in (
        (slack.chat_postMessage(channel="C0ALERTS", text="t"), "is_archived"),
        (slack.chat_postEphemeral(channel="C0ALERTS", user="U0BOB", text="t"), "is_archived"),
        (slack.chat_update(**place, text="u"), "is_inactive"),
        (slack.chat_delete(**place), "is_inactive"),
        (slack.files_upload_v2(content="c", channel="C0ALERTS"), "is_archived"),
    ):
        assert (await refusal(call))["error"] == error
    with pytest.raises(NotAllowed, match="is_archived"):
        await playground.type("hello?")


async def test_a_private_channel_does_not_exist_for_who_is_not_in_it(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    for call in (
        slack.chat_postMessage(channel="C0LEADS", text="t"),
        slack.chat_postMessage(channel="#leads", text="t"),
        slack.conversations_info(channel="C0LEADS"),
        slack.conversations_history(channel="C0LEADS"),
    ):
        assert (await refusal(call))["error"] == "channel_not_found"
    await playground.type("/invite @ghost", channel="leads")
    await slack.chat_postMessage(channel="C0LEADS", text="t")


async def test_a_stranger_is_told_apart(
    playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    await playground.type("/ghost status", by="erin", channel="partners")
    told = playground.messages(channel="partners", seen_by="erin")[0]["text"]
    assert "not a valid command" in told  # an app serves its own workspace
    async with listening() as app:
        await playground.type("@ghost status", by="erin", channel="partners")
        payloads = [(await app.next("events_api"))["payload"] for _ in range(2)]
    for payload in payloads:
        assert (payload["team_id"], payload["event"]["user_team"]) == ("T0PLAYGROUND", "T0PARTNER")
    person = (await slack.users_info(user="U0ERIN"))["user"]
    assert (person["team_id"], person["is_stranger"]) == ("T0PARTNER", True)
    assert "is_stranger" not in (await slack.users_info(user="U0BOB"))["user"]
