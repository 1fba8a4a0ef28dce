"""Windows in which people choose: opened, completed, sent, and what is wrong at its field."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ghostbot.errors import Failed
from ghostbot.orders import Doing
from ghostbot.slack.blocks.choosers import NAMES
from ghostbot.slack.blocks.menus import SAY
from tests.fakes.ghost import FakeGhost, died
from tests.fakes.slack_side import Side, shown, slack_side, until


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    ghost = FakeGhost.of("web", "worker", "db")
    ghost.views["worker"] = died("worker")
    ghost.lines["web"] = ["GET / 200", "GET /x 404", "POST / 500"]
    async with slack_side(ghost) as made:
        yield made


async def opened(side: Side, text: str, by: str = "alice") -> dict[str, Any]:
    """Type it, and return the window that opens."""
    await side.slack.type(text, by=by)
    return await side.slack.until(lambda _: side.slack.modal(by=by))


def picked(*names: str, **fields: Any) -> dict[str, Any]:
    """Return what is filled in."""
    more = {block: {block: value} for block, value in fields.items()}
    return {"names": {NAMES: list(names)}, **more}


async def said(side: Side, word: str, **where: str) -> dict[str, Any]:
    return await side.slack.until(
        lambda seen: next((m for m in seen if word in shown(m)), None), seen_by="bob", **where
    )


async def offered(side: Side, typed: str, by: str = "alice") -> list[str]:
    answer = await side.slack.suggest_in_modal(NAMES, "names", typed, by=by)
    return [option["value"] for option in answer["options"]]


async def test_restart_without_a_name_opens_a_window_and_restarts_what_is_chosen(
    side: Side,
) -> None:
    await opened(side, "/ghost restart")
    assert await side.slack.submit(picked("web", "db")) == {}
    assert side.slack.modal() is None
    await said(side, "<@U0ALICE> restarted 2 of 2 daemons")
    assert [(d, n) for d, n, _ in side.ghost.orders] == [(Doing.RESTART, ("web", "db"))]


async def test_names_complete_the_sick_first_and_the_best_match_first(side: Side) -> None:
    await opened(side, "/ghost restart")
    assert await offered(side, "") == ["worker", "all", "web", "db"]
    assert (await offered(side, "we"))[0] == "web"
    assert (await offered(side, "al"))[0] == "all"


async def test_five_hundred_daemons_complete_a_hundred_at_most() -> None:
    async with slack_side(FakeGhost.of(*(f"daemon-{n}" for n in range(500)))) as side:
        await opened(side, "/ghost stop")
        assert len(await offered(side, "")) == 100
        assert (await offered(side, "daemon-499"))[0] == "daemon-499"


async def test_all_is_a_name_too(side: Side) -> None:
    await opened(side, "/ghost stop")
    await side.slack.submit(picked("all"))
    await said(side, "stopped 3 of 3 daemons")


async def test_a_name_that_is_gone_meanwhile_is_told_at_its_field(side: Side) -> None:
    await opened(side, "/ghost restart")
    wrong = await side.slack.submit(picked("wbe"))
    assert "did you mean web?" in wrong["names"]
    assert side.slack.modal() is not None
    assert not side.ghost.orders


async def test_a_useless_start_is_told_at_its_field(side: Side) -> None:
    await opened(side, "/ghost start")
    side.ghost.refusal = Failed("cannot start web: it comes after db, which a person stopped")
    assert "which a person stopped" in (await side.slack.submit(picked("web")))["names"]


async def test_a_hold_lasts_as_long_as_was_chosen(side: Side) -> None:
    await opened(side, "/ghost hold")
    side.ghost.said = "is held for 2 h"
    await side.slack.submit({"names": {NAMES: ["web"]}, "for": {"for": "2h"}})
    await said(side, "held *web*")
    assert [(d, n) for d, n, _ in side.ghost.orders] == [(Doing.HOLD, ("web",))]


async def test_a_silence_is_chosen_with_its_time(side: Side) -> None:
    await opened(side, "/ghost silence")
    assert (await offered(side, ""))[0] == "all"
    await side.slack.submit({"names": {NAMES: "web"}, "for": {"for": "4h"}})
    await said(side, "web is silent for 4 h")


async def test_logs_are_shown_in_the_window_and_filtered_in_it(side: Side) -> None:
    await opened(side, "/ghost logs")
    await side.slack.submit({"names": {NAMES: "web"}, "lines": {"lines": "20"}})
    await side.slack.until(lambda _: "GET /x 404" in str(side.slack.modal()))
    await side.slack.submit({"grep": {"grep": "500"}})
    await side.slack.until(lambda _: "that hold “500”" in str(side.slack.modal()))
    assert "GET /x 404" not in str(side.slack.modal())


async def test_a_wrong_number_of_lines_is_told_at_its_field(side: Side) -> None:
    await opened(side, "/ghost logs")
    wrong = await side.slack.submit({"names": {NAMES: "web"}, "lines": {"lines": "many"}})
    assert wrong == {"lines": "that is no number of lines"}


async def test_why_is_answered_in_the_window(side: Side) -> None:
    await opened(side, "/ghost why")
    await side.slack.submit({"names": {NAMES: "web"}})
    await side.slack.until(lambda _: "killed by SIGKILL" in str(side.slack.modal()))


async def test_who_may_not_is_told_so_in_the_window_and_completes_nothing(side: Side) -> None:
    await side.slack.type("/ghost restart", by="carol")
    await side.slack.until(lambda _: "guest" in str(side.slack.modal(by="carol")))
    assert not side.ghost.orders


async def test_where_no_window_can_open_a_button_opens_it(side: Side) -> None:
    await side.slack.type("@ghost restart")
    offer = await side.slack.until(
        lambda seen: next((m for m in seen if "Whom do you mean?" in m["text"]), None)
    )
    await side.slack.press(offer["ts"], f"{SAY}:restart")
    await side.slack.until(lambda _: side.slack.modal())
    await side.slack.submit(picked("web"))
    await said(side, "<@U0ALICE> restarted *web*")


async def test_a_window_opened_in_a_channel_without_ghost_answers_there_all_the_same(
    side: Side,
) -> None:
    await side.slack.type("/ghost restart", channel="random")
    await side.slack.until(lambda _: side.slack.modal())
    await side.slack.submit(picked("web"))
    await said(side, "restarted *web*", channel="random")


async def test_the_shortcut_lets_anything_be_chosen(side: Side) -> None:
    await side.slack.shortcut("ghost_open")
    await side.slack.until(lambda _: "*worker*" in str(side.slack.modal()))
    await side.slack.submit({"names": {NAMES: ["web"]}, "verb": {"verb": "restart"}})
    await said(side, "<@U0ALICE> restarted *web*")


async def test_what_needs_more_is_asked_for_in_the_next_window(side: Side) -> None:
    await side.slack.shortcut("ghost_open")
    await side.slack.until(lambda _: "*worker*" in str(side.slack.modal()))
    await side.slack.submit({"names": {NAMES: ["web"]}, "verb": {"verb": "hold"}})
    assert "How long?" in str(side.slack.modal())
    await side.slack.submit({"for": {"for": "1h"}})
    await until(lambda: [d for d, _, _ in side.ghost.orders] == [Doing.HOLD])


async def test_a_late_trigger_is_answered_with_the_way_out(side: Side) -> None:
    side.slack.faults.error("views.open", "expired_trigger_id")
    await side.slack.type("/ghost restart")
    told = await side.slack.until(lambda seen: next((m for m in seen if m["ephemeral"]), None))
    assert "type the name" in told["text"]


async def test_who_may_not_learns_no_name_from_a_window(side: Side) -> None:
    await opened(side, "/ghost restart", by="carol")
    assert await side.slack.submit(picked("wbe"), by="carol") == {}
    await side.slack.until(lambda _: "you are a guest" in str(side.slack.modal(by="carol")))
    assert "did you mean" not in str(side.slack.modal(by="carol"))
