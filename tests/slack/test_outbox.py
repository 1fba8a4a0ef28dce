"""What Ghost says by itself, against a Slack that has bad days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ghostbot.slack import outbox as outboxes
from ghostbot.slack.blocks.message import Message, section
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.pace import Pace
from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import Side, running, slack_side, until

POST, EDIT = "chat.postMessage", "chat.update"


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost.of("web")) as made:
        yield made


def said(text: str) -> Message:
    return Message(text, (section(text),))


def made(side: Side, method: str) -> list[Any]:
    return [c for c in side.slack.calls if c.method == method]


async def test_a_message_is_posted_once_and_then_edited(side: Side) -> None:
    side.outbox.put("k", "#ghost-alerts", said("one"))
    first = await side.slack.until(lambda seen: seen[0] if seen else None)
    side.outbox.put("k", "#ghost-alerts", said("two"))
    await side.slack.until(lambda seen: seen[0]["text"] == "two")
    assert [m["ts"] for m in side.slack.messages()] == [first["ts"]]


async def test_of_many_edits_the_newest_is_said(side: Side) -> None:
    for number in range(200):
        side.outbox.put("k", "#ghost-alerts", said(f"number {number}"))
    await side.slack.until(lambda seen: seen and seen[0]["text"] == "number 199")
    assert len(made(side, POST)) + len(made(side, EDIT)) <= 3


async def test_a_reply_is_said_once_in_the_thread(side: Side) -> None:
    side.outbox.put("k", "#ghost-alerts", said("parent"))
    side.outbox.reply("k:1", "k", "#ghost-alerts", said("step"))
    parent = await side.slack.until(lambda seen: seen[0] if seen else None)
    await side.slack.until(lambda seen: len(seen) == 2, thread_ts=parent["ts"])
    side.outbox.reply("k:1", "k", "#ghost-alerts", said("step"))
    await until(lambda: side.outbox.waiting == 0)
    assert len(made(side, POST)) == 2


async def test_an_edit_goes_before_the_replies_that_wait(side: Side) -> None:
    side.outbox._pace = Pace(0.1)
    side.outbox.put("k", "#ghost-alerts", said("parent"))
    for number in range(5):
        side.outbox.reply(f"k:{number}", "k", "#ghost-alerts", said(f"step {number}"))
    parent = await side.slack.until(lambda seen: seen[0] if seen else None)
    await until(lambda: side.outbox.waiting == 5)
    side.outbox.put("k", "#ghost-alerts", said("newer"))
    await side.slack.until(lambda seen: seen[0]["text"] == "newer")
    assert side.outbox.waiting >= 3
    await side.slack.until(lambda seen: len(seen) == 6, thread_ts=parent["ts"])


async def test_a_deleted_message_is_posted_anew(side: Side) -> None:
    side.outbox.put("k", "#ghost-alerts", said("one"))
    first = await side.slack.until(lambda seen: seen[0] if seen else None)
    await side.gateway.writes.chat_delete(channel="C0ALERTS", ts=first["ts"])
    side.outbox.put("k", "#ghost-alerts", said("two"))
    again = await side.slack.until(lambda seen: seen[0] if seen else None)
    assert again["text"] == "two"


async def test_a_message_that_was_in_another_workspace_is_posted_anew(side: Side) -> None:
    await side.posts.put("k", "C0ELSEWHERE", "1.1")
    side.outbox.put("k", "#ghost-alerts", said("one"))
    side.outbox.reply("k:1", "k", "#ghost-alerts", said("step"))
    parent = await side.slack.until(lambda seen: seen[0] if seen else None)
    await side.slack.until(lambda seen: len(seen) == 2, thread_ts=parent["ts"])
    assert not side.told


@pytest.mark.parametrize("trouble", ["internal_error", "fatal_error"])
async def test_slacks_own_trouble_passes(side: Side, trouble: str) -> None:
    side.slack.faults.error(POST, trouble)
    side.outbox.put("k", "#ghost-alerts", said("one"))
    await side.slack.until(lambda seen: seen)
    assert not side.told


async def test_a_page_of_html_instead_of_an_answer_passes(side: Side) -> None:
    side.slack.faults.unavailable(POST)
    side.outbox.put("k", "#ghost-alerts", said("one"))
    await side.slack.until(lambda seen: seen)


async def test_a_cut_connection_passes(side: Side) -> None:
    side.slack.faults.cut(POST, applied=False)
    side.outbox.put("k", "#ghost-alerts", said("one"))
    await side.slack.until(lambda seen: seen)
    assert len(made(side, POST)) == 2  # and the SDK repeated nothing by itself


async def test_retry_after_is_obeyed(side: Side) -> None:
    side.slack.faults.ratelimited(POST, retry_after=1)
    side.slack.faults.lag_s = 1.0  # the time runs from the answer, however long that took
    side.outbox.put("k", "#ghost-alerts", said("one"))
    await until(lambda: len(made(side, POST)) == 1)
    side.slack.faults.lag_s = 0.0
    await side.slack.until(lambda seen: seen)
    first, second = made(side, POST)
    assert second.at - first.at >= 0.99


async def test_a_channel_ghost_is_not_in_is_told_once_with_the_way_out(side: Side) -> None:
    side.outbox.put("k", "#random", said("one"))
    side.outbox.put("l", "#random", said("two"))
    side.outbox.put("m", "#ghost-alerts", said("three"))
    await side.slack.until(lambda seen: seen)
    await asyncio.sleep(0.1)  # long enough for a loop to show itself
    await until(lambda: side.outbox.waiting == 2)  # they are said once Ghost is invited
    way_out = "type `/invite @ghost` in the channel"
    assert side.told == [f"cannot post to #random: not_in_channel: {way_out}"]
    assert len(made(side, POST)) == 2


async def test_after_the_invitation_it_is_said_and_told_no_more(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "CHANNEL_AGAIN_S", 0.02)
    side.slack.faults.error(POST, "not_in_channel")
    side.outbox.put("k", "#ghost-alerts", said("one"))
    await side.slack.until(lambda seen: seen)
    await until(lambda: len(side.told) == 2)
    assert side.told[-1] is None


async def test_a_revoked_token_is_told_once_and_not_tried_in_a_loop(side: Side) -> None:
    side.slack.faults.error(POST, "token_revoked", times=100)
    for number in range(20):
        side.outbox.put(f"k{number}", "#ghost-alerts", said("one"))
    await until(lambda: side.told)
    await asyncio.sleep(0.1)  # long enough for a loop to show itself
    assert len(made(side, POST)) == 1
    assert len(side.told) == 1
    assert "SLACK_BOT_TOKEN (token_revoked)" in (side.told[0] or "")


async def test_blocks_that_slack_refuses_are_said_as_text(side: Side) -> None:
    broken = Message("what matters", ({"type": "no such block"},))
    side.outbox.put("k", "#ghost-alerts", broken)
    shown = await side.slack.until(lambda seen: seen[0] if seen else None)
    assert shown["text"] == "what matters"


async def test_an_outage_is_bridged_with_the_newest_words(side: Side) -> None:
    side.slack.faults.outage = True
    for number in range(50):
        side.outbox.put("k", "#ghost-alerts", said(f"number {number}"))
        await asyncio.sleep(0)
    side.slack.faults.outage = False
    await side.slack.until(lambda seen: seen and seen[0]["text"] == "number 49")
    assert len(side.slack.messages()) == 1


async def test_the_queue_is_bounded_and_living_messages_outlive_replies(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "PENDING_MAX", 10)
    outbox = Outbox(
        client=side.gateway.writes,
        posts=side.posts,
        ready=asyncio.Event().wait,  # type: ignore[arg-type]
        find=lambda _: asyncio.sleep(0),  # type: ignore[arg-type, return-value]
        tell=side.told.append,
    )
    outbox.put("living", "#x", said("living"))
    for number in range(100):
        outbox.reply(f"r{number}", "living", "#x", said("reply"))
    assert outbox.waiting == 10
    assert "living" in outbox._pending


async def test_one_message_that_always_fails_holds_up_no_other(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "FIRST_S", 0.001)
    monkeypatch.setattr(outboxes, "LAST_S", 0.01)
    post = side.gateway.writes.chat_postMessage

    async def picky(**args: Any) -> Any:
        if args["text"] == "poison":
            side.slack.faults.error(POST, "internal_error")
        return await post(**args)

    monkeypatch.setattr(side.gateway.writes, "chat_postMessage", picky)
    side.outbox.put("p", "#ghost-alerts", said("poison"))
    for number in range(5):
        side.outbox.put(f"k{number}", "#ghost-alerts", said(f"number {number}"))
    shown = await side.slack.until(lambda seen: len(seen) == 5 and seen)
    assert [m["text"] for m in shown] == [f"number {number}" for number in range(5)]
    await until(lambda: side.outbox.waiting == 1)


async def test_nothing_is_said_before_slack_let_us_in(side: Side) -> None:
    opened = asyncio.Event()
    outbox = Outbox(
        client=side.gateway.writes,
        posts=side.posts,
        ready=opened.wait,  # type: ignore[arg-type]
        find=lambda _: asyncio.sleep(0),  # type: ignore[arg-type, return-value]
        tell=side.told.append,
    )
    outbox.put("k", "ghost-alerts", said("early"))
    async with running(outbox.run):
        await asyncio.sleep(0.02)
        assert not side.slack.messages()
        opened.set()
        await side.slack.until(lambda seen: seen)


async def thread(side: Side) -> dict[str, Any]:
    """Have a message said, and delete it."""
    side.outbox.put("k", "#ghost-alerts", said("one"))
    first: dict[str, Any] = await side.slack.until(lambda seen: seen[0] if seen else None)
    await until(lambda: side.outbox.waiting == 0)
    await side.gateway.writes.chat_delete(channel="C0ALERTS", ts=first["ts"])
    return first


async def test_a_page_whose_thread_was_deleted_is_said_in_the_channel(side: Side) -> None:
    await thread(side)
    side.outbox.reply("k:1", "k", "#ghost-alerts", said("step"))
    side.outbox.reply("k:2", "k", "#ghost-alerts", said("page"), broadcast=True)
    page = await side.slack.until(lambda seen: seen[0] if seen else None)
    assert (page["text"], page.get("thread_ts")) == ("page", None)
    await until(lambda: side.outbox.waiting == 0)
    assert len(side.slack.messages()) == 1


async def test_a_reply_to_a_deleted_message_is_said_under_the_one_posted_anew(side: Side) -> None:
    await thread(side)
    side.outbox._turns = outboxes.THREADS_TURN - 1  # a reply is next
    side.outbox.put("k", "#ghost-alerts", said("two"))
    side.outbox.reply("k:1", "k", "#ghost-alerts", said("step"))
    again = await side.slack.until(lambda seen: seen[0] if seen else None)
    assert again["text"] == "two"
    await side.slack.until(lambda seen: len(seen) == 2, thread_ts=again["ts"])


async def test_an_edit_waits_until_an_archived_channel_is_back(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "CHANNEL_AGAIN_S", 0.1)
    side.outbox.put("k", "#ghost-alerts", said("one"))
    await side.slack.until(lambda seen: seen[0] if seen else None)
    side.slack._workspace.change("C0ALERTS", is_archived=True)
    side.outbox.put("k", "#ghost-alerts", said("two"))
    await until(lambda: side.told)
    assert "bring the channel back" in str(side.told[0])
    side.slack._workspace.change("C0ALERTS", is_archived=False)
    await side.slack.until(lambda seen: seen[0]["text"] == "two")
