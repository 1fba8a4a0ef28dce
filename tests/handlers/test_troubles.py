"""Troubles in people's hands, in Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.core.incident import Part, Phase, Step
from ghostbot.orders import Doing
from ghostbot.slack.blocks.incident import ACK, RESTART, SILENCE
from tests.fakes.ghost import NOW, FakeGhost, died, view
from tests.fakes.slack_side import Side, shown, slack_side, until
from tests.handlers.test_buttons import alert, private
from tests.slack.blocks.test_incident import DOWN

ONE_HOUR = '{"incident": 17, "daemon": "web", "for": 3600}'


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost({"web": died("web"), "db": view("db")})) as made:
        yield made


def of(side: Side, ts: str) -> dict[str, Any]:
    return next(m for m in side.slack.messages() if m["ts"] == ts)


async def test_who_acknowledged_stands_in_the_message_and_the_button_is_gone(side: Side) -> None:
    message = await alert(side)
    await side.slack.press(message["ts"], ACK, by="bob")
    now = await side.slack.until(lambda seen: seen[0] if "In hand" in shown(seen[0]) else None)
    assert now["ts"] == message["ts"]
    assert "<@U0BOB>" in shown(now)
    assert ACK not in shown(now)
    await side.slack.until(
        lambda seen: any("acknowledged it" in m["text"] for m in seen), thread_ts=message["ts"]
    )


async def test_of_two_who_acknowledge_the_second_reads_who_was_first(side: Side) -> None:
    message = await alert(side)
    await side.slack.press(message["ts"], ACK, by="bob")
    await until(lambda: side.incidents[17].acked is not None)
    await side.slack.type("/ghost ack 17")
    told = await side.slack.until(private)
    assert "incident 17 was acknowledged already, by bob" in told["text"]
    assert len([s for s in side.incidents[17].steps if s.by]) == 1


async def test_a_silence_by_button_shows_its_end(side: Side) -> None:
    message = await alert(side)
    await side.slack.press(message["ts"], SILENCE, by="bob", value=ONE_HOUR)
    now = await side.slack.until(lambda seen: seen[0] if "Silent until" in shown(seen[0]) else None)
    assert f"<!date^{int(NOW + 3_600)}^" in shown(now)
    assert SILENCE not in shown(now)


async def test_a_click_delivered_twice_is_one_step(side: Side) -> None:
    message = await alert(side)
    side.slack.faults.duplicate_envelopes()
    await side.slack.press(message["ts"], ACK)
    await until(lambda: side.incidents[17].acked is not None)
    await side.slack.press(message["ts"], SILENCE, value=ONE_HOUR)
    await until(lambda: side.incidents[17].silenced is not None)
    assert [s.what for s in side.incidents[17].steps if s.by] == [
        "acknowledged it",
        "silenced it for 1 h",
    ]


async def test_a_click_on_what_is_over_is_told_so_and_changes_nothing(side: Side) -> None:
    message = await alert(side)
    side.incidents[17] = replace(DOWN, phase=Phase.RECOVERED)
    await side.slack.press(message["ts"], ACK)
    told = await side.slack.until(private)
    assert "cannot acknowledge incident 17: it is over" in told["text"]
    assert side.incidents[17].acked is None


async def test_a_guest_may_acknowledge_nothing(side: Side) -> None:
    message = await alert(side)
    await side.slack.press(message["ts"], ACK, by="carol")
    told = await side.slack.until(private, seen_by="carol")
    assert "guests" in told["text"]
    assert side.incidents[17].acked is None


async def test_restart_of_several_restarts_those_that_need_it(side: Side) -> None:
    parts = (Part("db", Phase.RECOVERED, "exited 1", NOW), Part("web", Phase.DOWN, "x", NOW))
    message = await alert(side, replace(DOWN, daemon="db", parts=parts))
    await side.slack.press(message["ts"], RESTART, by="bob")
    await until(lambda: side.ghost.orders)
    assert [(d, n) for d, n, _ in side.ghost.orders] == [(Doing.RESTART, ("web",))]
    assert side.incidents[17].steps[-1].what == "asked for a restart"


async def test_the_list_has_open_troubles_first_to_the_asker_alone(side: Side) -> None:
    side.incidents[17] = DOWN
    side.incidents[18] = replace(
        DOWN, id=18, daemon="db", phase=Phase.RECOVERED, steps=(Step(NOW, "up again"),)
    )
    await side.slack.type("/ghost incidents")
    told = await side.slack.until(private)
    words = shown(told)
    assert "1 trouble not over" in words
    assert words.index("*web* died") < words.index("*db* is up again")


async def test_a_silence_by_name_is_said_to_all_and_ends_with_off(side: Side) -> None:
    side.incidents[17] = DOWN
    await side.slack.type("/ghost silence web 2h")
    said = await side.slack.until(
        lambda seen: next((m for m in seen if "web is silent for 2 h" in m["text"]), None),
        seen_by="bob",
    )
    assert said["text"].startswith("<@U0ALICE>")
    await side.slack.type("/ghost silence web 1h")
    told = await side.slack.until(private)
    assert "web is silent already, for another 2 h, by alice" in told["text"]
    await side.slack.type("/ghost silence web off")
    await side.slack.until(lambda seen: any("no longer silent" in m["text"] for m in seen))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ack 99", "no such incident is open"),
        ("ack 9a", "name it by its number"),
        ("ack <@U1>", "name it by its number"),
        ("silence wbe 1h", "did you mean web?"),
        ("silence web tomorrow", "write a time as in"),
    ],
)
async def test_what_makes_no_sense_is_answered_in_private(side: Side, text: str, said: str) -> None:
    await side.slack.type(f"/ghost {text}")
    told = await side.slack.until(private)
    assert said in told["text"]
