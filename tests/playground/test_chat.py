"""Posting, editing, deleting, threads, private messages and history, as strict as Slack."""

from __future__ import annotations

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*api* died"}}


async def test_time_stamps_are_unique_and_rise(
    playground: Playground, slack: AsyncWebClient
) -> None:
    for number in range(5):
        await slack.chat_postMessage(channel="#ghost-alerts", text=str(number))
    stamps = [m["ts"] for m in playground.messages()]
    assert stamps == sorted(set(stamps))


async def test_blocks_come_back_with_ids_and_defaults(slack: AsyncWebClient) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [SECTION, {"type": "actions", "elements": [button]}]
    answer = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=blocks)
    section, actions = answer["message"]["blocks"]
    assert section["text"]["verbatim"] is False
    assert len(section["block_id"]) == 5
    assert actions["elements"][0]["text"]["emoji"] is True
    assert len(actions["elements"][0]["action_id"]) == 5


async def test_text_is_escaped_and_links_are_marked(
    playground: Playground, slack: AsyncWebClient
) -> None:
    text = "a < b & c &amp; <@U0ALICE> https://example.com/x."
    await slack.chat_postMessage(channel="C0ALERTS", text=text)
    stored = playground.messages()[0]["text"]
    assert stored == "a &lt; b &amp; c &amp; <@U0ALICE> <https://example.com/x>."


async def test_nothing_to_say_is_no_text(slack: AsyncWebClient, refusal: Any) -> None:
    call = slack.api_call("chat.postMessage", json={"channel": "C0ALERTS"})
    assert (await refusal(call))["error"] == "no_text"


async def test_a_channel_that_is_not_there(slack: AsyncWebClient, refusal: Any) -> None:
    call = slack.chat_postMessage(channel="C0NOWHERE", text="t")
    assert (await refusal(call))["error"] == "channel_not_found"


async def test_a_channel_without_the_bot(slack: AsyncWebClient, refusal: Any) -> None:
    post = slack.chat_postMessage(channel="#random", text="t")
    assert (await refusal(post))["error"] == "not_in_channel"
    read = slack.conversations_history(channel="C0RANDOM")
    assert (await refusal(read))["error"] == "not_in_channel"


async def test_a_person_is_written_to_by_id(playground: Playground, slack: AsyncWebClient) -> None:
    answer = await slack.chat_postMessage(channel="U0BOB", text="psst")
    assert answer["channel"].startswith("D")
    assert [m["text"] for m in playground.messages(channel="dm", seen_by="bob")] == ["psst"]
    assert playground.messages(channel="dm", seen_by="alice") == []


async def test_text_alone_takes_the_blocks_away(
    playground: Playground, slack: AsyncWebClient
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t", blocks=[SECTION])
    await slack.chat_update(channel="C0ALERTS", ts=post["ts"], text="new")
    message = playground.messages()[0]
    assert (message["text"], message["blocks"], message["edited"]) == ("new", [], True)


async def test_blocks_alone_leave_no_mark_of_the_edit(
    playground: Playground, slack: AsyncWebClient
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t")
    await slack.api_call(
        "chat.update", json={"channel": "C0ALERTS", "ts": post["ts"], "blocks": [SECTION]}
    )
    message = playground.messages()[0]
    assert (message["text"], len(message["blocks"]), message["edited"]) == ("t", 1, False)


async def test_an_edit_takes_at_most_4000_characters(slack: AsyncWebClient, refusal: Any) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="x" * 5000)
    await slack.chat_update(channel="C0ALERTS", ts=post["ts"], text="x" * 4000)
    call = slack.chat_update(channel="C0ALERTS", ts=post["ts"], text="x" * 4001)
    assert (await refusal(call))["error"] == "msg_too_long"


async def test_an_edit_needs_the_id_of_the_channel(slack: AsyncWebClient, refusal: Any) -> None:
    post = await slack.chat_postMessage(channel="#ghost-alerts", text="t")
    call = slack.chat_update(channel="#ghost-alerts", ts=post["ts"], text="u")
    assert (await refusal(call))["error"] == "channel_not_found"


async def test_an_edit_of_nothing(slack: AsyncWebClient, refusal: Any) -> None:
    call = slack.chat_update(channel="C0ALERTS", ts="1.000000", text="u")
    assert (await refusal(call))["error"] == "message_not_found"


async def test_what_a_person_said_cannot_be_edited_or_deleted(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    await playground.type("mine")
    ts = playground.messages()[0]["ts"]
    edit = slack.chat_update(channel="C0ALERTS", ts=ts, text="u")
    assert (await refusal(edit))["error"] == "cant_update_message"
    delete = slack.chat_delete(channel="C0ALERTS", ts=ts)
    assert (await refusal(delete))["error"] == "cant_delete_message"


async def test_a_deleted_message_is_gone(playground: Playground, slack: AsyncWebClient) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t")
    await slack.chat_delete(channel="C0ALERTS", ts=post["ts"])
    assert playground.messages() == []


async def test_an_ephemeral_message_is_for_one_person(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    post = await slack.chat_postEphemeral(channel="C0ALERTS", user="U0ALICE", text="psst")
    assert [m["ephemeral"] for m in playground.messages(seen_by="alice")] == [True]
    assert playground.messages(seen_by="bob") == []
    assert (await slack.conversations_history(channel="C0ALERTS"))["messages"] == []
    edit = slack.chat_update(channel="C0ALERTS", ts=post["message_ts"], text="u")
    assert (await refusal(edit))["error"] == "message_not_found"
    delete = slack.chat_delete(channel="C0ALERTS", ts=post["message_ts"])
    assert (await refusal(delete))["error"] == "message_not_found"


async def test_an_ephemeral_message_needs_its_person_in_the_channel(
    slack: AsyncWebClient, refusal: Any
) -> None:
    call = slack.chat_postEphemeral(channel="C0ALERTS", user="U0DAVE", text="psst")
    assert (await refusal(call))["error"] == "user_not_in_channel"


async def test_a_thread_counts_its_replies(playground: Playground, slack: AsyncWebClient) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="parent")
    ts = post["ts"]
    reply = await slack.chat_postMessage(channel="C0ALERTS", text="one", thread_ts=ts)
    await slack.chat_postMessage(channel="C0ALERTS", text="two", thread_ts=reply["ts"])
    await slack.chat_postMessage(
        channel="C0ALERTS", text="loud", thread_ts=ts, reply_broadcast=True
    )
    channel = playground.messages()
    assert [(m["text"], m["reply_count"]) for m in channel] == [("parent", 3), ("loud", 0)]
    thread = playground.messages(thread_ts=ts)
    assert [m["text"] for m in thread] == ["parent", "one", "two", "loud"]
    replies = await slack.conversations_replies(channel="C0ALERTS", ts=ts)
    assert [m["text"] for m in replies["messages"]] == ["parent", "one", "two", "loud"]


async def test_a_thread_that_is_not_there(slack: AsyncWebClient, refusal: Any) -> None:
    call = slack.chat_postMessage(channel="C0ALERTS", text="t", thread_ts="1.000000")
    assert (await refusal(call))["error"] == "thread_not_found"


async def test_metadata_is_kept_and_shown_when_asked(slack: AsyncWebClient) -> None:
    metadata = {"event_type": "ghost_alert", "event_payload": {"id": 7}}
    await slack.chat_postMessage(channel="C0ALERTS", text="t", metadata=metadata)
    plain = await slack.conversations_history(channel="C0ALERTS")
    assert "metadata" not in plain["messages"][0]
    full = await slack.conversations_history(channel="C0ALERTS", include_all_metadata=True)
    assert full["messages"][0]["metadata"] == metadata


async def test_history_comes_newest_first_in_pages(slack: AsyncWebClient) -> None:
    posts = [await slack.chat_postMessage(channel="C0ALERTS", text=str(n)) for n in range(3)]
    first = await slack.conversations_history(channel="C0ALERTS", limit=2)
    assert [m["text"] for m in first["messages"]] == ["2", "1"]
    assert first["has_more"]
    cursor = first["response_metadata"]["next_cursor"]
    rest = await slack.conversations_history(channel="C0ALERTS", limit=2, cursor=cursor)
    assert [m["text"] for m in rest["messages"]] == ["0"]
    later = await slack.conversations_history(channel="C0ALERTS", oldest=posts[1]["ts"])
    assert [m["text"] for m in later["messages"]] == ["2"]


async def test_channels_and_members_are_listed(slack: AsyncWebClient) -> None:
    listed = await slack.conversations_list()
    names = {c["name"]: c["is_member"] for c in listed["channels"]}
    mine = {"ghost-alerts": True, "general": True, "patches": True, "partners": True}
    assert names == mine | {"random": False}  # and nothing of a private one that it is not in
    members = (await slack.conversations_members(channel="C0ALERTS"))["members"]
    assert "U0DAVE" not in members
    guest = await slack.users_info(user="U0CAROL")
    assert guest["user"]["is_restricted"]


async def test_a_reaction_is_made_once(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t")
    reaction = {"channel": "C0ALERTS", "timestamp": post["ts"], "name": "eyes"}
    await slack.reactions_add(**reaction)
    assert playground.messages()[0]["reactions"][0]["name"] == "eyes"
    assert (await refusal(slack.reactions_add(**reaction)))["error"] == "already_reacted"
    await slack.reactions_remove(**reaction)
    assert (await refusal(slack.reactions_remove(**reaction)))["error"] == "no_reaction"


async def test_a_file_is_uploaded_into_a_thread(
    playground: Playground, slack: AsyncWebClient
) -> None:
    post = await slack.chat_postMessage(channel="C0ALERTS", text="t")
    await slack.files_upload_v2(
        content="line 1\nline 2", filename="api.log", channel="C0ALERTS", thread_ts=post["ts"]
    )
    thread = playground.messages(thread_ts=post["ts"])
    assert thread[1]["files"][0]["name"] == "api.log"
    assert thread[1]["files"][0]["preview"] == "line 1\nline 2"
