"""Examples of core.daemon as sentences."""

from __future__ import annotations

from dataclasses import replace
from signal import SIGKILL, SIGTERM

from ghostbot.core.daemon import (
    Adopted,
    Cleared,
    Daemon,
    Drilled,
    Elapsed,
    Event,
    Exited,
    Gated,
    Gone,
    Hold,
    Proc,
    Ready,
    Renew,
    Reset,
    Restart,
    Sick,
    Signal,
    Spawn,
    Spawned,
    Start,
    State,
    Stop,
    Tell,
    Unspawned,
    Wanted,
    in_words,
    step,
)
from ghostbot.core.restart import After, Kind, Policy, Record

P = Proc(7, 70, "boot")
Q = Proc(8, 80, "boot")
NOW = 1000.0


def after(*events: Event, policy: Policy | None = None, now: float = NOW) -> Daemon:
    """Return a daemon after these events, one a second."""
    d = Daemon("web", policy or Policy())
    for n, event in enumerate(events):
        d, _ = step(d, event, now + n)
    return d


UP = (Start(), Spawned(P), Ready(P))


def test_a_start_spawns_and_is_up_once_ready() -> None:
    d, effects = step(Daemon("web"), Start(), NOW)
    assert (d.state, effects) == (State.STARTING, (Spawn(),))
    assert after(*UP).state is State.UP


def test_a_death_is_followed_by_a_start_after_the_delay() -> None:
    d = after(*UP, Exited(P, 1))
    assert (d.state, d.fault, d.deadline) == (State.BACKOFF, "exited 1", NOW + 3 + 1)
    d, effects = step(d, Elapsed(), NOW + 4)
    assert (d.state, effects, d.restarts) == (State.STARTING, (Spawn(),), 1)


def test_a_stop_during_a_spawn_is_kept() -> None:
    d = after(Start(), Stop())
    assert d.state is State.STARTING
    d, effects = step(d, Spawned(P), NOW)
    assert (d.state, effects) == (State.STOPPING, (Signal(P, SIGTERM),))


def test_a_stop_that_is_ignored_becomes_a_kill_again_and_again() -> None:
    d, effects = step(after(*UP, Stop()), Elapsed(), NOW + 20)
    assert (d.state, effects) == (State.KILLING, (Signal(P, SIGKILL),))
    d, effects = step(d, Elapsed(), NOW + 30)
    assert effects == (Signal(P, SIGKILL), Tell("survived SIGKILL; trying again"))


def test_a_stop_is_not_over_while_others_of_the_tree_live() -> None:
    d = after(*UP, Stop(), Exited(P, 0, left=True))
    assert d.state is State.STOPPING
    assert after(*UP, Stop(), Exited(P, 0, left=True), Gone(P)).state is State.DOWN


def test_a_leader_that_dies_alone_leaves_nothing_before_the_next_start() -> None:
    d, effects = step(after(*UP), Exited(P, 1, left=True), NOW + 5)
    assert (d.state, effects) == (State.STOPPING, (Signal(P, SIGTERM),))
    d, _ = step(d, Gone(P), NOW + 6)
    assert (d.state, d.fault) == (State.BACKOFF, "exited 1")


def test_a_restart_starts_again_only_when_everything_is_gone() -> None:
    d, effects = step(after(*UP), Restart(), NOW)
    assert (d.state, effects) == (State.STOPPING, (Signal(P, SIGTERM),))
    d, effects = step(d, Gone(P), NOW)
    assert (d.state, effects) == (State.STARTING, (Spawn(),))


def test_a_restart_during_a_stop_and_a_start_during_a_stop_are_kept() -> None:
    for order in (Restart(), Start()):
        d = after(*UP, Stop(), order, Gone(P))
        assert d.state is State.STARTING


def test_the_last_of_many_orders_wins() -> None:
    d = after(*UP, Restart(), Stop(), Start(), Stop(), Gone(P))
    assert (d.state, d.wanted) == (State.DOWN, Wanted.DOWN)


def test_a_persons_start_of_a_blocked_daemon_runs_and_resets() -> None:
    policy = Policy(max_restarts=1)
    blocked = after(*UP, Exited(P, 1), policy=policy)
    assert blocked.state is State.BLOCKED
    d, effects = step(blocked, Start(), NOW)
    assert (d.state, d.record.trips, effects) == (State.STARTING, 0, (Spawn(),))


def test_a_reset_starts_what_is_blocked_and_leaves_what_is_stopped() -> None:
    blocked = after(*UP, Exited(P, 1), policy=Policy(max_restarts=1))
    assert step(blocked, Reset(), NOW)[0].state is State.STARTING
    assert after(*UP, Stop(), Gone(P), Reset()).state is State.DOWN


def test_a_held_daemon_runs_on_and_is_not_started_again() -> None:
    d = after(*UP, Hold())
    assert (d.state, d.wanted) == (State.UP, Wanted.HELD)
    assert after(*UP, Hold(), Exited(P, 1)).state is State.DOWN
    assert after(*UP, Hold(), Exited(P, 1), Start()).state is State.STARTING


def test_a_held_daemon_is_left_alone_when_it_is_sick_or_late() -> None:
    assert after(*UP, Hold(), Sick(P, "500")).state is State.UP
    assert after(Start(), Spawned(P), Hold(), Elapsed()).state is State.STARTING


def test_a_shut_gate_makes_a_start_wait_and_an_open_one_lets_it_go() -> None:
    d = after(Gated("db"), Gated("port 80"), Start())
    assert (d.state, d.gate) == (State.WAITING, ("db", "port 80"))
    d, effects = step(d, Cleared("db"), NOW)
    assert (d.state, effects) == (State.WAITING, ())
    d, effects = step(d, Cleared("port 80"), NOW)
    assert (d.state, effects) == (State.STARTING, (Spawn(),))


def test_a_running_daemon_is_not_touched_by_its_gate() -> None:
    d = after(*UP, Gated("db"))
    assert d.state is State.UP
    d, effects = step(step(d, Exited(P, 1), NOW)[0], Elapsed(), NOW + 9)
    assert (d.state, effects) == (State.WAITING, ())


def test_ghosts_own_trouble_waits_and_charges_nothing() -> None:
    d = after(Start(), Unspawned("process slots", own=True))
    assert (d.state, d.gate, d.record.deaths) == (State.WAITING, ("process slots",), ())
    assert step(d, Stop(), NOW)[0].state is State.DOWN


def test_a_command_that_cannot_be_executed_is_a_death() -> None:
    d = after(Start(), Unspawned("no such file", own=False))
    assert (d.state, len(d.record.deaths)) == (State.BACKOFF, 1)


def test_a_late_start_is_stopped_and_is_its_own_fault() -> None:
    d = after(Start(), Spawned(P))
    d, _ = step(d, Elapsed(), NOW + 40)
    assert (d.state, d.fault) == (State.STOPPING, "not ready within 30 s")
    d, _ = step(d, Exited(P, 0), NOW + 41)
    assert (d.state, d.fault) == (State.BACKOFF, "not ready within 30 s")


def test_a_sick_daemon_that_exits_cleanly_when_stopped_is_started_again() -> None:
    policy = Policy(restart=After.ON_FAILURE)
    assert after(*UP, Sick(P, "500"), Exited(P, 0), policy=policy).state is State.BACKOFF


def test_a_oneshot_that_ends_well_is_done_and_ready() -> None:
    d = after(Start(), Spawned(P), Exited(P, 0), policy=Policy(kind=Kind.ONESHOT))
    assert (d.state, d.done, d.is_ready, d.wanted) == (State.DOWN, True, True, Wanted.UP)
    assert step(d, Start(), NOW)[0].state is State.STARTING


def test_a_oneshot_that_fails_is_tried_again() -> None:
    d = after(Start(), Spawned(P), Exited(P, 2), policy=Policy(kind=Kind.ONESHOT))
    assert d.state is State.BACKOFF


def test_a_daemon_that_is_never_restarted_rests_with_its_fault() -> None:
    d = after(*UP, Exited(P, 3), policy=Policy(restart=After.NEVER))
    assert (d.state, d.fault, d.done) == (State.DOWN, "exited 3", False)


def test_an_exit_whose_code_nobody_knows_is_no_clean_one() -> None:
    d = after(Start(), Spawned(P), Exited(P, None), policy=Policy(kind=Kind.ONESHOT))
    assert (d.state, d.last_exit and d.last_exit.code) == (State.BACKOFF, None)


def test_facts_about_an_earlier_process_change_nothing() -> None:
    d = after(*UP)
    for fact in (Exited(Q, 1), Gone(Q), Sick(Q, "x"), Ready(Q)):
        assert step(d, fact, NOW) == (d, ())


def test_an_adopted_daemon_keeps_what_it_was() -> None:
    for d in (after(*UP), after(*UP, Stop()), after(Start(), Spawned(P)), after(*UP, Hold())):
        assert step(d, Adopted(P), NOW + 99) == (d, ())


def test_a_process_whose_record_was_lost_is_taken_in_and_proves_itself() -> None:
    wanted = after(*UP, Exited(P, 1))
    d, effects = step(wanted, Adopted(Q), NOW)
    assert (d.state, d.proc, effects) == (State.STARTING, Q, ())


def test_a_process_that_nobody_wants_any_more_is_stopped_when_it_is_found() -> None:
    d, effects = step(after(*UP, Stop(), Gone(P)), Adopted(Q), NOW)
    assert (d.state, effects) == (State.STOPPING, (Signal(Q, SIGTERM),))


def test_a_stop_by_a_person_lasts_and_a_stop_of_the_house_does_not() -> None:
    assert after(*UP, Stop(), Gone(P)).stopped
    house = after(*UP, Stop(lasting=False), Gone(P))
    assert (house.stopped, house.wanted) == (False, Wanted.DOWN)
    both = after(*UP, Stop(), Stop(lasting=False), Gone(P))
    assert both.stopped
    assert after(*UP, Hold(), Stop(lasting=False), Gone(P)).wanted is Wanted.HELD


def test_stable_time_forgives_one_by_one_until_none_is_left() -> None:
    d = after(*UP, Exited(P, 1), Elapsed(), Spawned(Q), Exited(Q, 1), Elapsed(), Spawned(P))
    d, _ = step(d, Ready(P), NOW)
    left = []
    while d.deadline is not None:
        d, _ = step(d, Elapsed(), d.deadline)
        left.append(d.record.unforgiven)
    assert left == [1, 0]


def test_since_moves_with_the_state_only() -> None:
    d = after(*UP)
    assert d.since == NOW + 2
    assert step(d, Gated("db"), NOW + 50)[0].since == NOW + 2


def test_exits_are_told_in_words() -> None:
    words = [in_words(code) for code in (0, 3, -9, -40, None)]
    assert words == [
        "exited 0",
        "exited 3",
        "killed by SIGKILL",
        "killed by signal 40",
        "exited, code unknown",
    ]


def test_a_renewal_stops_and_starts_it_and_is_no_death() -> None:
    d = replace(after(*UP), record=Record(unforgiven=1, deaths=(1.0,)))
    asked, effects = step(d, Renew("memory over 100 MB"), NOW)
    assert (asked.state, effects) == (State.STOPPING, (Signal(P, SIGTERM),))
    gone, effects = step(asked, Exited(P, -15), NOW + 1)
    assert (gone.state, effects) == (State.STARTING, (Spawn(),))
    assert gone.record == d.record
    assert gone.restarts == d.restarts + 1
    assert gone.last_exit is not None
    assert gone.last_exit.why == "memory over 100 MB"


def test_a_renewal_leaves_alone_whom_a_person_stopped_or_holds() -> None:
    for wanted in (Wanted.HELD, Wanted.DOWN):
        d = replace(after(*UP), wanted=wanted)
        assert step(d, Renew("app.py changed", afresh=True), NOW) == (d, ())


def test_a_changed_file_closes_the_breaker_and_a_limit_does_not() -> None:
    d = replace(after(*UP), state=State.BLOCKED, proc=None, deadline=NOW, record=Record(trips=2))
    assert step(d, Renew("memory over 100 MB"), NOW) == (d, ())
    fresh, effects = step(d, Renew("app.py changed", afresh=True), NOW)
    assert (fresh.state, fresh.record, effects) == (State.STARTING, Record(), (Spawn(),))


def test_a_drill_is_started_again_and_counts_as_nothing() -> None:
    drilled, _ = step(after(*UP), Drilled(P), NOW)
    dead, _ = step(drilled, Exited(P, -9), NOW)
    assert (dead.state, dead.fault) == (State.BACKOFF, "killed by a drill")
    assert dead.record == after(*UP).record
    again, effects = step(dead, Elapsed(), NOW + 1)
    assert (again.restarts, again.drilled, effects) == (0, False, (Spawn(),))


def test_a_stop_ends_a_hold_and_the_end_that_it_had() -> None:
    held = after(*UP, Hold(until=NOW + 60, by="ada"))
    assert step(held, Stop(lasting=False), NOW)[0].held_until == NOW + 60
    stopped, _ = step(held, Stop(by="bob"), NOW)
    assert (stopped.held_until, stopped.stopped, stopped.by) == (None, True, "bob")


def test_a_start_that_was_asked_for_before_a_person_stopped_or_held_it_comes_too_late() -> None:
    stopped = after(*UP, Stop(), Gone(P))
    assert stopped.rested_at is not None
    for rests in (stopped, after(*UP, Hold()), after(*UP, Stop())):
        for order in (Start, Restart):
            assert step(rests, order(NOW), NOW + 60) == (rests, ())
    again, effects = step(stopped, Restart(stopped.rested_at + 1), NOW + 60)
    assert (again.state, effects) == (State.STARTING, (Spawn(),))
