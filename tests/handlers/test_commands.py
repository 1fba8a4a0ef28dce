"""`/ghost …` through the real Bolt client and a Slack on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ghostbot.errors import Failed
from ghostbot.orders import Doing
from ghostbot.playground import Playground
from ghostbot.slack.blocks.menus import SAY
from tests.fakes.ghost import FakeGhost, died
from tests.fakes.slack_side import Side, manifest, shown, slack_side


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    ghost = FakeGhost.of("web", "worker")
    ghost.lines["web"] = ["GET / 200", "GET /x 404 <!channel>"]
    async with slack_side(ghost) as made:
        yield made


async def answer(side: Side, text: str, **place: str) -> dict[str, Any]:
    """Type it, and return the message that answers."""
    seen_by = place.get("by", "alice")
    where = {"channel": place["channel"]} if "channel" in place else {}
    before = {m["ts"] for m in side.slack.messages(seen_by=seen_by, **where)}
    await side.slack.type(text, **place)
    return await side.slack.until(
        lambda seen: next((m for m in seen if m["ts"] not in before and m["ts"]), None),
        seen_by=seen_by,
        **where,
    )


async def test_status_shows_every_daemon_to_the_asker_alone(side: Side) -> None:
    side.ghost.views["worker"] = died("worker")
    told = await answer(side, "/ghost status")
    assert told["ephemeral"]
    assert "web" in shown(told)
    assert "killed by SIGKILL" in shown(told)
    assert not side.slack.messages(seen_by="bob")


async def test_status_of_one_daemon_shows_its_process(side: Side) -> None:
    told = await answer(side, "/ghost status web")
    assert "pid 4711" in shown(told)


async def test_what_is_shown_of_one_daemon_can_be_acted_on_at_once(side: Side) -> None:
    told = await answer(side, "/ghost status web")
    await side.slack.press(told["ts"], f"{SAY}:restart web")
    await side.slack.until(lambda seen: any("restarted *web*" in m["text"] for m in seen))


async def test_the_command_is_called_as_it_was_typed() -> None:
    second = manifest()
    second["features"]["slash_commands"][0]["command"] = "/ghost-staging"
    async with slack_side(FakeGhost.of("web"), slack=Playground(second)) as side:
        told = await answer(side, "/ghost-staging help restart")
        assert "/ghost-staging restart NAME" in shown(told)


async def test_nothing_typed_is_help(side: Side) -> None:
    told = await answer(side, "/ghost")
    assert "restart NAME" in shown(told)


async def test_help_for_a_verb_says_who_reads_the_answer(side: Side) -> None:
    told = await answer(side, "/ghost help restart")
    assert "said in the channel" in shown(told)


async def test_a_wrong_verb_gets_the_nearest_privately(side: Side) -> None:
    told = await answer(side, "/ghost restrat web")
    assert told["ephemeral"]
    assert "did you mean restart?" in shown(told)
    assert not side.ghost.orders


async def test_a_wrong_name_gets_the_nearest_and_nothing_is_done(side: Side) -> None:
    told = await answer(side, "/ghost restart wbe")
    assert told["ephemeral"]
    assert "did you mean web?" in shown(told)
    assert not side.ghost.orders


async def test_logs_are_shown_as_they_are_and_ping_nobody(side: Side) -> None:
    told = await answer(side, "/ghost logs web")
    (block,) = [b for b in told["blocks"] if b["type"] == "rich_text"]
    assert block["elements"][0]["type"] == "rich_text_preformatted"
    assert "GET /x 404 <!channel>" in shown(told)
    assert "<!channel>" not in told["text"]


async def test_what_is_searched_for_is_what_was_typed(side: Side) -> None:
    side.ghost.lines["web"] = ["a & b", "a b"]
    told = await answer(side, "/ghost logs web grep a & b")
    assert "the last 1 line of" in shown(told)


async def test_a_restart_is_said_to_all_at_once_and_edited_when_it_came_true(side: Side) -> None:
    side.ghost.hold = asyncio.Event()
    first = await answer(side, "/ghost restart web")
    assert not first["ephemeral"]
    assert "<@U0ALICE> is restarting *web*" in first["text"]
    side.ghost.hold.set()
    last = await side.slack.until(
        lambda seen: next((m for m in seen if "restarted" in m["text"]), None), seen_by="bob"
    )
    assert last["ts"] == first["ts"]
    assert "<@U0ALICE> restarted *web*: is up" in last["text"]
    assert [(d, n) for d, n, _ in side.ghost.orders] == [(Doing.RESTART, ("web",))]


async def test_an_order_to_many_says_first_what_did_not_come_true(side: Side) -> None:
    side.ghost.ok, side.ghost.said = False, "did not come up: exited 1"
    await side.slack.type("/ghost start all")
    last = await side.slack.until(
        lambda seen: next((m for m in seen if "started 0 of 2" in m["text"]), None)
    )
    assert "*web* did not come up: exited 1" in last["text"]


async def test_an_order_that_is_refused_leaves_no_progress_line_behind(side: Side) -> None:
    side.ghost.refusal = Failed("cannot start worker: it comes after web, which a person stopped")
    await side.slack.type("/ghost start worker")
    await side.slack.until(lambda seen: seen and "which a person stopped" in seen[0]["text"])
    (only,) = side.slack.messages()
    assert not only["ephemeral"]


async def test_slow_orders_keep_nobody_from_reading(side: Side) -> None:
    side.ghost.hold = asyncio.Event()
    for _ in range(4):
        await side.slack.type("/ghost restart web")
    await side.slack.type("/ghost status")
    await side.slack.until(lambda seen: any(m["ephemeral"] for m in seen))
    side.ghost.hold.set()


async def test_where_ghost_is_not_a_member_the_outcome_comes_all_the_same(side: Side) -> None:
    await side.slack.type("/ghost restart web", channel="random")
    last = await side.slack.until(
        lambda seen: next((m for m in seen if "restarted" in m["text"]), None),
        channel="random",
        seen_by="bob",
    )
    assert not last["ephemeral"]


async def test_a_stranger_to_the_channel_is_refused_privately_and_told_who_may(side: Side) -> None:
    told = await answer(side, "/ghost restart web", channel="general", by="dave")
    assert told["ephemeral"]
    assert "only members of <#C0ALERTS>" in told["text"]
    assert not side.ghost.orders


async def test_a_guest_of_the_channel_may_not_ask(side: Side) -> None:
    told = await answer(side, "/ghost status", by="carol")
    assert "guests" in told["text"]


async def test_a_failure_is_one_line_with_an_id_that_the_log_has(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    side.ghost.broken = RuntimeError("disk on fire")
    told = await answer(side, "/ghost status")
    assert told["ephemeral"]
    assert "disk on fire" not in shown(told)
    trouble = told["text"].split("`")[1]
    assert any(trouble in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "🙂" * 500,
        "restart <!channel>",
        "`" * 2000,
        "logs web " + "9" * 400,
        "status \u202egnp.exe",
        "x" * 100_000,
    ],
    ids=["NUL", "emoji", "a ping", "backticks", "a number", "RTL", "100 kB"],
)
async def test_hostile_words_get_a_clear_private_answer(side: Side, text: str) -> None:
    told = await answer(side, f"/ghost {text}")
    assert told["ephemeral"]
    assert "<!channel>" not in told["text"]
    assert "failed with the error" not in told["text"]
    assert not side.ghost.orders


async def test_why_shows_the_last_exits_and_lines_to_the_asker_alone(side: Side) -> None:
    told = await answer(side, "/ghost why web")
    assert told["ephemeral"]
    assert "killed by SIGKILL" in shown(told)
    assert "GET /x 404" in shown(told)
    assert "Next:" in shown(told)


async def test_a_hold_for_a_while_is_said_in_the_channel_with_who_asked(side: Side) -> None:
    side.ghost.said = "is held for 2 h"
    first = await answer(side, "/ghost hold web for 2h")
    assert "<@U0ALICE> is holding *web*" in first["text"]
    last = await side.slack.until(
        lambda seen: next((m for m in seen if " held *web*" in m["text"]), None), seen_by="bob"
    )
    assert last["text"].endswith("is held for 2 h")
    assert [(doing, names) for doing, names, _ in side.ghost.orders] == [(Doing.HOLD, ("web",))]
