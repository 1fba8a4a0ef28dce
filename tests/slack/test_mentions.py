"""Whom a page names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ghostbot.slack.mentions import Mentions
from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import Side, slack_side


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost.of("web")) as made:
        yield made


async def found(side: Side, *wanted: str) -> tuple[str, list[str | None]]:
    told: list[str | None] = []
    mentions = Mentions(side.gateway.client, wanted, ready=side.gateway.ready, tell=told.append)
    await asyncio.wait_for(mentions.find(), 10)
    return mentions.markup(), told


async def test_ids_are_named_without_asking_slack(side: Side) -> None:
    before = len(side.slack.calls)
    assert await found(side, "U0BOB", "S0TEAM") == ("<@U0BOB> <!subteam^S0TEAM>", [None])
    assert len(side.slack.calls) == before


async def test_handles_of_people_are_found(side: Side) -> None:
    markup, told = await found(side, "@bob", "U0ALICE")
    assert (markup, told) == ("<@U0BOB> <@U0ALICE>", [None])


async def test_whom_slack_does_not_know_is_told_and_the_others_are_named(side: Side) -> None:
    markup, told = await found(side, "@nobody", "@bob")
    assert markup == "<@U0BOB>"
    assert told == ["cannot page @nobody: Slack knows no such person or group"]
