"""The laws of core.daemon, on worlds that hypothesis invents."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

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
    Order,
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
    Unspawned,
    Wanted,
    step,
)
from ghostbot.core.restart import After, Kind, Policy

ALIVE = (State.STARTING, State.UP, State.STOPPING, State.KILLING)
AT_REST = (State.DOWN, State.WAITING, State.BACKOFF, State.BLOCKED)
STRANGER = Proc(1, 1, "boot")


class World(RuleBasedStateMachine):
    """A fake operating system: at most one tree at a time, and every fact about it is true."""

    policy = Policy(max_restarts=2)

    def __init__(self) -> None:
        super().__init__()
        self.now, self.next_pid = 1000.0, 100
        self.leader: Proc | None = None  # alive
        self.tree: Proc | None = None  # whose tree has living members, the leader's own included
        self.spawning = False
        self.last_order: Order | None = None
        self.d = Daemon("web", self.policy)

    def feed(self, event: Event) -> None:
        self.d, effects = step(self.d, event, self.now)
        for effect in effects:
            if isinstance(effect, Spawn):
                assert self.tree is None, "a second process"
                assert not self.spawning, "a second process"
                assert not self.d.gate, "a start through a shut gate"
                self.spawning = True
            elif isinstance(effect, Signal):
                assert effect.proc == self.tree, "a signal to what is not ours"

    @rule(
        order=st.sampled_from(
            [Start(), Stop(), Stop(lasting=False), Restart(), Hold(), Hold(5.0), Reset()]
        )
    )
    def order(self, order: Order) -> None:
        self.last_order = order if not isinstance(order, Reset) else self.last_order
        self.feed(order)

    @rule(afresh=st.booleans())
    def it_is_to_be_renewed(self, afresh: bool) -> None:
        before = self.d
        self.feed(Renew("a file changed", afresh))
        assert self.d.wanted is before.wanted, "no wish of a person is overruled"
        if not afresh:
            assert self.d.record == before.record, "it is no death, and forgives none"

    @precondition(lambda self: self.leader)
    @rule()
    def it_is_killed_in_a_drill(self) -> None:
        before, leader = self.d, self.leader
        assert leader
        self.feed(Drilled(leader))
        if self.d.drilled and not before.fault:
            self.leader = self.tree = None
            self.feed(Exited(leader, -9))
            assert self.d.record == before.record, "what a drill does is no death"
            assert self.d.restarts == before.restarts

    @precondition(lambda self: self.spawning)
    @rule(outcome=st.sampled_from(["spawned", "adopted", "no such file", "own trouble"]))
    def a_spawn_ends(self, outcome: str) -> None:
        self.spawning = False
        if outcome in ("spawned", "adopted"):
            self.next_pid += 1
            self.leader = self.tree = Proc(self.next_pid, self.next_pid, "boot")
            self.feed(Spawned(self.leader) if outcome == "spawned" else Adopted(self.leader))
        else:
            self.feed(Unspawned(outcome, own=outcome == "own trouble"))

    @precondition(lambda self: self.leader)
    @rule(ready=st.booleans())
    def a_probe_reports(self, ready: bool) -> None:
        assert self.leader
        self.feed(Ready(self.leader) if ready else Sick(self.leader, "500"))

    @precondition(lambda self: self.leader)
    @rule(code=st.sampled_from([0, 1, -9, None]), left=st.booleans())
    def the_leader_exits(self, code: int | None, left: bool) -> None:
        gone, self.leader = self.leader, None
        assert gone
        if not left:
            self.tree = None
        self.feed(Exited(gone, code, left))

    @precondition(lambda self: self.tree and not self.leader)
    @rule()
    def the_rest_is_gone(self) -> None:
        gone, self.tree = self.tree, None
        assert gone
        self.feed(Gone(gone))

    @rule(why=st.sampled_from(["db", "port 1"]), shut=st.booleans())
    def the_gate_moves(self, why: str, shut: bool) -> None:
        self.feed(Gated(why) if shut else Cleared(why))

    @rule()
    def the_gate_opens(self) -> None:
        self.feed(Cleared())

    @rule(dt=st.floats(0.1, 5000))
    def time_passes(self, dt: float) -> None:
        self.now += dt
        if self.d.deadline is not None and self.now >= self.d.deadline:
            self.feed(Elapsed())
            late = self.d.deadline is not None and self.d.deadline <= self.now
            assert not late, "the watchdog would spin"

    @rule(kind=st.sampled_from([Ready, Sick, Exited, Gone]))
    def a_fact_about_a_stranger(self, kind: type) -> None:
        facts: dict[type, Event] = {
            Ready: Ready(STRANGER),
            Sick: Sick(STRANGER, "x"),
            Exited: Exited(STRANGER, 1),
            Gone: Gone(STRANGER),
        }
        before = self.d
        self.feed(facts[kind])
        assert self.d == before

    @rule()
    def what_is_known_is_said_again(self) -> None:
        """A fact or an adoption told twice changes nothing the second time."""
        if self.leader:
            before = self.d
            self.feed(Adopted(self.leader))
            assert self.d == before

    @invariant()
    def a_process_exactly_when_the_state_says_so(self) -> None:
        d = self.d
        if d.state is State.STARTING:
            assert (d.proc is None) == self.spawning
        elif d.state in ALIVE:
            assert d.proc is not None
        if d.state in ALIVE:
            assert d.proc == self.tree
        else:
            assert d.proc is None
            assert self.tree is None
            assert not self.spawning

    @invariant()
    def a_deadline_exactly_when_something_is_due(self) -> None:
        d = self.d
        if d.state in (State.DOWN, State.WAITING):
            assert d.deadline is None
        elif d.state is State.STARTING:
            assert (d.deadline is None) == (d.proc is None)
        elif d.state is not State.UP:
            assert d.deadline is not None

    @invariant()
    def only_a_wanted_daemon_waits_to_start(self) -> None:
        if self.d.wanted is not Wanted.UP:
            assert self.d.state not in (State.WAITING, State.BACKOFF, State.BLOCKED)

    @invariant()
    def a_waiting_daemon_has_a_shut_gate(self) -> None:
        assert self.d.state is not State.WAITING or self.d.gate

    @invariant()
    def a_stopped_daemon_is_on_its_way_down(self) -> None:
        if isinstance(self.last_order, Stop) and self.d.wanted is Wanted.DOWN:
            going = (State.STOPPING, State.KILLING, State.DOWN)
            assert self.d.state in going or self.spawning

    @invariant()
    def the_breaker_is_open_only_after_a_trip(self) -> None:
        if self.d.state is State.BLOCKED:
            assert self.d.record.trips > 0

    @invariant()
    def a_done_daemon_rests_or_is_on_its_way(self) -> None:
        if self.d.done:
            assert self.d.state in (State.DOWN, State.STOPPING, State.KILLING)

    def teardown(self) -> None:
        """A stop always ends in DOWN, if processes do die when killed."""
        self.feed(Stop())
        for _ in range(20):
            if self.spawning:
                self.a_spawn_ends("spawned")
            if self.d.state is State.DOWN:
                break
            assert self.d.deadline is not None
            self.now = self.d.deadline
            if self.d.state is not State.KILLING:
                self.feed(Elapsed())
            elif self.leader:
                self.the_leader_exits(-9, left=True)
            else:
                self.the_rest_is_gone()
        assert self.d.state is State.DOWN, self.d


def _check(policy: Policy) -> None:
    world = type("World", (World,), {"policy": policy})
    run_state_machine_as_test(
        world, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
    )


def test_the_laws_hold_for_a_service() -> None:
    _check(Policy(max_restarts=2))


def test_the_laws_hold_for_a_oneshot() -> None:
    _check(Policy(kind=Kind.ONESHOT))


def test_the_laws_hold_for_a_daemon_that_is_never_restarted() -> None:
    _check(Policy(restart=After.NEVER))


def test_the_laws_hold_for_a_daemon_restarted_on_failure_without_delay() -> None:
    _check(Policy(restart=After.ON_FAILURE, restart_delay_s=0.001, slow_restarts=3))
