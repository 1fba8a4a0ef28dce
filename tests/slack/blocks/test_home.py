"""The Home tab: the sick first, within 100 blocks, with what may be done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ghostbot.core.daemon import State, Wanted
from ghostbot.core.snapshot import Part
from ghostbot.core.verbs import VERBS
from ghostbot.playground.blocks import check_view
from ghostbot.slack.blocks import home, menus
from ghostbot.slack.blocks.menus import May
from tests.fakes.block_kit import assert_silent, view_validator
from tests.fakes.ghost import died, house, view
from tests.fakes.hostile import HOSTILE
from tests.slack.blocks.test_incident import DOWN

ALL = May(frozenset(VERBS))


def fits(shown: dict[str, Any]) -> str:
    """Assert that Slack would take the tab; return all of it as one string."""
    view_validator("home_view").validate(shown)
    check_view(shown, ["home"])
    assert_silent(shown)
    return str(shown["blocks"])


@pytest.mark.parametrize("number", [0, 1, 60, 500])
def test_any_number_of_daemons_fits_and_the_rest_is_counted(number: int) -> None:
    long = ("exited 1: " + "x" * 300, "d" * 60)
    views = [died(f"{long[1]}{n}", long[0]) for n in range(number)]
    troubles = tuple(f"trouble {n}" for n in range(9))
    incidents = [replace(DOWN, id=n) for n in range(1, 30)]
    tab = home.home(house(*views, troubles=troubles), "/ghost", may=ALL, incidents=incidents)
    shown = fits(tab)
    told = shown.count("restarts")
    assert told == number or f"and {number - told} more" in shown


def test_the_sick_stand_first() -> None:
    shown = fits(
        home.home(
            house(view("fine"), view("shut", State.BLOCKED), view("ill", health="sick")),
            "/ghost",
            may=ALL,
        )
    )
    assert shown.index("*shut*") < shown.index("*ill*") < shown.index("*fine*")


def test_a_menu_holds_what_makes_sense_now() -> None:
    up, tried = menus.for_daemon(view("web"), ALL), menus.for_daemon(died("web"), ALL)
    down = menus.for_daemon(view("web", State.DOWN), ALL)
    assert values(up) == ["restart web", "logs web", "why web", "?hold web", "?stop web"]
    assert values(tried)[0] == "reset web"
    assert values(down) == ["start web", "logs web", "why web", "?hold web"]
    held = menus.for_daemon(view("web", wanted=Wanted.HELD, word="up, held"), ALL)
    assert values(held)[0] == "start web"


def test_the_sick_have_their_buttons_in_the_open() -> None:
    tab = home.home(house(view("web"), died("api")), "/ghost", may=ALL)
    fits(tab)
    (row,) = [b for b in tab["blocks"] if b["type"] == "actions" and "reset api" in str(b)]
    pressed = [e["value"] for e in row["elements"] if e["type"] == "button"]
    assert pressed == ["reset api", "logs api", "why api"]
    assert row["elements"][0]["style"] == "primary"
    assert values(row["elements"][-1]) == ["?hold api", "?stop api"]


def values(menu: dict[str, Any] | None) -> list[str]:
    assert menu is not None
    return [option["value"] for option in menu["options"]]


def test_who_may_only_look_has_only_looks() -> None:
    may = May({"logs", "why", "status", "help"})
    assert values(menus.for_daemon(view("web"), may)) == ["logs web", "why web"]
    assert menus.for_daemon(view("web"), May(())) is None
    shown = fits(home.home(house(view("web")), "/ghost", may=may, incidents=[DOWN]))
    assert "restart" not in shown
    assert "'ack " not in shown


def test_who_operates_a_group_may_only_look_at_the_others() -> None:
    may = May(frozenset(VERBS), groups={"edge"})
    mine, other = view("web", group="edge"), view("db", group="core")
    assert values(menus.for_daemon(mine, may))[0] == "restart web"
    assert values(menus.for_daemon(other, may)) == ["logs db", "why db"]
    trouble = replace(DOWN, daemon="db")
    shown = fits(home.home(house(mine, other), "/ghost", may=may, incidents=[trouble]))
    assert "'ack " not in shown


def test_open_troubles_stand_above_the_daemons_with_what_can_be_done() -> None:
    shown = fits(home.home(house(died("web")), "/ghost", may=ALL, incidents=[DOWN]))
    assert shown.index("Troubles") < shown.index("Daemons")
    assert f"ack {DOWN.id}" in shown
    assert "1 trouble open" in shown


def test_ghosts_own_parts_in_trouble_are_named() -> None:
    bad = Part("disk", "trouble", "0.1 GB free", 3.0)
    assert "0.1 GB free" in fits(home.home(house(), "/ghost", may=ALL, parts=[bad]))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_break_nothing_and_ping_nobody(text: str) -> None:
    bad = died(text, text)
    bad = replace(bad, word=text, host=text, description=text, url=text, group=text)
    shown = replace(house(bad, bad, troubles=(text,) * 9, host=text), slack=text)
    incident = replace(DOWN, daemon=text, cause=text)
    part = Part(text, "trouble", text, None)
    fits(home.home(shown, "/ghost", may=ALL, incidents=[incident], parts=[part]))
