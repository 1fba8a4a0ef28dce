"""Ghost's voice, seen in the channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ghostbot.core.incident import Phase, Step
from tests.fakes.ghost import NOW, FakeGhost, house, view
from tests.fakes.slack_side import Side, shown, side_of, slack_side, until
from tests.slack.blocks.test_incident import DOWN

RECOVERED = replace(
    DOWN, phase=Phase.RECOVERED, steps=(*DOWN.steps, Step(NOW + 3, "up again")), changed_at=NOW + 3
)


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost.of("web")) as made:
        yield made


async def test_a_trouble_is_one_message_from_death_to_recovery(side: Side) -> None:
    side.notifier.alert(DOWN)
    first = await side.slack.until(lambda seen: seen[0] if seen else None)
    assert "died" in first["text"]
    side.notifier.alert(RECOVERED)
    last = await side.slack.until(lambda seen: seen[0] if "up again" in seen[0]["text"] else None)
    assert last["ts"] == first["ts"]
    assert "ghost_restart" not in shown(last)
    await until(lambda: side.outbox.waiting == 0)
    assert [m["ts"] for m in side.slack.messages()] == [first["ts"]]


async def test_the_thread_holds_each_step_once_and_the_last_lines(side: Side) -> None:
    for _ in range(3):
        side.notifier.alert(RECOVERED)
        await until(lambda: side.outbox.waiting == 0)
    (parent,) = [m for m in side.slack.messages() if m["text"].startswith("🟢")]
    thread = side.slack.messages(thread_ts=parent["ts"])
    texts = [m["text"] for m in thread if m["ts"] != parent["ts"]]
    assert texts == ["killed by SIGKILL", "up again", "the last lines of web"]
    assert "line 0" in shown(thread[-1])


async def test_the_next_ghost_edits_the_same_message(side: Side) -> None:
    side.notifier.alert(DOWN)
    await until(lambda: side.outbox.waiting == 0)
    next_one = side_of(side.slack, side.ghost)
    side.posts.rows |= next_one.posts.rows
    side.notifier.alert(RECOVERED)
    await side.slack.until(lambda seen: len(seen) == 1 and "up again" in seen[0]["text"])


async def test_beats_of_a_day_are_one_message(side: Side) -> None:
    side.notifier.beat(house(view("web")))
    first = await side.slack.until(lambda seen: seen[0] if seen else None)
    side.notifier.beat(replace(house(view("web"), view("api")), updated_at=NOW + 300))
    again = await side.slack.until(lambda seen: seen[0] if "2 of 2" in seen[0]["text"] else None)
    assert again["ts"] == first["ts"]


async def test_the_next_day_has_a_new_beat(side: Side) -> None:
    side.notifier.beat(house(view("web")))
    side.notifier.beat(replace(house(view("web")), updated_at=NOW + 86_400))
    await side.slack.until(lambda seen: len(seen) == 2)


async def test_without_a_channel_nothing_is_said_and_the_link_says_so() -> None:
    async with slack_side(FakeGhost.of("web"), channel=None) as side:
        side.notifier.alert(DOWN)
        side.notifier.beat(house(view("web")))
        assert side.outbox.waiting == 0
        assert "set `[slack] channel`" in side.notifier.link()
