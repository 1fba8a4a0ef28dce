"""`@ghost …` in channels, threads and direct messages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import Side, shown, slack_side


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost.of("web", "worker")) as made:
        yield made


async def test_a_mention_is_answered_to_the_asker_alone(side: Side) -> None:
    await side.slack.type("@ghost status")
    told = await side.slack.until(lambda seen: next((m for m in seen if m["ephemeral"]), None))
    assert "worker" in shown(told)


async def test_a_mention_in_a_thread_is_answered_in_the_thread(side: Side) -> None:
    await side.slack.type("what is wrong with web?")
    (parent,) = side.slack.messages()
    await side.slack.type("@ghost restart web", thread_ts=parent["ts"])
    last = await side.slack.until(
        lambda seen: next((m for m in seen if "restarted *web*" in m["text"]), None),
        thread_ts=parent["ts"],
    )
    assert last["thread_ts"] == parent["ts"]


async def test_a_direct_message_needs_no_name(side: Side) -> None:
    await side.slack.type("status web", channel="D0ALICE")
    told = await side.slack.until(
        lambda seen: next((m for m in seen if "pid 4711" in shown(m)), None), channel="D0ALICE"
    )
    assert "web" in told["text"]


async def test_what_people_say_to_each_other_is_not_for_ghost(side: Side) -> None:
    await side.slack.type("restart web would be a bad idea")
    await side.slack.type("@ghost help")
    await side.slack.until(lambda seen: any(m["ephemeral"] for m in seen))
    assert not side.ghost.orders


async def test_a_mention_delivered_again_acts_once(side: Side) -> None:
    side.slack.faults.duplicate_envelopes(2)
    await side.slack.type("@ghost restart web")
    await side.slack.until(lambda seen: any("restarted" in m["text"] for m in seen))
    await side.slack.type("@ghost status")
    await side.slack.until(lambda seen: any(m["ephemeral"] for m in seen))
    assert len(side.ghost.orders) == 1


async def test_lines_that_do_not_fit_come_as_a_file_into_the_thread(side: Side) -> None:
    side.ghost.lines["web"] = [f"{n} {'x' * 200}" for n in range(300)]
    await side.slack.type("what is wrong with web?")
    (parent,) = side.slack.messages()
    await side.slack.type("@ghost logs web 300", thread_ts=parent["ts"])
    said = await side.slack.until(
        lambda seen: next((m for m in seen if m.get("files")), None), thread_ts=parent["ts"]
    )
    (file,) = said["files"]
    assert (file["name"], file["title"]) == ("web.log", "the last 300 lines of web")
    lines = side.ghost.lines["web"]
    assert file["size"] == len("\n".join(lines)) + 1
    told = await side.slack.until(
        lambda seen: next((m for m in seen if m["ephemeral"]), None), thread_ts=parent["ts"]
    )
    assert "before them too in the file below" in shown(told)


async def test_lines_that_do_not_fit_in_a_channel_say_where_they_do(side: Side) -> None:
    side.ghost.lines["web"] = [f"{n} {'x' * 200}" for n in range(300)]
    await side.slack.type("@ghost logs web 300")
    told = await side.slack.until(lambda seen: next((m for m in seen if m["ephemeral"]), None))
    assert "in a thread gives them as a file" in shown(told)
    assert not any(m.get("files") for m in side.slack.messages())
