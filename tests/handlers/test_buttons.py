"""The buttons of a trouble's message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.core.daemon import State
from ghostbot.core.incident import Incident, Phase, Step
from ghostbot.core.rights import Grant
from ghostbot.errors import Failed
from ghostbot.orders import Doing
from ghostbot.slack.blocks.incident import LOGS, RESTART
from ghostbot.slack.presses import AFTER_S
from tests.fakes.ghost import NOW, FakeGhost, died, view
from tests.fakes.slack_side import Side, shown, slack_side, until
from tests.slack.blocks.test_incident import DOWN


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    ghost = FakeGhost({"web": died("web")})
    ghost.lines["web"] = ["Traceback"]
    async with slack_side(ghost) as made:
        yield made


async def alert(side: Side, incident: Incident = DOWN) -> dict[str, Any]:
    """Have a trouble told, and return its message."""
    side.incidents[incident.id] = incident
    side.notifier.alert(incident)
    return await side.slack.until(lambda seen: seen[0] if seen else None)


def private(seen: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((m for m in seen if m["ephemeral"]), None)


async def test_restart_restarts_and_the_thread_says_who(side: Side) -> None:
    message = await alert(side)
    await side.slack.press(message["ts"], RESTART, by="bob")
    said = await side.slack.until(
        lambda seen: next((m for m in seen if "<@U0BOB> restarted *web*" in m["text"]), None),
        thread_ts=message["ts"],
    )
    assert said["thread_ts"] == message["ts"]
    assert [(d, n) for d, n, _ in side.ghost.orders] == [(Doing.RESTART, ("web",))]


async def test_logs_are_shown_to_whoever_pressed(side: Side) -> None:
    message = await alert(side)
    await side.slack.press(message["ts"], LOGS, by="bob")
    told = await side.slack.until(private, seen_by="bob")
    assert "Traceback" in shown(told)


async def test_a_click_on_what_is_over_does_nothing_and_draws_it_anew(side: Side) -> None:
    message = await alert(side)
    over = replace(DOWN, phase=Phase.RECOVERED, steps=(*DOWN.steps, Step(NOW, "up again")))
    side.incidents[DOWN.id] = over
    await side.slack.press(message["ts"], RESTART)
    told = await side.slack.until(private)
    assert "Nothing was done: this trouble has moved on: *web* is up again" in told["text"]
    await side.slack.until(lambda seen: "is up again" in seen[0]["text"])
    assert not side.ghost.orders


async def test_a_click_on_a_forgotten_trouble_does_nothing(side: Side) -> None:
    message = await alert(side)
    side.incidents.clear()
    await side.slack.press(message["ts"], RESTART)
    told = await side.slack.until(private)
    assert "not known any more" in told["text"]
    assert not side.ghost.orders


async def test_of_two_people_who_press_the_second_restarts_nothing(side: Side) -> None:
    message = await alert(side)
    await side.slack.press(message["ts"], RESTART, by="bob")
    await side.slack.until(lambda seen: len(seen) > 3, thread_ts=message["ts"])
    side.ghost.views["web"] = view("web", State.STARTING)
    await side.slack.press(message["ts"], RESTART)
    told = await side.slack.until(private)
    assert "*web* is being started already" in told["text"]
    assert len(side.ghost.orders) == 1


async def test_a_guest_may_press_nothing(side: Side) -> None:
    message = await alert(side)
    await side.slack.press(message["ts"], RESTART, by="carol")
    told = await side.slack.until(private, seen_by="carol")
    assert "guests" in told["text"]
    assert not side.ghost.orders


async def test_a_click_delivered_twice_acts_once(side: Side) -> None:
    message = await alert(side)
    side.slack.faults.duplicate_envelopes()
    await side.slack.press(message["ts"], RESTART)
    await until(lambda: side.ghost.orders)
    await side.slack.press(message["ts"], LOGS)
    await side.slack.until(private)
    assert len(side.ghost.orders) == 1


async def test_a_double_click_restarts_once_and_says_so(side: Side) -> None:
    message = await alert(side)
    side.ghost.hold = asyncio.Event()
    clicks = (side.slack.press(message["ts"], RESTART, by="bob") for _ in range(5))
    await asyncio.gather(*clicks)
    await side.slack.until(
        lambda seen: sum("you pressed it" in m["text"] for m in seen) == 4,
        seen_by="bob",
    )
    side.ghost.hold.set()
    await until(lambda: side.ghost.orders)
    assert len(side.ghost.orders) == 1


async def test_of_two_people_at_once_the_second_reads_who_was_first(side: Side) -> None:
    message = await alert(side)
    side.ghost.hold = asyncio.Event()
    presses = [side.slack.press(message["ts"], RESTART, by=who) for who in ("bob", "alice")]
    await asyncio.gather(*presses)

    def told(who: str, other: str) -> bool:
        seen = side.slack.messages(seen_by=who)
        return any(f"nothing was done: <@{other}> pressed it" in m["text"] for m in seen)

    await until(lambda: told("alice", "U0BOB") or told("bob", "U0ALICE"))
    side.ghost.hold.set()
    await until(lambda: side.ghost.orders)
    assert len(side.ghost.orders) == 1


async def test_a_restart_that_failed_can_be_pressed_again(side: Side) -> None:
    message = await alert(side)
    side.ghost.refusal = Failed("cannot restart web: it comes after db, which a person stopped")
    await side.slack.press(message["ts"], RESTART, by="bob")
    await side.slack.until(
        lambda seen: next((m for m in seen if "a person stopped" in m["text"]), None),
        seen_by="bob",
        thread_ts=message["ts"],
    )
    side.ghost.refusal = None
    await asyncio.sleep(AFTER_S)  # a second click is held for a double one so long
    await side.slack.press(message["ts"], RESTART, by="bob")
    await until(lambda: side.ghost.orders)


async def test_an_operator_of_other_daemons_restarts_nothing(side: Side) -> None:
    side.roles["operator"] = (Grant("U0BOB", ("back",)),)
    message = await alert(side)
    await side.slack.press(message["ts"], RESTART, by="bob")
    told = await side.slack.until(private, seen_by="bob")
    assert "🔒 you may not restart web: you operate the daemons of back alone" in told["text"]
    assert not side.ghost.orders


@pytest.mark.parametrize("trouble", ["ratelimited", "internal_error", "cut", "unavailable"])
async def test_a_slack_that_takes_no_words_holds_up_no_restart(side: Side, trouble: str) -> None:
    message = await alert(side)
    await until(lambda: side.outbox.waiting == 0)
    faults = side.slack.faults
    match trouble:
        case "ratelimited":
            faults.ratelimited("chat.postMessage", retry_after=1, times=2)
        case "cut":
            faults.cut("chat.postMessage", applied=False)
        case "unavailable":
            faults.unavailable("chat.postMessage")
        case _:
            faults.error("chat.postMessage", trouble)
    await side.slack.press(message["ts"], RESTART, by="bob")
    await side.slack.until(
        lambda seen: next((m for m in seen if "<@U0BOB> restarted *web*" in m["text"]), None),
        thread_ts=message["ts"],
    )
    assert len(side.ghost.orders) == 1
    assert not any("went wrong" in m["text"] for m in side.slack.messages(seen_by="bob"))
