"""Windows in which people choose, and what they chose."""

from __future__ import annotations

from typing import Any

import pytest

from ghostbot.core.daemon import State
from ghostbot.core.verbs import VERBS
from ghostbot.core.words import Ask
from ghostbot.playground.blocks import check_view
from ghostbot.slack.blocks import choosers
from ghostbot.slack.blocks.forms import OPTION_MAX, VALUE_MAX
from tests.fakes.block_kit import assert_fits, view_validator
from tests.fakes.ghost import died, view
from tests.fakes.hostile import HOSTILE

CHOOSE = [verb for verb in VERBS.values() if verb.chooses]


def fits(shown: dict[str, Any]) -> dict[str, Any]:
    view_validator("modal_view").validate(shown)
    check_view(shown, ["modal"])
    return shown


@pytest.mark.parametrize("verb", [v.name for v in CHOOSE])
def test_the_window_of_each_verb_fits_empty_and_filled(verb: str) -> None:
    fits(choosers.chooser(verb, {"c": "C1", "u": "https://hooks.example/x"}))
    fits(choosers.chooser(verb, {}, names=["web"]))


def test_the_window_for_anything_offers_what_may_be_done() -> None:
    shown = fits(choosers.chooser(choosers.ANY, {}, may={"logs", "why"}))
    (field,) = [b for b in shown["blocks"] if b.get("block_id") == "verb"]
    assert [o["value"] for o in field["element"]["options"]] == ["why", "logs"]


def test_what_is_offered_where_no_window_opens_says_how_to_write_it() -> None:
    assert "restart NAME" in str(assert_fits(choosers.offer(VERBS["restart"], "/ghost")))


def sent(verb: str, /, **fields: Any) -> dict[str, Any]:
    """Return a window as Slack sends it, with these fields filled in."""
    values: dict[str, Any] = {}
    for block, given in fields.items():
        if block == "names":
            values[block] = {
                choosers.NAMES: {"selected_options": [{"value": name} for name in given]}
            }
        elif block in {"for", "verb"}:
            values[block] = {block: {"selected_option": {"value": given}}}
        else:
            values[block] = {block: {"value": given}}
    kept = choosers.chooser(verb, {"c": "C1"}, may=VERBS)["private_metadata"]
    return {"private_metadata": kept, "state": {"values": values}}


def test_what_was_chosen_is_read() -> None:
    two = sent("restart", names=["web", "db"])
    assert choosers.chosen(two).ask == Ask("restart", ("web", "db"))
    held = sent("hold", names=["web"], **{"for": "2h"})
    assert choosers.chosen(held).ask == Ask("hold", ("web",), for_s=7200.0)
    ever = sent("hold", names=["web"], **{"for": choosers.FOREVER})
    assert choosers.chosen(ever).ask.for_s is None
    logs = sent("logs", names=["web"], lines="50", grep=" error ")
    assert choosers.chosen(logs).ask == Ask("logs", ("web",), lines=50, grep="error")
    anything = sent(choosers.ANY, names=["web"], verb="why")
    assert choosers.chosen(anything).ask == Ask("why", ("web",))


@pytest.mark.parametrize(
    ("verb", "fields", "wrong"),
    [
        ("restart", {"names": []}, {"names"}),
        ("logs", {"names": ["web"], "lines": "many"}, {"lines"}),
        ("logs", {"names": ["web"], "lines": ""}, {"lines"}),
        (choosers.ANY, {"names": ["web"], "verb": "fly"}, {"verb"}),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    verb: str, fields: dict[str, Any], wrong: set[str]
) -> None:
    assert set(choosers.chosen(sent(verb, **fields)).wrong) == wrong


def test_the_sick_are_offered_first_then_all_and_groups_then_the_rest() -> None:
    views = (view("web", group="edge"), died("api"), view("db", group="edge"))
    seen = choosers.Seen(views, everything=True)
    assert choosers.candidates("restart", seen, (), ()) == [
        "api",
        "all",
        "group:edge",
        "web",
        "db",
    ]
    assert choosers.candidates("logs", seen, (), ()) == ["api", "web", "db"]
    assert choosers.candidates("silence", seen, ("site",), ())[0] == "all"
    assert "site" in choosers.candidates("silence", seen, ("site",), ())


def test_who_sees_nothing_is_offered_nothing() -> None:
    assert choosers.candidates("silence", choosers.Seen(), ("site",), ("site",)) == []


def test_all_is_not_offered_to_whom_a_part_is_allowed() -> None:
    seen = choosers.Seen((view("web", group="edge"),), everything=False)
    assert choosers.candidates("stop", seen, (), ()) == ["group:edge", "web"]


def test_only_a_verb_that_lets_people_choose_opens_a_window() -> None:
    assert choosers.asks_for("?stop web") == ("stop", ("web",))
    assert choosers.asks_for("?stop") == ("stop", ())
    for line in ("stop web", "?", "? ", "?fly web", "?status", "?help", ""):
        assert choosers.asks_for(line) is None


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names_make_options_that_slack_takes(text: str) -> None:
    bad = view(text or "x", State.DOWN, fault=text, group=text)
    seen = choosers.Seen((bad,), everything=True)
    for option in choosers.options(choosers.candidates("stop", seen, (), ()), seen):
        assert 0 < len(option["text"]["text"]) <= OPTION_MAX
        assert len(option["value"]) <= VALUE_MAX
