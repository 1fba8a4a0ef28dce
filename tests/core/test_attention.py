"""Acknowledged, silent, paged, reminded."""

from __future__ import annotations

from dataclasses import replace

from ghostbot.core.attention import (
    ACK_S,
    PAGE_AGAIN_S,
    acknowledge,
    is_muted,
    lapsed,
    next_at,
    remind_at,
    silence,
    stirred,
    unsilence,
)
from ghostbot.core.incident import Call, Hand, Incident, Person, Phase, noted

BOB, EVE = Person("U0BOB", "bob"), Person("U0EVE", "eve")
H = 3600.0
DOWN = noted(Incident(1, "web", Phase.DOWN, "exited 1", 0, 0, told=False), "exited 1", 0)
BLOCKED = stirred(DOWN, noted(replace(DOWN, phase=Phase.BLOCKED), "blocked", 10), 10)


def over(incident: Incident) -> Incident:
    return replace(incident, phase=Phase.RECOVERED)


def calls(incident: Incident) -> list[tuple[float, Call]]:
    return [(step.at, step.call) for step in incident.steps if step.call]


def test_the_first_to_acknowledge_is_written_in_and_the_second_changes_nothing() -> None:
    acked = acknowledge(DOWN, BOB, 20)
    assert acked.acked is not None
    assert (acked.acked.by, acked.steps[-1].by) == (BOB, BOB)
    assert acknowledge(acked, EVE, 21) is acked
    assert acknowledge(over(DOWN), EVE, 21) == over(DOWN)


def test_a_silence_has_an_end_that_a_longer_one_moves() -> None:
    silent = silence(DOWN, BOB, 20, 20 + H)
    assert silent.silenced is not None
    assert (silent.silenced.until, silent.steps[-1].what) == (20 + H, "silenced it for 1 h")
    assert silence(silent, EVE, 30, 20 + H) is silent
    longer = silence(silent, EVE, 30, 30 + 2 * H).silenced
    assert longer is not None
    assert longer.until == 30 + 2 * H
    assert unsilence(silent, EVE, 40).silenced is None


def test_an_end_that_has_come_is_a_step() -> None:
    acked = silence(acknowledge(DOWN, BOB, 20), BOB, 20, 20 + H)
    later = lapsed(acked, 20 + ACK_S, quiet=False)
    assert (later.acked, later.silenced) == (None, None)
    assert [s.what for s in later.steps[-2:]] == [
        "the acknowledgement is over: is it still in hand?",
        "the silence is over",
    ]
    assert lapsed(acked, 21, quiet=False) is acked


def test_a_new_cause_undoes_both_and_new_numbers_do_not() -> None:
    known = silence(acknowledge(DOWN, BOB, 20), BOB, 20, 20 + H)
    same = stirred(known, replace(known, cause="exited 2"), 30)
    assert same.acked == known.acked
    new = stirred(known, replace(known, cause="killed by SIGKILL"), 30)
    assert (new.acked, new.silenced) == (None, None)


def test_what_ghost_can_do_no_more_about_is_paged_once_and_undoes_both() -> None:
    assert calls(BLOCKED) == [(10, Call.PAGE)]
    known = silence(acknowledge(DOWN, BOB, 5), BOB, 5, H)
    paged = stirred(known, noted(replace(known, phase=Phase.BLOCKED), "blocked", 10), 10)
    assert (paged.acked, paged.silenced, paged.paged_at) == (None, None, 10)
    tried = stirred(BLOCKED, replace(BLOCKED, phase=Phase.RESTARTING), 70)
    again = stirred(tried, noted(replace(tried, phase=Phase.BLOCKED), "blocked", 80), 80)
    assert len(calls(again)) == 1


def test_a_new_cause_is_paged_again_but_not_within_the_hour() -> None:
    def new(at: float) -> Incident:
        return stirred(BLOCKED, noted(replace(BLOCKED, cause="killed by SIGKILL"), "x", at), at)

    assert len(calls(new(10 + PAGE_AGAIN_S - 1))) == 1
    assert len(calls(new(10 + PAGE_AGAIN_S))) == 2


def test_a_trouble_that_comes_back_soon_is_not_paged_twice() -> None:
    back = replace(stirred(BLOCKED, over(BLOCKED), 20), phase=Phase.BLOCKED)
    assert len(calls(stirred(over(BLOCKED), noted(back, "blocked", 30), 30))) == 1


def test_what_stays_stuck_is_said_after_one_hour_four_and_then_daily() -> None:
    seen, incident = [], BLOCKED
    while (at := remind_at(incident)) is not None and len(seen) < 5:
        seen.append((at - 10) / H)
        assert lapsed(incident, at - 1, quiet=False) is incident
        incident = lapsed(incident, at, quiet=False)
    assert seen == [1, 4, 28, 52, 76]
    assert calls(incident)[1] == (10 + H, Call.REMINDER)
    assert incident.steps[-1].what == "still blocked, after 3 d 4 h"


def test_what_was_missed_is_said_once() -> None:
    late = lapsed(BLOCKED, 10 + 60 * H, quiet=False)
    assert len(calls(late)) == 2
    assert remind_at(late) == 10 + 76 * H


def test_nobody_is_reminded_in_quiet_or_of_what_is_in_hand_silent_or_over() -> None:
    late = 10 + 2 * H
    assert not calls(lapsed(BLOCKED, late, quiet=True))[1:]
    for calm in (acknowledge(BLOCKED, BOB, 20), silence(BLOCKED, BOB, 20, 99 * H), over(BLOCKED)):
        assert lapsed(calm, late, quiet=False) is calm
    assert next_at(BLOCKED, quiet=True) is None
    assert next_at(BLOCKED, quiet=False) == 10 + H


def test_what_is_new_waits_in_quiet_and_silence_unless_it_is_paged() -> None:
    assert is_muted(DOWN, 1, quiet=True)
    assert is_muted(silence(DOWN, BOB, 0, H), 1, quiet=False)
    assert is_muted(replace(DOWN, hold_until=5), 1, quiet=False)
    assert not is_muted(replace(DOWN, hold_until=5), 5, quiet=False)
    assert not is_muted(BLOCKED, 11, quiet=True)
    assert not is_muted(replace(DOWN, told=True), 1, quiet=True)


def test_who_wants_the_same_quiet_a_moment_later_was_second() -> None:
    silent = silence(DOWN, BOB, 20, 20 + H)
    assert silence(silent, EVE, 21.5, 21.5 + H) is silent
    assert silence(silent, EVE, 90, 90 + H).silenced == Hand(EVE, 90, 90 + H)
    brief = silence(DOWN, BOB, 20, 30)
    assert silence(brief, EVE, 21, 21 + 30).silenced == Hand(EVE, 21, 51)
