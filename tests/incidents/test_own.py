"""Ghost's own troubles as incidents: those that last, once each."""

from __future__ import annotations

import asyncio

from ghostbot.bus import Bus
from ghostbot.core.incident import Told
from ghostbot.incidents.own import LASTS_S, Own
from ghostbot.troubles import Troubles
from tests.fakes.clock import run


def told(*story: tuple[str, str | None] | float) -> list[tuple[str, str | None]]:
    """Let Ghost have these troubles and pauses, and return what the desk is told."""
    heard: list[Told] = []

    async def main() -> None:
        bus, troubles = Bus(), Troubles()
        troubles.listen(Own(bus, troubles.line).hear)
        for step in story:
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                source, line = step
                troubles.teller(source)(line)
        await asyncio.sleep(LASTS_S + 1)
        if bus._told:
            heard.extend(await bus.told())

    run(main())
    return [(one.cause, one.line) for one in heard]


def test_a_trouble_that_lasts_is_told_as_it_is_then_and_so_is_its_end() -> None:
    story = ("disk", "1 % left"), 1.0, ("disk", "0 % left"), 60.0, ("disk", None)
    assert told(*story) == [("disk", "0 % left"), ("disk", None)]


def test_a_hiccup_is_no_incident() -> None:
    assert told(("web", "failed and is started again"), 0.5, ("web", None)) == []


def test_a_trouble_that_changes_is_told_again() -> None:
    story = ("disk", "5 % left"), 10.0, ("disk", "the disk is full")
    assert told(*story) == [("disk", "5 % left"), ("disk", "the disk is full")]


def test_slacks_own_link_is_not_told_in_slack() -> None:
    assert told(("slack", "cannot reach slack.com"), 60.0) == []


def test_what_was_wrong_before_anybody_listened_is_told_too() -> None:
    heard: list[Told] = []

    async def main() -> None:
        bus, troubles = Bus(), Troubles()
        troubles.teller("private door")("port 5051 is taken")
        troubles.listen(Own(bus, troubles.line).hear)
        await asyncio.sleep(LASTS_S + 1)
        heard.extend(await bus.told())

    run(main())
    assert [(one.subject.name, one.line) for one in heard] == [("Ghost", "port 5051 is taken")]
