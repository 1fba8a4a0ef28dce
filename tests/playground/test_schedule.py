"""Messages for later."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground
from ghostbot.playground.methods import schedule

ALERTS = "C0ALERTS"


def soon(playground: Playground, seconds: float = 60) -> int:
    return int(playground.clock.now() + seconds)


async def test_a_message_is_posted_when_its_time_has_come(
    playground: Playground, slack: AsyncWebClient
) -> None:
    made = await slack.chat_scheduleMessage(
        channel="#ghost-alerts", post_at=soon(playground), text="later"
    )
    [waiting] = (await slack.chat_scheduledMessages_list(channel=ALERTS))["scheduled_messages"]
    assert (waiting["id"], waiting["text"]) == (made["scheduled_message_id"], "later")
    assert playground.messages() == []
    playground.clock.advance(61)
    await playground.until(lambda seen: seen and seen[0]["text"] == "later")
    assert (await slack.chat_scheduledMessages_list())["scheduled_messages"] == []


async def test_what_was_called_off_is_not_posted(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    made = await slack.chat_scheduleMessage(channel=ALERTS, post_at=soon(playground), text="no")
    name = {"channel": ALERTS, "scheduled_message_id": made["scheduled_message_id"]}
    await slack.chat_deleteScheduledMessage(**name)
    again = slack.chat_deleteScheduledMessage(**name)
    assert (await refusal(again))["error"] == "invalid_scheduled_message_id"
    await slack.chat_scheduleMessage(channel=ALERTS, post_at=soon(playground, 90), text="yes")
    playground.clock.advance(100)
    await playground.until(lambda seen: seen and seen[-1]["text"] == "yes")
    assert len(playground.messages()) == 1


@pytest.mark.parametrize(
    ("seconds", "error"), [(-10, "time_in_past"), (121 * 86_400, "time_too_far")]
)
async def test_a_time_that_will_not_do_is_refused(
    playground: Playground, slack: AsyncWebClient, refusal: Any, seconds: float, error: str
) -> None:
    call = slack.chat_scheduleMessage(channel=ALERTS, post_at=soon(playground, seconds), text="t")
    assert (await refusal(call))["error"] == error


async def test_only_so_many_wait_for_one_moment(
    playground: Playground,
    slack: AsyncWebClient,
    refusal: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "MOST_AT_ONCE", 2)
    when = soon(playground, 1_000)
    for _ in range(2):
        await slack.chat_scheduleMessage(channel=ALERTS, post_at=when, text="t")
    third = slack.chat_scheduleMessage(channel=ALERTS, post_at=when + 60, text="t")
    assert (await refusal(third))["error"] == "restricted_too_many"
    await slack.chat_scheduleMessage(channel=ALERTS, post_at=when + 400, text="t")
