"""Who may ask for what."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ghostbot.core.rights import Role
from ghostbot.errors import NotAllowed
from ghostbot.orders import Actor
from ghostbot.slack.people import MEMBERS_S, People
from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import Side, slack_side


def who(user: str) -> Actor:
    return Actor(user, user.lower(), Role.NOBODY)


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost.of("web")) as made:
        yield made


@pytest.mark.parametrize("channel", ["#ghost-alerts", "ghost-alerts", "C0ALERTS"])
async def test_members_of_the_alert_channel_may_read_and_operate(side: Side, channel: str) -> None:
    people = People(side.gateway.client, channel)
    await people.admit(who("U0ALICE"), "restart")
    await people.admit(who("U0BOB"), "status")


@pytest.mark.parametrize("user", ["U0DAVE", "U0CAROL", "U0NOBODY", ""])
@pytest.mark.parametrize("verb", ["restart", "status"])
async def test_others_and_guests_may_do_nothing(side: Side, user: str, verb: str) -> None:
    with pytest.raises(NotAllowed):
        await People(side.gateway.client, "#ghost-alerts").admit(who(user), verb)


async def test_members_are_asked_for_once_a_minute(side: Side) -> None:
    now = 0.0
    people = People(side.gateway.client, "#ghost-alerts", lambda: now)
    for _ in range(5):
        await people.admit(who("U0ALICE"), "restart")
    calls = [c.method for c in side.slack.calls]
    assert calls.count("conversations.members") == calls.count("users.info") == 1
    now = MEMBERS_S + 1
    await people.admit(who("U0ALICE"), "restart")
    assert [c.method for c in side.slack.calls].count("conversations.members") == 2


async def test_while_slack_does_not_say_reading_is_allowed_and_changing_is_not(side: Side) -> None:
    side.slack.faults.error("conversations.members", "fatal_error", times=10)
    people = People(side.gateway.client, "#ghost-alerts")
    await people.admit(who("U0DAVE"), "status")
    with pytest.raises(NotAllowed, match="try again"):
        await people.admit(who("U0ALICE"), "restart")


async def test_a_channel_that_nobody_knows_lets_nobody_in(side: Side) -> None:
    with pytest.raises(NotAllowed):
        await People(side.gateway.client, "#nowhere").admit(who("U0ALICE"), "status")


async def test_without_a_channel_nobody_may_ask(side: Side) -> None:
    with pytest.raises(NotAllowed, match=r"\[slack\] channel"):
        await People(side.gateway.client, None).admit(who("U0ALICE"), "status")
