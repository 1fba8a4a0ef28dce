"""The Home tab: the house, its menus, and what follows when something is picked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.core.daemon import State
from ghostbot.orders import Doing
from ghostbot.slack.blocks.choosers import NAMES
from ghostbot.slack.blocks.menus import SAY
from tests.fakes.ghost import NOW, FakeGhost, died, view
from tests.fakes.slack_side import Side, shown, slack_side
from tests.slack.blocks.test_incident import DOWN


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    ghost = FakeGhost({"web": view("web"), "api": died("api")})
    ghost.lines["api"] = ["Traceback"]
    async with slack_side(ghost) as made:
        yield made


async def home(side: Side, word: str, by: str = "alice") -> str:
    """Open the tab, and return it once it holds `word`."""
    side.slack.open_home(by=by)
    await side.slack.until(lambda _: word in str(side.slack.home(by=by)))
    return str(side.slack.home(by=by))


async def said(side: Side, word: str) -> dict[str, Any]:
    return await side.slack.until(
        lambda seen: next((m for m in seen if word in shown(m)), None), seen_by="bob"
    )


async def test_the_home_tab_shows_the_house_the_sick_first(side: Side) -> None:
    shown_now = await home(side, "*web*")
    assert shown_now.index("*api*") < shown_now.index("*web*")
    assert "1 of 2 daemons up" in shown_now
    assert "as of" in shown_now


async def test_the_home_tab_of_an_outsider_says_who_may(side: Side) -> None:
    assert "*web*" not in await home(side, "🔒", by="dave")


async def test_a_restart_from_the_menu_is_said_in_the_channel_and_drawn_in_the_tab(
    side: Side,
) -> None:
    await home(side, "*web*")
    side.ghost.hold = asyncio.Event()
    await side.slack.press_in_view(SAY, value="restart web", home=True)
    await said(side, "<@U0ALICE> is restarting *web*")
    side.ghost.views["web"] = view("web", State.STARTING, since=NOW)
    side.ghost.hold.set()
    await said(side, "<@U0ALICE> restarted *web*")
    await side.slack.until(lambda _: "starting" in str(side.slack.home()))


async def test_logs_from_the_menu_open_in_a_window(side: Side) -> None:
    await home(side, "*api*")
    await side.slack.press_in_view(f"{SAY}:logs api", home=True)
    await side.slack.until(lambda _: "Traceback" in str(side.slack.modal()))
    await side.slack.submit({"grep": {"grep": "nothing like it"}})
    await side.slack.until(lambda _: "has no lines" in str(side.slack.modal()))


async def test_a_stop_from_the_menu_asks_first_with_the_name_filled_in(side: Side) -> None:
    await home(side, "*web*")
    await side.slack.press_in_view(SAY, value="?stop web", home=True)
    await side.slack.until(lambda _: side.slack.modal())
    assert not side.ghost.orders
    await side.slack.submit({})
    await said(side, "<@U0ALICE> stopped *web*")
    assert [(d, n) for d, n, _ in side.ghost.orders] == [(Doing.STOP, ("web",))]


async def test_an_open_trouble_is_acknowledged_from_the_tab(side: Side) -> None:
    trouble = replace(DOWN, daemon="api")
    side.incidents[trouble.id] = trouble
    await home(side, "Troubles")
    await side.slack.press_in_view(SAY, value=f"ack {trouble.id}", home=True)
    await said(side, f"incident {trouble.id} is acknowledged")
    await side.slack.until(lambda _: "in hand" in str(side.slack.home()))


async def test_the_buttons_of_the_tab_open_windows(side: Side) -> None:
    await home(side, "*web*")
    await side.slack.press_in_view(f"{SAY}:silence", home=True)
    await side.slack.until(lambda _: "How long?" in str(side.slack.modal()))
    await side.slack.submit({"names": {NAMES: "web"}, "for": {"for": "1h"}})
    await said(side, "web is silent for 1 h")


async def test_help_from_the_tab_opens_in_a_window_and_goes_on_in_it(side: Side) -> None:
    await home(side, "*web*")
    await side.slack.press_in_view(f"{SAY}:help", home=True)
    await side.slack.until(lambda _: "/ghost status" in str(side.slack.modal()))
    await side.slack.press_in_view(f"{SAY}:help all")
    await side.slack.until(lambda _: "/ghost registry" in str(side.slack.modal()))


async def test_a_double_click_restarts_once_and_says_so(side: Side) -> None:
    await home(side, "*web*")
    side.ghost.hold = asyncio.Event()
    await side.slack.press_in_view(SAY, value="restart web", home=True)
    await said(side, "is restarting *web*")
    await side.slack.press_in_view(SAY, value="restart web", home=True)
    await side.slack.until(lambda _: "you pressed it" in str(side.slack.modal()))
    side.ghost.hold.set()
    await said(side, "restarted *web*")
    assert len(side.ghost.orders) == 1


async def test_a_refusal_comes_in_a_window(side: Side) -> None:
    await home(side, "*api*")
    side.ghost.views.pop("api")
    await side.slack.press_in_view(f"{SAY}:why api", home=True)
    await side.slack.until(lambda _: "no such daemon" in str(side.slack.modal()))


async def test_where_ghost_may_not_speak_in_its_channel_the_asker_is_told() -> None:
    async with slack_side(FakeGhost.of("web"), "#random") as side:
        await home(side, "*web*")
        await side.slack.press_in_view(SAY, value="restart web", home=True)
        await side.slack.until(
            lambda seen: any("restarted *web*" in m["text"] for m in seen), channel="D0ALICE"
        )
