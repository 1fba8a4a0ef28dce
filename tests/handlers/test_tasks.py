"""Long work in Slack: actions, tasks and heals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.config.model import ActionKind, ActionTable
from ghostbot.core.incident import About, Phase
from ghostbot.slack.blocks.incident import HEAL
from ghostbot.slack.blocks.tasks import RUN
from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import Side, shown, slack_side, until
from tests.slack.blocks.test_incident import DOWN


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost.of("web")) as made:
        for name, more in {
            "bounce": {"daemons": ("web",), "description": "bounce the web"},
            "careful": {"daemons": ("web",), "confirm": True},
            "broken": {"daemons": ("broken",)},
        }.items():
            made.actions[name] = ActionTable(name=name, kind=ActionKind.RESTART, **more)  # type: ignore[arg-type]
        yield made


def private(seen: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((m for m in seen if m["ephemeral"]), None)


def public(word: str) -> Any:
    return lambda seen: next((m for m in seen if word in shown(m) and not m["ephemeral"]), None)


async def test_run_says_in_the_channel_who_ran_what_and_what_came_of_it(side: Side) -> None:
    await side.slack.type("/ghost run bounce", by="bob")
    said = await side.slack.until(public("1 of 1 restarted"))
    assert "*run bounce* done" in said["text"]


async def test_a_run_that_fails_says_why(side: Side) -> None:
    await side.slack.type("/ghost run broken", by="bob")
    said = await side.slack.until(public("did not come up"))
    assert "🔴" in said["text"]


async def test_run_without_an_action_lists_them_and_a_wrong_one_gets_the_nearest(
    side: Side,
) -> None:
    await side.slack.type("/ghost run", by="bob")
    told = await side.slack.until(private, seen_by="bob")
    assert "bounce the web" in shown(told)
    await side.slack.type("/ghost run bonce", by="bob")
    await side.slack.until(
        lambda seen: next((m for m in seen if "did you mean bounce?" in m["text"]), None),
        seen_by="bob",
    )


async def test_an_action_that_asks_first_runs_when_the_answer_is_pressed(side: Side) -> None:
    await side.slack.type("/ghost run careful", by="bob")
    asked = await side.slack.until(private, seen_by="bob")
    assert RUN in shown(asked)
    assert side.executor is not None
    assert side.executor.tasks() == ()
    await side.slack.press(asked["ts"], RUN, by="bob")
    await until(lambda: [t.said for t in side.executor.tasks()] == ["1 of 1 restarted"])  # type: ignore[union-attr]


async def test_tasks_are_listed_and_one_that_is_over_cannot_be_cancelled(side: Side) -> None:
    await side.slack.type("/ghost run bounce", by="bob")
    await side.slack.until(public("1 of 1 restarted"))
    await side.slack.type("/ghost tasks", by="bob")
    told = await side.slack.until(private, seen_by="bob")
    assert "run bounce" in shown(told)
    await side.slack.type("/ghost tasks cancel 1", by="bob")
    await side.slack.until(
        lambda seen: next((m for m in seen if "it is over" in m["text"]), None), seen_by="bob"
    )


async def test_run_heal_has_the_check_healed_and_says_who(side: Side) -> None:
    sick = replace(DOWN, daemon="site", about=About.CHECK, phase=Phase.SICK, heals=True, lines=())
    side.incidents[sick.id] = sick
    side.notifier.alert(sick)
    message = await side.slack.until(lambda seen: seen[0] if seen else None)
    await side.slack.press(message["ts"], HEAL, by="bob")
    await side.slack.until(
        lambda seen: next((m for m in seen if "has *site* healed" in m["text"]), None),
        thread_ts=message["ts"],
    )
    assert [name for name, _ in side.healed] == ["site"]


async def test_a_heal_that_is_pressed_twice_is_done_once(side: Side) -> None:
    sick = replace(DOWN, daemon="site", about=About.CHECK, phase=Phase.SICK, heals=True, lines=())
    side.incidents[sick.id] = sick
    side.notifier.alert(sick)
    message = await side.slack.until(lambda seen: seen[0] if seen else None)
    await asyncio.gather(*(side.slack.press(message["ts"], HEAL, by="bob") for _ in range(3)))
    await side.slack.until(
        lambda seen: sum("you pressed it" in m["text"] for m in seen) == 2, seen_by="bob"
    )
    assert len(side.healed) == 1


async def test_a_question_is_answered_once(side: Side) -> None:
    await side.slack.type("/ghost run careful", by="bob")
    asked = await side.slack.until(private, seen_by="bob")
    await asyncio.gather(*(side.slack.press(asked["ts"], RUN, by="bob") for _ in range(3)))
    await side.slack.until(
        lambda seen: sum("this was answered already" in m["text"] for m in seen) == 2, seen_by="bob"
    )
    assert side.executor is not None
    assert len(side.executor.tasks()) == 1


async def test_an_action_says_itself_who_may_run_it(side: Side) -> None:
    side.actions["deploy"] = replace(side.actions["bounce"], name="deploy", role="approver")
    await side.slack.type("/ghost run deploy", by="bob")
    told = await side.slack.until(private, seen_by="bob")
    assert "takes an approver, and you are an operator" in told["text"]
    assert side.executor is not None
    assert side.executor.tasks() == ()
