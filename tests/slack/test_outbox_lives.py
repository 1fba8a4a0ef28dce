"""What Ghost had not said when it died, and what it cannot know whether it said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ghostbot.slack import keeping
from ghostbot.slack import outbox as outboxes
from ghostbot.slack.blocks.message import Message, section
from ghostbot.slack.outbox import Outbox
from ghostbot.store.database import Database
from ghostbot.store.outbox import Unsaid
from ghostbot.store.posts import Posts
from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import Side, running, slack_side, until

POST, HISTORY, REPLIES = "chat.postMessage", "conversations.history", "conversations.replies"
ROOM = "#ghost-alerts"


def said(text: str) -> Message:
    return Message(text, (section(text),))


def made(side: Side, method: str) -> list[Any]:
    return [c for c in side.slack.calls if c.method == method]


class Lives:
    """One state directory on a playground, and the outboxes that hold it one after the other."""

    def __init__(self, side: Side, folder: Path) -> None:
        self.side = side
        self.path = folder / "ghost.db"

    @asynccontextmanager
    async def one(self, *, dies: bool = False, silent: bool = False) -> AsyncIterator[Outbox]:
        """An outbox for as long as the `with`; one that dies writes nothing at its end."""
        database = Database(self.path)
        unsaid = Unsaid(database)
        outbox = Outbox(
            client=self.side.gateway.writes,
            posts=Posts(database),
            ready=asyncio.Event().wait if silent else self.side.gateway.ready,  # type: ignore[arg-type]
            find=self.side.notifier._outbox._find,
            tell=self.side.told.append,
            unsaid=unsaid,
            pace_s=0.02,
        )
        try:
            async with running(outbox.run):
                yield outbox
                if dies:
                    unsaid.write = unwritten  # type: ignore[method-assign]
        finally:
            await database.close()

    async def rows(self) -> list[str]:
        """Return the keys of what is kept."""
        database = Database(self.path)
        try:
            return [row.key for row in await Unsaid(database).load()]
        finally:
            await database.close()


async def unwritten(*_: object) -> None:
    """Write nothing, as who is dead."""


@pytest.fixture
async def lives(tmp_path: Path) -> AsyncIterator[Lives]:
    async with slack_side(FakeGhost.of("web")) as side:
        yield Lives(side, tmp_path)


async def kept(lives: Lives, *keys: str) -> None:
    """Wait until just these are on disk, as another process would see it."""
    async with asyncio.timeout(10):
        while await lives.rows() != list(keys):  # noqa: ASYNC110  a file tells nobody
            await asyncio.sleep(0.02)


async def test_what_waits_is_said_by_the_next_ghost_in_its_order(lives: Lives) -> None:
    async with lives.one(silent=True, dies=True) as outbox:
        for number in range(4):
            outbox.put(f"k{number}", ROOM, said(f"number {number}"))
        outbox.put("k0", ROOM, said("number 0, newer"))
        outbox.reply("k1:step", "k1", ROOM, said("a step"))
        await kept(lives, "k0", "k1", "k2", "k3", "k1:step")
    async with lives.one() as outbox:
        outbox.put("k9", ROOM, said("number 9"))
        await lives.side.slack.until(lambda seen: len(seen) == 5)
        await until(lambda: outbox.waiting == 0)
    shown = lives.side.slack.messages()
    texts = ["number 0, newer", "number 1", "number 2", "number 3", "number 9"]
    assert [m["text"] for m in shown] == texts
    thread = lives.side.slack.messages(thread_ts=shown[1]["ts"])
    assert [m["text"] for m in thread] == ["number 1", "a step"]
    assert await lives.rows() == []


async def test_newer_words_of_this_life_win_over_those_that_were_kept(lives: Lives) -> None:
    async with lives.one(silent=True) as outbox:
        outbox.put("k", ROOM, said("old"))
        await kept(lives, "k")
    async with lives.one() as outbox:
        outbox.put("k", ROOM, said("new"))
        await until(lambda: outbox.waiting == 0)
    assert [m["text"] for m in lives.side.slack.messages()] == ["new"]
    assert len(made(lives.side, POST)) == 1


@pytest.mark.parametrize("fault", ["cut", "internal_error"])
async def test_a_post_whose_answer_was_lost_is_found_and_edited(lives: Lives, fault: str) -> None:
    faults = lives.side.slack.faults
    if fault == "cut":
        faults.cut(POST, applied=True)
    else:
        faults.error(POST, fault, applied=True)
    async with lives.one() as outbox:
        outbox.put("k", ROOM, said("one"))
        await until(lambda: outbox.waiting == 0)
        outbox.put("k", ROOM, said("two"))
        await until(lambda: outbox.waiting == 0)
    assert [m["text"] for m in lives.side.slack.messages()] == ["two"]
    assert len(made(lives.side, POST)) == 1


async def test_a_reply_whose_answer_was_lost_is_not_said_again(lives: Lives) -> None:
    async with lives.one() as outbox:
        outbox.put("k", ROOM, said("parent"))
        await until(lambda: outbox.waiting == 0)
        lives.side.slack.faults.cut(POST, applied=True)
        outbox.reply("k:1", "k", ROOM, said("step"))
        await until(lambda: outbox.waiting == 0)
    (parent,) = lives.side.slack.messages()
    assert len(lives.side.slack.messages(thread_ts=parent["ts"])) == 2
    assert len(made(lives.side, REPLIES)) == 1


async def test_replies_that_were_said_as_one_are_found_as_one(lives: Lives) -> None:
    async with lives.one() as outbox:
        outbox.put("k", ROOM, said("parent"))
        await until(lambda: outbox.waiting == 0)
        lives.side.slack.faults.cut(POST, applied=True)
        for number in range(20):
            outbox.reply(f"k:{number}", "k", ROOM, said(f"step {number}"))
        await until(lambda: outbox.waiting == 0)
    (parent,) = lives.side.slack.messages()
    _, steps = lives.side.slack.messages(thread_ts=parent["ts"])
    assert steps["text"].splitlines() == [f"step {number}" for number in range(20)]


async def test_a_ghost_killed_between_a_post_and_its_answer_says_it_once(
    lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_S", 3_600)  # only what is written before a post is there
    lives.side.slack.faults.slow(POST, 30)
    async with lives.one(dies=True) as outbox:
        outbox.put("k", ROOM, said("one"))
        await lives.side.slack.until(lambda seen: seen)
    async with lives.one() as outbox:
        await until(lambda: made(lives.side, HISTORY))
        outbox.put("k", ROOM, said("two"))
        await until(lambda: outbox.waiting == 0)
    assert [m["text"] for m in lives.side.slack.messages()] == ["two"]


async def test_a_ghost_killed_before_its_post_arrived_says_it_all_the_same(lives: Lives) -> None:
    lives.side.slack.faults.cut(POST, applied=False, times=100)
    async with lives.one(dies=True) as outbox:
        outbox.put("k", ROOM, said("one"))
        await until(lambda: made(lives.side, POST))
        await kept(lives, "k")
    lives.side.slack.faults.clear()
    async with lives.one():
        await until(lives.side.slack.messages)
    assert [m["text"] for m in lives.side.slack.messages()] == ["one"]


async def test_where_slack_does_not_let_ghost_look_it_is_said_at_once(lives: Lives) -> None:
    lives.side.slack.faults.cut(POST, applied=False)
    lives.side.slack.faults.error(HISTORY, "missing_scope", times=100)
    async with lives.one() as outbox:
        outbox.put("k", ROOM, said("one"))
        await until(lambda: outbox.waiting == 0)
    assert [m["text"] for m in lives.side.slack.messages()] == ["one"]
    assert len(made(lives.side, HISTORY)) == 1
    assert not lives.side.told


async def test_looks_that_are_refused_again_and_again_hold_nothing_up_for_ever(
    lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "FIRST_S", 0.01)
    lives.side.slack.faults.cut(POST, applied=False)
    lives.side.slack.faults.error(HISTORY, "internal_error", times=100)
    async with lives.one() as outbox:
        outbox.put("k", ROOM, said("one"))
        await until(lambda: outbox.waiting == 0)
    assert [m["text"] for m in lives.side.slack.messages()] == ["one"]
    assert len(made(lives.side, HISTORY)) == outboxes.LOOKS_MAX


async def test_a_refused_connection_needs_no_look(lives: Lives) -> None:
    """Nothing was sent, so nothing can have been said."""
    async with lives.one() as outbox:
        url, client = lives.side.gateway.writes.base_url, lives.side.gateway.writes
        client.base_url = "http://127.0.0.1:9/api/"
        outbox.put("k", ROOM, said("one"))
        await until(lambda: outbox._failures)
        client.base_url = url
        await until(lambda: outbox.waiting == 0)
    assert not made(lives.side, HISTORY)
    assert len(made(lives.side, POST)) == 1


async def test_a_row_of_another_version_is_dropped_and_the_others_said(lives: Lives) -> None:
    async with lives.one(silent=True) as outbox:
        outbox.put("k", ROOM, said("one"))
        outbox.put("l", ROOM, said("two"))
        await kept(lives, "k", "l")
    database = Database(lives.path)
    await database.run(lambda db: db.execute("UPDATE outbox SET body = '7' WHERE key = 'k'"))
    await database.close()
    async with lives.one():
        await until(lives.side.slack.messages)
    assert [m["text"] for m in lives.side.slack.messages()] == ["two"]
