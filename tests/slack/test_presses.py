"""The first press wins."""

from __future__ import annotations

import pytest

from ghostbot.core.rights import Role
from ghostbot.orders import Actor
from ghostbot.slack.presses import AFTER_S, HELD_MAX_S, PRESSES_MAX, AlreadyPressed, Presses

ALICE, BOB = (Actor(f"U{name}", name, Role.OPERATOR) for name in ("ALICE", "BOB"))


def test_the_second_is_told_who_was_first_until_it_is_done_and_a_moment_longer() -> None:
    now = 0.0
    presses = Presses(lambda: now)
    presses.begin("restart 1", ALICE)
    presses.begin("restart 2", BOB)
    with pytest.raises(AlreadyPressed, match="<@UALICE> pressed it just now"):
        presses.begin("restart 1", BOB)
    now = 7.0
    with pytest.raises(AlreadyPressed, match="you pressed it 7 s ago"):
        presses.begin("restart 1", ALICE)
    presses.end("restart 1")
    with pytest.raises(AlreadyPressed):
        presses.begin("restart 1", BOB)
    now += AFTER_S
    presses.begin("restart 1", BOB)


def test_a_press_that_is_never_ended_does_not_hold_for_ever() -> None:
    now = 0.0
    presses = Presses(lambda: now)
    presses.begin("a", ALICE)
    now = HELD_MAX_S
    presses.begin("a", BOB)


def test_the_memory_of_presses_is_bounded() -> None:
    presses = Presses()
    for number in range(PRESSES_MAX + 50):
        presses.begin(str(number), ALICE)
    assert len(presses._presses) == PRESSES_MAX
