"""Whose posts are patches, and who made one."""

from __future__ import annotations

from typing import Any

import pytest

from ghostbot.config.model import PatchesTable
from ghostbot.core.proposal import Way
from ghostbot.slack.agents import Agents


class Directory:
    """Slack, as far as names go."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def users_info(self, *, user: str) -> dict[str, Any]:
        self.asked.append(user)
        if user == "U0GONE":
            raise OSError("no network")
        return {"user": {"real_name": "Ada Bell", "name": "ada"}}


def agents(*listed: str) -> tuple[Agents, Directory]:
    async def find(name: str) -> str | None:
        return "C0PATCHES" if name == "#patches" else None

    directory = Directory()
    table = PatchesTable(channel="#patches", from_=listed)
    return Agents(table, directory, find, lambda: "U0GHOST"), directory  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "is_listed"),
    [
        ({"user": "U0ADA"}, True),
        ({"bot_id": "B0BOT", "subtype": "bot_message"}, True),
        ({"user": "U0X", "bot_id": "B0X", "bot_profile": {"app_id": "A0APP"}}, True),
        ({"user": "U0X"}, False),
        ({"user": "U0GHOST", "bot_id": "B0BOT"}, False),  # itself, whoever lists it
        ({}, False),
    ],
)
def test_whoever_is_listed_by_any_id_is_heard_and_ghost_never(
    message: dict[str, Any], is_listed: bool
) -> None:
    known, _ = agents("U0ADA", "B0BOT", "A0APP")
    assert known.lists(message) is is_listed


async def test_an_author_is_named_as_slack_names_them_and_asked_for_once() -> None:
    known, directory = agents("U0ADA")
    for _ in range(2):
        author = await known.author({"user": "U0ADA"}, Way.CHANNEL)
        assert (author.id, author.name, author.is_agent) == ("U0ADA", "Ada Bell", True)
    assert directory.asked == ["U0ADA"]
    gone = await known.author({"user": "U0GONE"}, Way.SLACK)
    assert (gone.name, gone.is_agent) == ("U0GONE", False)
    bot = {"user": "U0B", "bot_id": "B0B", "bot_profile": {"name": "builder"}}
    author = await known.author(bot, Way.SLACK)
    assert (author.id, author.name, author.is_agent) == ("U0B", "builder", True)


async def test_the_channel_is_asked_for_once_it_is_needed() -> None:
    known, _ = agents("U0ADA")
    assert await known.channel_id() == "C0PATCHES"
    off = Agents(None, Directory(), known._find, lambda: None)  # type: ignore[arg-type]
    assert await off.channel_id() is None
    assert not off.lists({"user": "U0ADA"})
