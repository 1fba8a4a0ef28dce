"""Ghost's voice, seen in the channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ghostbot.core.incident import Call, Phase, Step
from ghostbot.slack.notifier import Notifier
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


def calm_notifier(side: Side, **changes: Any) -> Notifier:
    """Return a notifier like that of `side`, with routes and people to page."""
    parts: dict[str, Any] = {
        "outbox": side.outbox,
        "channel": "#ghost-alerts",
        "host": "den",
        "link": lambda: "connected",
    }
    return Notifier(**parts | changes)


BLOCKED = replace(
    DOWN,
    phase=Phase.BLOCKED,
    steps=(*DOWN.steps, Step(NOW + 9, "exited 1; blocked", call=Call.PAGE)),
    paged_at=NOW + 9,
    lines=(),
)


async def test_a_page_is_a_new_post_in_the_channel_that_names_people(side: Side) -> None:
    notifier = calm_notifier(side, mention=lambda: "<!subteam^S0ONCALL>")
    for _ in range(2):
        notifier.alert(BLOCKED)
        await until(lambda: side.outbox.waiting == 0)
    parent, page = side.slack.messages()
    assert (page["thread_ts"], page["text"][:21]) == (parent["ts"], "<!subteam^S0ONCALL> ⛔")
    assert "S0ONCALL" not in shown(parent)


async def test_with_nobody_to_page_the_step_stays_in_the_thread(side: Side) -> None:
    calm_notifier(side).alert(BLOCKED)
    await until(lambda: side.outbox.waiting == 0)
    assert len(side.slack.messages()) == 1


async def test_a_reminder_is_a_new_post_that_names_nobody(side: Side) -> None:
    later = Step(NOW + 3_600, "still blocked, after 1 h", call=Call.REMINDER)
    notifier = calm_notifier(side, mention=lambda: "<@U0BOB>")
    notifier.alert(replace(BLOCKED, steps=(*DOWN.steps, later)))
    await until(lambda: side.outbox.waiting == 0)
    _, reminder = side.slack.messages()
    assert "still blocked, after 1 h" in reminder["text"]
    assert "U0BOB" not in reminder["text"]


async def test_a_group_has_its_channel_and_what_is_critical_a_second_message(side: Side) -> None:
    notifier = calm_notifier(
        side,
        routes={"group:site": "#general", "critical": "#ghost-alerts"},
        group=lambda name: "site" if name == "web" else None,
        mention=lambda: "<@U0BOB>",
    )
    notifier.alert(DOWN)
    await until(lambda: side.outbox.waiting == 0)
    assert len(side.slack.messages(channel="general")) == 1
    assert not side.slack.messages()
    notifier.alert(BLOCKED)
    await until(lambda: side.outbox.waiting == 0)
    (home,) = side.slack.messages(channel="general")
    assert "is blocked" in shown(home)
    critical, page = side.slack.messages()
    assert "is blocked" in shown(critical)
    assert page["text"].startswith("<@U0BOB>")
    notifier.alert(replace(BLOCKED, phase=Phase.RECOVERED))
    await until(lambda: side.outbox.waiting == 0)
    assert "ghost_restart" not in shown(side.slack.messages()[0])


async def test_what_was_missed_is_told_once_in_each_channel_that_it_concerns(side: Side) -> None:
    notifier = calm_notifier(
        side,
        routes={"group:site": "#general"},
        group=lambda name: "site" if name == "web" else None,
    )
    over = [
        replace(DOWN, phase=Phase.RECOVERED, id=n, daemon=d) for n, d in enumerate(("web", "db"))
    ]
    for _ in range(2):
        notifier.missed(over)
        await until(lambda: side.outbox.waiting == 0)
    (general,) = side.slack.messages(channel="general")
    (alerts,) = side.slack.messages()
    assert "*web*" in shown(general)
    assert "*db*" not in shown(general)
    assert "*db*" in shown(alerts)


async def test_a_day_begins_at_midnight_in_the_zone_of_the_house(side: Side) -> None:
    night = 1_790_031_600.0  # 23:00 in UTC, the next day in Berlin
    for zone, day in ((ZoneInfo("UTC"), "2026-09-21"), (ZoneInfo("Europe/Berlin"), "2026-09-22")):
        calm_notifier(side, zone=zone).beat(replace(house(view("web")), updated_at=night))
        assert side.outbox.has(f"beat:{day}")


async def test_what_slack_refuses_for_good_is_part_of_how_the_link_is(side: Side) -> None:
    refused: list[str | None] = ["cannot post to #x: is_archived: bring the channel back"]
    notifier = calm_notifier(side, refused=lambda: refused[0])
    assert notifier.link() == f"connected, but {refused[0]}"
    refused[0] = None
    assert notifier.link() == "connected"
    refused[0] = "off: Slack refuses SLACK_BOT_TOKEN (token_revoked): put a new one into .env"
    assert notifier.link() == refused[0]
