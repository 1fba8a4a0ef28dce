"""Thousands of events while Slack is away, slow or torn off: what people find when it is back."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ghostbot import store
from ghostbot.playground import Playground
from ghostbot.slack import keeping
from ghostbot.slack import outbox as outboxes
from ghostbot.slack.blocks.message import Message, context, section
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.outbox import Outbox
from ghostbot.store.database import Database
from ghostbot.store.outbox import Unsaid
from ghostbot.store.posts import Posts
from tests.fakes.slack_side import gateway_to, manifest, running, until

POST = "chat.postMessage"
ROOM = "#ghost-alerts"
EVENTS, TROUBLES = 5_000, 8
MAKERS = (f"{Path(outboxes.__file__).parent}/*", f"{Path(store.__file__).parent}/*", __file__)
FASTER = 50  # how much faster Slack's clock runs here, and the outbox with it


class Talk:
    """An outbox on a playground, with its store."""

    def __init__(self, slack: Playground, gateway: Gateway, outbox: Outbox) -> None:
        self.slack = slack
        self.gateway = gateway
        self.outbox = outbox

    def happen(self, first: int, last: int) -> None:
        """Have events happen to a few daemons in turn: a living message and a step of each."""
        for number in range(first, last):
            key = f"incident:{number % TROUBLES}"
            words = f"daemon {number % TROUBLES} died {number // TROUBLES + 1} times"
            self.outbox.put(key, ROOM, Message(words, (section(words + "\n" + "log " * 200),)))
            step = f"death {number}"
            self.outbox.reply(f"{key}:{number}", key, ROOM, Message(step, (context(step),)))

    async def settled(self) -> None:
        """Wait until all is said."""
        await until(lambda: self.outbox.waiting == 0, timeout_s=40)

    def posts(self) -> int:
        """Return how many messages people got."""
        return sum(call.method == POST and call.ok for call in self.slack.calls)

    def statuses(self) -> Counter[str]:
        """Return how often which refusal was met."""
        return Counter(call.error for call in self.slack.calls if call.error)


@asynccontextmanager
async def talking(folder: Path) -> AsyncIterator[Talk]:
    slack = Playground(manifest(), clock_scale=FASTER)
    await slack.start()
    gateway = gateway_to(slack)
    database = Database(folder / "ghost.db")

    async def find(_: str) -> str:
        return "C0ALERTS"

    outbox = Outbox(
        client=gateway.writes,
        posts=Posts(database),
        ready=gateway.ready,
        find=find,
        tell=lambda _: None,
        unsaid=Unsaid(database),
        pace_s=1.0 / FASTER,
    )
    try:
        async with running(gateway.run, outbox.run):
            await until(lambda: gateway.state() == "connected")
            yield Talk(slack, gateway, outbox)
    finally:
        await database.close()
        await slack.stop()


@pytest.fixture
async def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    monkeypatch.setattr(outboxes, "FIRST_S", 0.05)
    monkeypatch.setattr(outboxes, "LAST_S", 0.2)  # an hour, shortened
    async with talking(tmp_path) as made:
        yield made


def begin(talk: Talk, trouble: str) -> None:
    """Let Slack have a bad day of a kind."""
    if trouble == "away":
        talk.slack.faults.outage = True
    elif trouble == "limits":
        talk.slack.faults.ratelimited("*", retry_after=1, times=3)
    elif trouble == "lost answers":
        talk.slack.faults.cut(POST, applied=True, times=4)
    else:
        talk.slack.sockets.cut()


@pytest.mark.parametrize("trouble", ["away", "limits", "lost answers", "torn off"])
async def test_after_five_thousand_events_people_find_few_messages_in_order_and_none_twice(
    talk: Talk, trouble: str
) -> None:
    begin(talk, trouble)
    for number in range(0, EVENTS, 100):
        talk.happen(number, number + 100)
        await asyncio.sleep(0)  # the outbox tries, all the while
    talk.slack.faults.outage = False
    await talk.settled()
    shown = talk.slack.messages()
    each = EVENTS // TROUBLES
    assert [m["text"] for m in shown] == [f"daemon {n} died {each} times" for n in range(TROUBLES)]
    for message in shown:
        steps = steps_of(talk, message["ts"])
        assert steps == sorted(set(steps))
        assert steps[-1] >= EVENTS - TROUBLES
    assert len(shown) + sum(threads(talk)) <= 20


def threads(talk: Talk) -> list[int]:
    """Return how many replies each message has."""
    return [len(talk.slack.messages(thread_ts=m["ts"])) - 1 for m in talk.slack.messages()]


def steps_of(talk: Talk, ts: str) -> list[int]:
    """Return the numbers of the deaths that a thread tells, as they stand there."""
    lines = [
        line
        for reply in talk.slack.messages(thread_ts=ts)[1:]
        for line in str(reply["text"]).splitlines()
    ]
    return [int(line.split()[-1]) for line in lines if line.startswith("death")]


async def test_five_times_the_events_take_no_more_memory(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_S", 3_600.0)  # nothing is being written while it is measured
    talk.slack.faults.outage = True
    tracemalloc.start()
    try:
        talk.happen(0, 1_000)
        await measured(talk)  # it is full now, and the sets that know what is kept have grown
        talk.happen(1_000, 2_000)
        few = await measured(talk)
        talk.happen(2_000, 10_000)
        many = await measured(talk)
    finally:
        tracemalloc.stop()
    assert talk.outbox.waiting == outboxes.PENDING_MAX
    assert many < few * 1.1


async def measured(talk: Talk) -> int:
    """Return how many bytes are held of what the outbox and the events made.

    The log that pytest keeps and asyncio's tracebacks are not the outbox's.
    """
    await talk.outbox._kept.write()
    gc.collect()
    held = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(inclusive=True, filename_pattern=one) for one in MAKERS]
    )
    return sum(trace.size for trace in held.traces)


async def test_what_could_not_be_kept_is_counted_where_it_is_missing(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "PENDING_MAX", 20)
    talk.slack.faults.outage = True
    talk.happen(0, TROUBLES * 4)
    assert talk.outbox.waiting == 20
    talk.slack.faults.outage = False
    await talk.settled()
    for message in talk.slack.messages():
        (reply,) = talk.slack.messages(thread_ts=message["ts"])[1:]
        missing = 4 - len(steps_of(talk, message["ts"]))
        assert f"{missing} earlier step" in str(reply["blocks"][0])


async def test_a_thousand_alerts_of_an_outage_are_settled_at_slacks_pace_and_merged(
    talk: Talk,
) -> None:
    troubles, alerts = 200, 1_000
    talk.slack.faults.outage = True
    for number in range(alerts):
        words = f"trouble {number % troubles}: {number}"
        talk.outbox.put(f"k{number % troubles}", ROOM, Message(words, (section(words),)))
    await until(lambda: talk.outbox._failures)
    talk.slack.faults.outage = False
    begun = asyncio.get_running_loop().time()
    await talk.settled()
    took_s = asyncio.get_running_loop().time() - begun
    texts = [m["text"] for m in talk.slack.messages()]
    assert texts == [f"trouble {n}: {alerts - troubles + n}" for n in range(troubles)]
    assert talk.posts() == troubles
    assert "ratelimited" not in talk.statuses()
    assert took_s >= (troubles - 1) / FASTER * 0.9
