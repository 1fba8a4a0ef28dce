"""Why a daemon is as it is, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ghostbot.core.daemon import (
    EXITS_KEPT,
    Daemon,
    Elapsed,
    Event,
    Exited,
    Gated,
    Hold,
    Proc,
    Ready,
    Spawned,
    Start,
    Stop,
    step,
)
from ghostbot.core.restart import Policy
from ghostbot.core.why import budgets, exits_in_window, span, why

PROC = Proc(7, 7, "boot")


def lived(*events: tuple[float, Event], d: Daemon | None = None) -> Daemon:
    """Return a daemon after these events."""
    d = d or Daemon("web")
    for at, event in events:
        d, _ = step(d, event, at)
    return d


def died(times: int) -> Daemon:
    """Return a daemon that died so often, a second apart, from second 1 on."""
    d = lived((0, Start()))
    for n in range(times):
        d = lived((n, Spawned(PROC)), (n + 1, Exited(PROC, 3)), d=d)
        d = lived((n + 1, Elapsed()), d=d) if n < times - 1 else d
    return d


def test_a_death_is_told_with_its_code_and_when_the_next_try_is() -> None:
    told = why(died(1), 1.5)
    assert told.happened == ("it died 0.5 s ago: exited 3",)
    assert told.next.startswith("started again in 0.5 s")
    assert [(e.code, e.when) for e in told.exits] == [(3, 1)]


def test_an_open_breaker_says_what_opened_it_and_what_closes_it() -> None:
    told = why(died(3), 13)
    assert told.happened == ("it has been blocked for 10 s: exited 3; it died 3 times within 15 s",)
    assert told.next.startswith("one start is tried in 50 s; `ghost reset web`")
    assert (told.budgets.breaker, told.budgets.recent, told.budgets.trips) == ("open", 3, 1)


def test_a_try_that_failed_is_told_as_that() -> None:
    d = lived((63, Elapsed()), (63, Spawned(PROC)), (64, Exited(PROC, 3)), d=died(3))
    assert "it died again at the try since" in why(d, 65).happened[0]


def test_who_stopped_or_holds_it_is_named() -> None:
    d = lived((1, Start()), (1, Spawned(PROC)), (2, Ready(PROC)))
    stopped = lived((3, Stop(by="alice")), (4, Exited(PROC, -15)), d=d)
    assert why(stopped, 9).happened == ("alice stopped it", "it has been down for 5 s")
    assert why(stopped, 9).next == "nothing, until somebody types `ghost start web`"
    held = lived((3, Hold(until=7203, by="bob")), d=d)
    assert why(held, 3).happened[0] == "bob holds it for another 2 h: Ghost leaves it as it is"
    assert why(held, 3).next == "should it exit, it is not started again"


def test_a_shut_gate_says_how_what_it_waits_for_is() -> None:
    d = lived((1, Gated("db")), (1, Start()))
    told = why(d, 2, {"db": "blocked"})
    assert told.happened == ("it has waited for 1 s: db is blocked",)
    assert "(db)" in told.next


@pytest.mark.parametrize("lasting", [True, False])
def test_a_stop_keeps_who_stopped_it_before_unless_a_person_does(*, lasting: bool) -> None:
    d = lived((1, Stop(by="alice")), (2, Stop(lasting=lasting, by="bob")))
    assert d.by == ("bob" if lasting else "alice")


def test_the_history_of_exits_is_bounded() -> None:
    d = Daemon("web", policy=Policy(max_restarts=999, slow_restarts=999, restart_delay_s=0.1))
    d = lived((0, Start()), d=d)
    for n in range(EXITS_KEPT + 5):
        d = lived((n, Spawned(PROC)), (n, Exited(PROC, n)), (n, Elapsed()), d=d)
    assert [e.code for e in d.exits] == list(range(5, EXITS_KEPT + 5))
    assert d.last_exit == d.exits[-1]
    assert len(exits_in_window(d)) == 15


def test_deaths_leave_the_window_as_time_goes_by() -> None:
    d = died(2)
    assert (budgets(d, 2).recent, budgets(d, 16.5).recent, budgets(d, 18).recent) == (2, 1, 0)
    assert budgets(replace(d, deadline=4), 3).next_start_in_s == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (0.5, "0.5 s"), (59.9, "59 s"), (60, "1 min"), (125, "2 min 5 s"),
     (7320, "2 h 2 min"), (90000, "1 d 1 h"), (-3, "0.0 s")],
)  # fmt: skip
def test_a_span_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert span(seconds) == said
