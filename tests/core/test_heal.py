"""The ladder of heals: examples as sentences, and what holds whatever happens."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.heal import (
    Check,
    Effect,
    Event,
    Heal,
    Healed,
    Ladder,
    Seen,
    Stage,
    Tell,
    Try,
    kept,
    restored,
    step,
)

SICK, WELL, UNKNOWN = Seen(False, "HTTP 500"), Seen(True, "HTTP 200"), Seen(None, "no slots")
HELPED, FAILED = Healed(True, "exited 0"), Healed(False, "no such program")
LADDER = Ladder(rungs=("restart", "deploy"), attempts=5, pause_s=60)


def story(*events: tuple[float, Event], check: Check | None = None) -> tuple[Check, list[Effect]]:
    """Return the check after events at their instants, and all effects."""
    c, effects = check or Check("site", LADDER), []
    for at, event in events:
        c, more = step(c, event, at)
        effects += more
    return c, effects


def tries(effects: list[Effect]) -> list[str]:
    return [e.action for e in effects if isinstance(e, Try)]


def told(effects: list[Effect]) -> list[str]:
    return [e.what for e in effects if isinstance(e, Tell)]


def test_a_sick_check_gets_the_first_heal_at_once_and_the_next_after_a_pause() -> None:
    c, effects = story((0, SICK), (1, HELPED), (30, SICK), (61, SICK))
    assert tries(effects) == ["restart", "deploy"]
    assert c.tried == 2


def test_pauses_double_and_the_last_rung_is_tried_again() -> None:
    events: list[tuple[float, Event]] = [(t, e) for t in range(0, 3000, 10) for e in (SICK, HELPED)]
    _, effects = story(*events)
    assert tries(effects) == ["restart", "deploy", "deploy", "deploy", "deploy"]
    at = [t for t, n in _when(events) if n]
    assert [b - a for a, b in pairwise(at)] == [60, 120, 240, 480]


def _when(events: list[tuple[float, Event]]) -> list[tuple[float, int]]:
    c, found = Check("site", LADDER), []
    for at, event in events:
        c, effects = step(c, event, at)
        found.append((at, len(tries(list(effects)))))
    return found


def test_after_the_last_attempt_it_is_up_to_people_and_said_once() -> None:
    events: list[tuple[float, Event]] = [(t, e) for t in range(0, 9000, 10) for e in (SICK, FAILED)]
    c, effects = story(*events)
    assert c.stage is Stage.UNHEALED
    assert len([t for t in told(effects) if "up to people" in t]) == 1
    assert "restart failed: no such program" in told(effects)


def test_a_recovery_is_told_once_and_ends_the_trouble() -> None:
    c, effects = story((0, SICK), (1, HELPED), (5, WELL), (6, WELL), (400, WELL), (401, SICK))
    assert told(effects).count("well again") == 1
    assert (c.tried, tries(effects)) == (1, ["restart", "restart"])


def test_sick_again_soon_is_the_same_trouble_and_counted_on() -> None:
    c, effects = story((0, SICK), (1, HELPED), (5, WELL), (70, SICK))
    assert (c.tried, tries(effects)) == (2, ["restart", "deploy"])


def test_a_recovery_while_a_heal_is_on_its_way_begins_no_second_one() -> None:
    c, effects = story((0, SICK), (1, WELL), (2, SICK), (3, SICK))
    assert tries(effects) == ["restart"]
    assert c.healing == "restart"


def test_without_heals_it_is_up_to_people_at_once() -> None:
    c, effects = story((0, SICK), (5, SICK), check=Check("site", Ladder()))
    assert c.stage is Stage.UNHEALED
    assert told(effects)[0] == "HTTP 500"
    assert len(told(effects)) == 2


def test_a_person_who_asks_for_a_heal_begins_the_count_anew() -> None:
    events: list[tuple[float, Event]] = [(t, e) for t in range(0, 9000, 10) for e in (SICK, FAILED)]
    c, _ = story(*events)
    c, effects = story((9001, Heal("ada")), check=c)
    assert (tries(effects), c.tried, c.stage) == (["restart"], 1, Stage.SICK)


def test_what_is_well_is_not_healed_on_request() -> None:
    assert story((0, WELL), (1, Heal("ada")))[1] == []


def test_the_next_ghost_begins_no_new_five() -> None:
    c, _ = story((0, SICK), (1, HELPED), (61, SICK), (62, HELPED), (200, SICK), (201, FAILED))
    c = restored(kept(c), LADDER, 1_000)
    events: list[tuple[float, Event]] = [
        (t, e) for t in range(1_000, 9_000, 10) for e in (SICK, FAILED)
    ]
    _, effects = story(*events, check=c)
    assert tries(effects) == ["deploy", "deploy"]


EVENTS = st.one_of(
    st.builds(Seen, st.sampled_from([True, False, None]), st.just("seen")),
    st.builds(Healed, st.booleans(), st.just("ended")),
    st.builds(Heal, st.just("ada")),
)
STORIES = st.lists(st.tuples(st.floats(0, 500), EVENTS), max_size=120)
LADDERS = st.builds(
    Ladder,
    rungs=st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(tuple),
    attempts=st.integers(1, 6),
    pause_s=st.floats(0, 400),
)


@given(LADDERS, STORIES)
def test_whatever_happens_heals_are_capped_never_two_at_once_and_never_for_an_unknown(
    ladder: Ladder, story_: list[tuple[float, Event]]
) -> None:
    c, now, on_its_way, in_trouble, well_since = Check("x", ladder), 0.0, 0, 0, 0.0
    for gap, event in story_:
        now += gap
        before = c
        c, effects = step(c, event, now)
        if isinstance(event, Healed):
            on_its_way = 0
        if isinstance(event, Heal) and before.is_sick and not on_its_way:
            in_trouble = 0
        if before.stage is Stage.WELL and now - well_since >= ladder.calm_s:
            in_trouble = 0
        for action in tries(list(effects)):
            on_its_way, in_trouble = on_its_way + 1, in_trouble + 1
            assert action in ladder.rungs
            assert (isinstance(event, Seen) and event.ok is False) or isinstance(event, Heal)
        assert on_its_way <= 1
        assert in_trouble <= ladder.most
        if c.stage is Stage.WELL and before.stage is not Stage.WELL:
            well_since = now
        assert isinstance(event, Heal) or c.tried <= ladder.most
