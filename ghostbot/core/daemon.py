"""What a daemon does next.

Rule 1: everything that changes a daemon's state is in this file.
Rule 2: this file performs nothing. It reads no clock and starts no process: it is
        told what happened (an event) and says what to do about it (effects).
Rule 3: what is (`state`) and what should be (`wanted`) are two things. Orders of people
        change what is wanted; facts change what is.
Rule 4: a fact about another process than `proc` changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from signal import SIGKILL, Signals

from ghostbot.core.restart import After, Policy, Record, delay, forgive, judge


class State(StrEnum):
    """Where a daemon is. Each state is one truth the operating system could confirm."""

    DOWN = "down"  # nothing of it runs, none due
    WAITING = "waiting"  # nothing of it runs; its gate is shut
    STARTING = "starting"  # a process that has not yet proved ready
    UP = "up"  # a process that has
    STOPPING = "stopping"  # asked to exit, or its leader is gone and others are not
    KILLING = "killing"  # made to exit
    BACKOFF = "backoff"  # died; the next start is due at the deadline
    BLOCKED = "blocked"  # died too often; one start is tried at the deadline


class Wanted(StrEnum):
    """What people want of a daemon."""

    UP = "up"
    HELD = "held"  # leave it as it is, and do not start it
    DOWN = "down"


EXITS_KEPT = 20  # more tells nobody more, and each is written with every change

ALIVE = frozenset({State.STARTING, State.UP, State.STOPPING, State.KILLING})


@dataclass(frozen=True, slots=True)
class Proc:
    """One process, told apart from any other that has or had the same pid."""

    pid: int
    ticks: int  # start, in clock ticks since boot: field 22 of proc(5) stat
    boot: str  # /proc/sys/kernel/random/boot_id; ticks of another boot mean nothing


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended. `code` is as subprocess has it (negative: signal), None unknown."""

    code: int | None
    why: str
    when: float  # monotonic seconds


# Orders, from people and from lifecycle.


@dataclass(frozen=True, slots=True)
class Start:
    """Start it. `asked` is when, where others had their turn first: a later word goes before."""

    asked: float | None = None  # monotonic seconds


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop it. A `lasting` stop is a person's: the next `ghost up` leaves it stopped."""

    lasting: bool = True
    by: str | None = None  # who, for people to read


@dataclass(frozen=True, slots=True)
class Restart:
    """Stop it and start it; `asked` as for Start."""

    asked: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Leave it as it is, but do not start it again."""

    until: float | None = None  # monotonic seconds; lifecycle sends Start then
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Close the breaker, forgive, and start what waits for its turn."""


@dataclass(frozen=True, slots=True)
class Renew:
    """Start it again while it runs well enough: a limit, a schedule, a changed file asks for it.

    No death, so no budget is charged. `afresh` also closes the breaker, as the cause of its
    deaths may be gone: where a file that it is made of has changed.
    """

    why: str
    afresh: bool = False
    proc: Proc | None = None  # this process alone is meant; without, whatever runs


# Facts.


@dataclass(frozen=True, slots=True)
class Spawned:
    proc: Proc


@dataclass(frozen=True, slots=True)
class Unspawned:
    why: str
    own: bool  # Ghost's trouble, not the daemon's


@dataclass(frozen=True, slots=True)
class Adopted:
    proc: Proc


@dataclass(frozen=True, slots=True)
class Ready:
    proc: Proc


@dataclass(frozen=True, slots=True)
class Sick:
    proc: Proc
    why: str


@dataclass(frozen=True, slots=True)
class Exited:
    """The leader ended. `left` says that others of its tree live."""

    proc: Proc
    code: int | None
    left: bool = False
    why: str | None = None  # in words, where more is known than the code


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing of the tree that `proc` led is left."""

    proc: Proc


@dataclass(frozen=True, slots=True)
class Drilled:
    """It is about to be killed on purpose: that end counts as no death."""

    proc: Proc


@dataclass(frozen=True, slots=True)
class Gated:
    why: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """One reason to wait is gone; without a reason, all are."""

    why: str | None = None


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The deadline passed."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The machine slept: what is starting gets its whole time again."""


Order = Start | Stop | Restart | Hold | Reset | Renew
Seen = Spawned | Unspawned | Adopted | Ready | Sick | Exited | Gone | Drilled
Fact = Seen | Gated | Cleared | Elapsed | Resumed
Event = Order | Fact


# Effects.


@dataclass(frozen=True, slots=True)
class Spawn: ...


@dataclass(frozen=True, slots=True)
class Signal:
    """Send `signal` to the tree that `proc` leads."""

    proc: Proc
    signal: Signals


@dataclass(frozen=True, slots=True)
class Tell:
    """Say something worth a person's attention."""

    what: str


Effect = Spawn | Signal | Tell


@dataclass(frozen=True, slots=True)
class Daemon:
    """One supervised program, as it is and as it is wanted. Instants are monotonic seconds."""

    name: str
    policy: Policy = field(default_factory=Policy)
    state: State = State.DOWN
    wanted: Wanted = Wanted.DOWN
    proc: Proc | None = None  # none where nothing runs, and while it is being spawned
    gate: tuple[str, ...] = ()  # why it may not be started now
    fault: str | None = None  # why it last died, or is being stopped, by its own doing
    renewal: str | None = None  # why Ghost starts it again though it did not die, until ready
    drilled: bool = False  # its next end is on purpose
    done: bool = False  # its work ended by itself, and well
    record: Record = field(default_factory=Record)
    deadline: float | None = None  # the state says what is due then
    since: float = 0.0  # when it came into this state
    held_until: float | None = None
    stopped: bool = False  # by a person, so that `ghost up` leaves it so
    by: str | None = None  # who stopped it, or holds it
    rested_at: float | None = None  # when, where this Ghost was told
    exits: tuple[Exit, ...] = ()  # the last EXITS_KEPT, oldest first
    starts: int = 0  # ever
    restarts: int = 0  # by Ghost itself, since a person last gave an order

    @property
    def last_exit(self) -> Exit | None:
        """How its process last ended."""
        return self.exits[-1] if self.exits else None

    @property
    def is_alive(self) -> bool:
        """Whether a process of it runs, or is being started."""
        return self.state in ALIVE

    @property
    def is_ready(self) -> bool:
        """Whether what comes after it may start."""
        return self.state is State.UP or self.done


Next = tuple[Daemon, tuple[Effect, ...]]


def step(d: Daemon, event: Event, now: float) -> Next:
    """Return the daemon after `event` at `now`, and the effects to perform, in order."""
    after, effects = _turn(d, event, now)
    if after.state is not d.state:
        after = replace(after, since=now)
    return after, effects


def _turn(d: Daemon, event: Event, now: float) -> Next:  # noqa: C901, PLR0912  it is the table
    match event, d.state:
        # What people and lifecycle ask for.
        case Start(asked) | Restart(asked), _ if _rests_since(d, asked):
            return d, ()
        case Start() | Restart(), State.DOWN | State.WAITING | State.BACKOFF | State.BLOCKED:
            return _spawn(_afresh(d))
        case Restart(), State.STARTING | State.UP:
            return _ask_to_exit(_afresh(d), now)
        case Start() | Restart(), _:
            return _afresh(d), ()
        case Renew(why, _, proc), State.STARTING | State.UP if _renewed(d, proc):
            return _ask_to_exit(replace(d, renewal=why, restarts=d.restarts + 1), now)
        case Renew(why, True), State.BACKOFF | State.BLOCKED:
            return _spawn(replace(_forgiven(d), renewal=why))
        case Stop(lasting, by), State.STARTING | State.UP:
            return _ask_to_exit(_stopped(d, by, now, lasting=lasting), now)
        case Hold(until, by), _ if d.is_alive:
            return _held(d, until, by, now), ()
        case Hold(until, by), _:
            return _rest(_held(d, until, by, now))
        case Stop(lasting, by), _ if d.is_alive:
            return _stopped(d, by, now, lasting=lasting), ()
        case Stop(lasting, by), _:
            return _rest(_stopped(d, by, now, lasting=lasting))
        case Reset(), State.BACKOFF | State.BLOCKED:
            return _spawn(_forgiven(d))
        case Reset(), State.UP:
            return replace(_forgiven(d), deadline=None), ()
        case Reset(), _:
            return _forgiven(d), ()

        # What stands before a start.
        case Gated(why), _ if why not in d.gate:
            return replace(d, gate=(*d.gate, why)), ()
        case Cleared(why), _ if d.gate:
            return _open(d, why)

        # What the world reports.
        case Spawned(proc) | Adopted(proc), State.STARTING if d.proc is None:
            return _begun(replace(d, starts=d.starts + 1), proc, now)
        case Adopted(proc), State.DOWN | State.WAITING | State.BACKOFF | State.BLOCKED:
            return _begun(replace(d, fault=None), proc, now)
        case Unspawned(why, own), State.STARTING if d.proc is None:
            return _not_begun(d, why, now, own=own)
        case Ready(proc), State.STARTING if proc == d.proc:
            return _ready(d, now)
        case Sick(proc, why), State.STARTING | State.UP if proc == d.proc and _judged(d):
            return _ask_to_exit(replace(d, fault=why), now)
        case Drilled(proc), State.UP if proc == d.proc and _judged(d):
            return replace(d, drilled=True), ()
        case Exited(proc, code, left, why), _ if proc == d.proc:
            return _exited(d, code, now, left=left, why=why or in_words(code))
        case Gone(proc), State.STOPPING | State.KILLING if proc == d.proc:
            return _gone(d, now)

        # What time does.
        case Elapsed(), State.STARTING if d.proc is not None and _judged(d):
            late = f"not ready within {d.policy.start_timeout_s:g} s"
            return _ask_to_exit(replace(d, fault=late), now)
        case Elapsed() | Resumed(), State.STARTING if d.proc is not None:  # held: not judged
            return replace(d, deadline=now + d.policy.start_timeout_s), ()
        case Elapsed(), State.UP:
            return _stable(d, now)
        case Elapsed(), State.STOPPING | State.KILLING:
            return _kill(d, now)
        case Elapsed(), State.BACKOFF | State.BLOCKED:
            return _spawn(d if d.drilled else replace(d, restarts=d.restarts + 1))
    return d, ()  # nothing else changes anything


def _renewed(d: Daemon, meant: Proc | None) -> bool:
    return d.proc is not None and _judged(d) and meant in (None, d.proc)


def _judged(d: Daemon) -> bool:
    """Tell whether Ghost may act on what it thinks of a running daemon; a held one is left be."""
    return d.wanted is Wanted.UP


def _rests_since(d: Daemon, asked: float | None) -> bool:
    """Tell whether a person has stopped it, or holds it, since a start was asked for."""
    if asked is None or d.rested_at is None or d.rested_at <= asked:
        return False
    return d.stopped or d.wanted is Wanted.HELD


def _afresh(d: Daemon) -> Daemon:
    """Return `d` wanted up by a person, who forgives everything."""
    wanted = replace(d, wanted=Wanted.UP, record=Record(), restarts=0)
    wanted = replace(wanted, fault=None, renewal=None, drilled=False, done=False)
    return replace(wanted, held_until=None, stopped=False, by=None)


def _stopped(d: Daemon, by: str | None, now: float, *, lasting: bool) -> Daemon:
    """Return `d` unwanted. A daemon that a person holds or stopped stays so for `ghost up`."""
    by, at = (by, now) if lasting else (d.by, d.rested_at)
    lasting = lasting or d.stopped
    wanted = d.wanted if d.wanted is Wanted.HELD and not lasting else Wanted.DOWN
    until = d.held_until if wanted is Wanted.HELD else None  # else its end would start it
    stopped = replace(d, wanted=wanted, stopped=lasting, by=by, held_until=until, done=False)
    stopped = replace(stopped, rested_at=at, fault=None, restarts=0)
    return replace(stopped, renewal=None, drilled=False)


def _held(d: Daemon, until: float | None, by: str | None, now: float) -> Daemon:
    held = replace(d, wanted=Wanted.HELD, held_until=until, by=by, rested_at=now)
    return replace(held, stopped=False, restarts=0)


def _forgiven(d: Daemon) -> Daemon:
    return replace(d, record=Record(), restarts=0)


def _open(d: Daemon, why: str | None) -> Next:
    gate = tuple(w for w in d.gate if why is not None and w != why)
    opened = replace(d, gate=gate)
    return _spawn(opened) if d.state is State.WAITING and not gate else (opened, ())


def _spawn(d: Daemon) -> Next:
    state = State.WAITING if d.gate else State.STARTING
    effects = () if d.gate else (Spawn(),)
    spawned = replace(d, state=state, proc=None, fault=None, drilled=False, done=False)
    return replace(spawned, deadline=None), effects


def _begun(d: Daemon, proc: Proc, now: float) -> Next:
    deadline = now + d.policy.start_timeout_s
    begun = replace(d, state=State.STARTING, proc=proc, done=False, deadline=deadline)
    return _ask_to_exit(begun, now) if d.wanted is Wanted.DOWN else (begun, ())


def _not_begun(d: Daemon, why: str, now: float, *, own: bool) -> Next:
    """Wait where the trouble is Ghost's; else it is a death like any other."""
    if own and d.wanted is Wanted.UP:
        gate = d.gate if why in d.gate else (*d.gate, why)
        waiting = replace(d, state=State.WAITING, gate=gate, deadline=None)
        return waiting, (Tell(f"waiting for {why}"),)
    return _died(replace(d, exits=_with(d.exits, Exit(None, why, now))), why, now)


def _ready(d: Daemon, now: float) -> Next:
    ready = replace(d, state=State.UP, fault=None, renewal=None)
    return replace(ready, deadline=_forgiving_at(d, now)), ()


def _forgiving_at(d: Daemon, now: float) -> float | None:
    to_forgive = d.record.unforgiven or d.record.trips
    return now + d.policy.stable_after_s if to_forgive else None


def _stable(d: Daemon, now: float) -> Next:
    forgiven = replace(d, record=forgive(d.record))
    return replace(forgiven, deadline=_forgiving_at(forgiven, now)), ()


def _ask_to_exit(d: Daemon, now: float) -> Next:
    if d.proc is None:  # still being spawned: what is wanted decides once it is
        return d, ()
    asked = replace(d, state=State.STOPPING, deadline=now + d.policy.stop_timeout_s)
    return asked, (Signal(d.proc, d.policy.stop_signal),)


def _kill(d: Daemon, now: float) -> Next:
    assert d.proc is not None, "only what runs is stopping or killing"
    killed = replace(d, state=State.KILLING, deadline=now + d.policy.kill_again_s)
    kill = Signal(d.proc, SIGKILL)
    survived = Tell("survived SIGKILL; trying again")
    return killed, (kill, survived) if d.state is State.KILLING else (kill,)


def _exited(d: Daemon, code: int | None, now: float, *, left: bool, why: str) -> Next:
    """Note how the leader ended; go on at once, or when what it left is gone."""
    why = "killed by a drill" if d.drilled else why
    exits = _with(d.exits, Exit(code, d.fault or d.renewal or why, now))
    if d.state not in (State.STARTING, State.UP):
        d = replace(d, exits=exits)
        return (d, ()) if left else _gone(d, now)
    end = d.policy.is_end(code)
    done = end and d.policy.is_clean(code) and d.wanted is not Wanted.DOWN
    d = replace(d, exits=exits, fault=None if done else why, done=done)
    return _ask_to_exit(d, now) if left else _gone(d, now)


def _with(exits: tuple[Exit, ...], end: Exit) -> tuple[Exit, ...]:
    return (*exits, end)[-EXITS_KEPT:]


def _gone(d: Daemon, now: float) -> Next:
    if d.done:
        return _rest(d)
    if d.fault:
        return _died(d, d.fault, now)
    return _spawn(d) if d.wanted is Wanted.UP else _rest(d)


def _died(d: Daemon, why: str, now: float) -> Next:
    if d.wanted is not Wanted.UP:
        return replace(_rest(d)[0], fault=why), (Tell(why),)
    if d.policy.restart is After.NEVER:
        return replace(_rest(d)[0], fault=why), (Tell(f"{why}; not started again"),)
    if d.drilled:
        again = now + delay(d.policy, 1, d.name)
        ended = replace(d, state=State.BACKOFF, proc=None, fault=why)
        return replace(ended, deadline=again), (Tell(why),)
    verdict = judge(d.policy, d.record, d.name, now)
    dead = replace(
        d,
        state=State.BLOCKED if verdict.blocked else State.BACKOFF,
        proc=None,
        fault=why,
        record=verdict.record,
        deadline=now + verdict.wait_s,
    )
    return dead, (Tell(f"{why}; {verdict.why}" if verdict.why else why),)


def _rest(d: Daemon) -> Next:
    rested = replace(d, state=State.DOWN, proc=None, fault=None, deadline=None)
    return replace(rested, renewal=None, drilled=False), ()


def in_words(code: int | None) -> str:
    """Say how a process ended, from its exit code as subprocess has it."""
    if code is None:
        return "exited, code unknown"
    if code >= 0:
        return f"exited {code}"
    try:
        return f"killed by {Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"killed by signal {-code}"
