"""What can be asked: first what people need, then the rest, and never what they may not."""

from __future__ import annotations

import re

import pytest

from ghostbot.core.rights import Role
from ghostbot.core.verbs import FIRST, VERBS
from ghostbot.slack.blocks import help as helps
from ghostbot.slack.blocks.menus import SAY
from tests.fakes.block_kit import assert_fits

ALL = frozenset(VERBS)


def may(role: Role) -> frozenset[str]:
    return frozenset(verb.name for verb in VERBS.values() if verb.role <= role)


def test_help_shows_six_verbs_and_a_button_for_the_rest() -> None:
    shown = str(assert_fits(helps.first(ALL, "/ghost"))["blocks"])
    assert all(f"/ghost {name}" in shown for name in FIRST if name in VERBS)
    assert "/ghost registry" not in shown
    assert f"{SAY}:help all" in shown


def test_all_of_it_names_every_verb_by_what_it_is_about() -> None:
    shown = str(assert_fits(helps.every(ALL, "/ghost"))["blocks"])
    assert all(f"/ghost {name}" in shown for name in VERBS)


def test_nobody_is_shown_what_they_may_not_do() -> None:
    first = str(assert_fits(helps.first(may(Role.VIEWER), "/ghost")))
    every = str(assert_fits(helps.every(may(Role.VIEWER), "/ghost")))
    assert "/ghost restart" not in first + every
    assert "/ghost status" in first
    assert "more are for others" in every


def test_where_nothing_is_allowed_help_is_still_a_message() -> None:
    assert_fits(helps.first(frozenset(), "/ghost"))
    assert_fits(helps.every(frozenset(), "/ghost"))


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_each_verb_says_how_it_is_written_and_for_whom_it_is(verb: object) -> None:
    known = VERBS[verb.name]  # type: ignore[attr-defined]
    shown = str(assert_fits(helps.verb(known, "/ghost-staging")))
    assert f"/ghost-staging {known.name}" in shown
    assert ("everybody" if known.role is Role.NOBODY else known.role.word) in shown


def test_what_is_said_of_a_verb_is_no_code() -> None:
    said = [f"{verb.usage} {verb.summary}" for verb in VERBS.values()]
    assert not [line for line in said if re.search(r"[A-Z][a-z]+\.[A-Z]", line)]


@pytest.mark.parametrize(
    ("verb", "whom"),
    [("whoami", "for everybody"), ("restart", "for every operator"), ("down", "for admins")],
)
def test_help_of_a_verb_says_whom_it_is_for(verb: str, whom: str) -> None:
    assert f"{whom} · " in str(helps.verb(VERBS[verb], "/ghost").blocks)
