"""How fast Ghost may speak."""

from __future__ import annotations

from ghostbot.slack.pace import BURST, EDIT, HISTORY, PER_MINUTE, POST, Pace


def test_a_channel_rests_a_second_and_the_first_goes_at_once() -> None:
    pace = Pace()
    assert pace.due(POST, "#a") <= 100.0
    pace.used(POST, "#a", 100.0)
    assert pace.due(POST, "#a") == 101.0
    assert pace.due(EDIT, "#a") == 101.0
    assert pace.due(POST, "#b") <= 100.0


def test_an_hour_of_edits_stays_within_the_budget_of_the_method() -> None:
    pace, now, calls = Pace(), 0.0, 0
    while now < 3600:
        now = max(now, pace.due(EDIT, "#a"))
        pace.used(EDIT, "#a", now)
        calls += 1
    assert PER_MINUTE[EDIT] * 60 - 1 <= calls <= PER_MINUTE[EDIT] * 60 + BURST


def test_a_limit_of_one_method_holds_up_no_other() -> None:
    pace = Pace()
    pace.rest(EDIT, 130.0)
    assert pace.due(EDIT, "#a") == 130.0
    assert pace.due(POST, "#a") < 130.0


def test_a_look_does_not_wait_for_the_channel() -> None:
    pace = Pace()
    pace.used(POST, "#a", 100.0)
    assert pace.due(HISTORY, "#a") <= 100.0


def test_when_all_rest_nothing_goes() -> None:
    pace = Pace()
    pace.rest_all(160.0)
    assert {pace.due(method, "#a") for method in PER_MINUTE} == {160.0}
