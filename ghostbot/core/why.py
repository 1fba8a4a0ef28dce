"""Why a daemon is as it is: what happened, who wanted it so, and what comes next, in words.

Rule 1: the words say what the record holds and nothing more: what is not known is not guessed.
Rule 2: what comes next is read from the same deadline that the watchdog waits for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from ghostbot.core.daemon import Daemon, Exit, State, Wanted
from ghostbot.core.restart import After, Kind
from ghostbot.core.snapshot import DaemonView, breaker

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
SOMEBODY = "somebody"


@dataclass(frozen=True, slots=True)
class Budgets:
    """How near a daemon is to being blocked, and what the next delay grows with."""

    breaker: str  # closed, open, half-open
    trips: int
    flapping: bool
    unforgiven: int
    recent: int  # deaths within window_s
    max_restarts: int
    window_s: float
    slow: int  # deaths within slow_window_s
    slow_restarts: int
    slow_window_s: float
    next_start_in_s: float | None


@dataclass(frozen=True, slots=True)
class Why:
    """The answer, for people; `exits` are the newest last."""

    happened: tuple[str, ...]
    next: str
    exits: tuple[Exit, ...]
    budgets: Budgets
    gate: tuple[str, ...]
    by: str | None  # who stopped or holds it


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a daemon is as it is: the daemon, the words, and the last lines of its log."""

    view: DaemonView
    daemon: Daemon
    why: Why
    offset: float  # of the wall clock from the monotonic one
    lines: tuple[str, ...]


def why(
    d: Daemon,
    now: float,
    others: Mapping[str, str] | None = None,
    *,
    schedule: str | None = None,
) -> Why:
    """Explain `d` at `now` (monotonic). `others` has the word of what it may wait for."""
    rests = d.state is State.DOWN and d.wanted is not Wanted.HELD and not d.stopped
    oneshot = d.policy.kind is Kind.ONESHOT
    return Why(
        happened=tuple(line for line in (*_wish(d, now), _state(d, now, others or {})) if line),
        next=f"started by its schedule, {schedule}"
        if schedule and rests and oneshot
        else _next(d, now),
        exits=d.exits,
        budgets=budgets(d, now),
        gate=d.gate,
        by=d.by,
    )


def budgets(d: Daemon, now: float) -> Budgets:
    """Count the deaths of `d` as they stand at `now`."""
    p, r = d.policy, d.record
    due = d.deadline if d.state in (State.BACKOFF, State.BLOCKED) else None
    return Budgets(
        breaker=breaker(d),
        trips=r.trips,
        flapping=r.flapping,
        unforgiven=r.unforgiven,
        recent=sum(at > now - p.restart_window_s for at in r.deaths),
        max_restarts=p.max_restarts,
        window_s=p.restart_window_s,
        slow=sum(at > now - p.slow_window_s for at in r.deaths),
        slow_restarts=p.slow_restarts,
        slow_window_s=p.slow_window_s,
        next_start_in_s=None if due is None else max(0.0, due - now),
    )


def exits_in_window(d: Daemon) -> tuple[float, ...]:
    """Return when it exited within `restart_window` of its last exit; the oldest first."""
    if not d.exits:
        return ()
    last = d.exits[-1].when
    return tuple(e.when for e in d.exits if e.when > last - d.policy.restart_window_s)


def span(seconds: float) -> str:
    """Say a span as people do: `0.4 s`, `40 s`, `2 min 5 s`, `3 h 2 min`, `4 d 1 h`."""
    if seconds < MINUTE_S:
        return f"{max(0.0, seconds):.1f} s" if seconds < 1 else f"{int(seconds)} s"
    units = ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min"), (1, "s"))
    at = next(i for i, (size, _) in enumerate(units) if seconds >= size)
    (size, unit), (small, small_unit) = units[at : at + 2]
    rest = int(seconds % size // small)
    return f"{int(seconds // size)} {unit}" + (f" {rest} {small_unit}" if rest else "")


def _wish(d: Daemon, now: float) -> tuple[str, ...]:
    """Say what people did with it, if they did."""
    if d.wanted is Wanted.HELD:
        until = "" if d.held_until is None else f" for another {span(d.held_until - now)}"
        return (f"{d.by or SOMEBODY} holds it{until}: Ghost leaves it as it is",)
    return (f"{d.by or SOMEBODY} stopped it",) if d.stopped else ()


def _state(d: Daemon, now: float, others: Mapping[str, str]) -> str:  # noqa: C901  one line a state
    ago = span(now - d.since)
    pid = f"pid {d.proc.pid}" if d.proc else "its process"
    match d.state:
        case State.DOWN if d.done:
            return f"its work is done, since {ago}: {_end(d)}"
        case State.DOWN if d.fault:
            return f"it has been down for {ago}: {d.fault}"
        case State.DOWN:
            return f"it has been down for {ago}" if d.since else "it was not started yet"
        case State.WAITING:
            return f"it has waited for {ago}: {'; '.join(_reason(g, others) for g in d.gate)}"
        case State.STARTING:
            cause = f" ({d.renewal})" if d.renewal else ""
            return f"{pid} was started {ago} ago{cause}, and has not proved ready"
        case State.UP:
            return f"{pid} has been up for {ago}"
        case State.STOPPING:
            cause = f": {d.fault or d.renewal}" if d.fault or d.renewal else ""
            return f"{pid} was asked to exit {ago} ago{cause}"
        case State.KILLING:
            return f"{pid} did not exit when asked; it has been killed again and again for {ago}"
        case State.BACKOFF:
            return f"it died {ago} ago: {d.fault}"
        case State.BLOCKED:
            return f"it has been blocked for {ago}: {d.fault}; {_tripped(d)}"
    assert_never(d.state)


def _reason(why: str, others: Mapping[str, str]) -> str:
    return f"{why} is {others[why]}" if why in others else why


def _end(d: Daemon) -> str:
    return d.last_exit.why if d.last_exit else "its exit was not seen"


def _tripped(d: Daemon) -> str:
    """Say why its breaker is open."""
    if d.record.trips > 1:
        tries = d.record.trips - 1
        return f"it died again at {'the try' if tries == 1 else f'each of {tries} tries'} since"
    if d.record.flapping:
        return f"it flaps: {len(d.record.deaths)} deaths within {span(d.policy.slow_window_s)}"
    return f"it died {d.policy.max_restarts} times within {span(d.policy.restart_window_s)}"


def _next(d: Daemon, now: float) -> str:  # noqa: C901  one line a state
    left = span((d.deadline or now) - now)
    p, name = d.policy, d.name
    match d.state:
        case State.DOWN if d.wanted is Wanted.HELD and d.held_until is not None:
            return f"started in {span(d.held_until - now)}; `ghost start {name}` does it now"
        case State.DOWN:
            never = " (restart is never)" if p.restart is After.NEVER and d.fault else ""
            return f"nothing{never}, until somebody types `ghost start {name}`"
        case State.WAITING:
            return f"started as soon as nothing of that stands in its way ({', '.join(d.gate)})"
        case State.STARTING if d.proc is None:
            return "its process is started at this moment"
        case State.STARTING if p.kind is Kind.ONESHOT:
            return f"it is done when it ends well, and has {left} for that"
        case State.STARTING:
            return f"it has {left} to be ready, or is stopped, and that counts as a death"
        case State.UP:
            return _up_next(d, left)
        case State.STOPPING:
            return f"SIGKILL in {left}, for whatever of it is left; {_afterwards(d)}"
        case State.KILLING:
            return f"SIGKILL again in {left}; {_afterwards(d)}"
        case State.BACKOFF if d.drilled:
            return f"started again in {left}; a drill is no death"
        case State.BACKOFF:
            nth = d.record.unforgiven
            return f"started again in {left} (death {nth} not yet forgiven; the delay grows)"
        case State.BLOCKED:
            return f"one start is tried in {left}; `ghost reset {name}` tries now, and forgives"
    assert_never(d.state)


def _up_next(d: Daemon, left: str) -> str:
    if d.deadline is not None and d.record.trips:
        return f"if it stays up for {left} more, its breaker closes"
    if d.deadline is not None:
        return f"if it stays up for {left} more, {_forgiven(d.record.unforgiven)}"
    if d.wanted is Wanted.HELD:
        return "should it exit, it is not started again"
    return "nothing is due"


def _forgiven(count: int) -> str:
    return "its death is forgiven" if count == 1 else f"one of its {count} deaths is forgiven"


def _afterwards(d: Daemon) -> str:
    if d.wanted is Wanted.UP and not d.done:
        return "then it dies its death" if d.fault else "then it is started again"
    return "then it is down"
