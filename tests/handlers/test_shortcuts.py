"""The shortcuts and the Home tab."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import Side, slack_side


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost.of("web")) as made:
        yield made


async def test_the_global_shortcut_shows_the_house_in_a_window(side: Side) -> None:
    await side.slack.shortcut("ghost_open")
    await side.slack.until(lambda _: "*web*" in str(side.slack.modal()))


async def test_the_window_tells_a_stranger_why_it_is_empty(side: Side) -> None:
    await side.slack.shortcut("ghost_open", by="dave")
    await side.slack.until(lambda _: "only members" in str(side.slack.modal(by="dave")))
    assert "*web*" not in str(side.slack.modal(by="dave"))


async def test_the_patch_shortcut_says_what_is_missing_where_there_is_no_root(side: Side) -> None:
    await side.slack.type("*** Begin Patch")
    (message,) = side.slack.messages()
    await side.slack.message_shortcut("ghost_patch_from_message", message["ts"])
    told = await side.slack.until(lambda seen: next((m for m in seen if m["ephemeral"]), None))
    assert "[root.NAME]" in told["text"]
