"""A trouble with one daemon, from its first death to its end: pure, one message each.

Rule 1: one trouble is one incident. A death soon after the recovery is the same trouble again,
        and so is any death while the daemon is flapping.
Rule 2: an incident says what is; the buttons that make sense follow from its phase.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from ghostbot.core.daemon import Daemon, State, Wanted
from ghostbot.core.restart import After

LINES_KEPT = 20  # of the log, in an incident
STEPS_KEPT = 50  # of its history; the middle of a long one is dropped


class Phase(StrEnum):
    """How a trouble stands."""

    DOWN = "down"  # dead, and a start is due
    RESTARTING = "restarting"  # a new process, not yet ready
    RECOVERED = "recovered"
    BLOCKED = "blocked"  # the breaker is open
    FAILED = "failed"  # dead, and the policy starts it no more
    STOPPED = "stopped"  # a person stopped or held it: no trouble any more


OVER = frozenset({Phase.RECOVERED, Phase.STOPPED})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `at` is UTC epoch seconds."""

    at: float
    what: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One trouble. Instants are UTC epoch seconds; `id` is given by the store, from 1."""

    id: int
    daemon: str
    phase: Phase
    cause: str  # the last death, in words
    opened_at: float
    changed_at: float
    deaths: int = 1
    next_try_at: float | None = None
    steps: tuple[Step, ...] = ()
    lines: tuple[str, ...] = ()  # the log's last, as they were at the last death

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done about it."""
        return self.phase in OVER


def phase_of(after: Daemon) -> Phase | None:
    """Say how the trouble with a daemon stands after a turn; None: the turn says nothing of it."""
    match after.state:
        case State.BACKOFF:
            return Phase.DOWN
        case State.BLOCKED:
            return Phase.BLOCKED
        case State.STARTING | State.WAITING:
            return Phase.RESTARTING
        case State.UP:
            return Phase.RECOVERED
        case State.DOWN if after.fault:
            return Phase.FAILED
        case State.DOWN:
            return Phase.RECOVERED if after.done else Phase.STOPPED
        case State.STOPPING | State.KILLING:
            return Phase.STOPPED if after.wanted is Wanted.DOWN else None
    assert_never(after.state)


def is_death(before: Daemon, after: Daemon) -> bool:
    """Tell whether this turn is a death that nobody asked for."""
    if after.state is before.state:
        return False
    if after.state in (State.BACKOFF, State.BLOCKED):
        return True
    return after.state is State.DOWN and after.fault is not None


def follow(incident: Incident | None, before: Daemon, after: Daemon, at: float) -> Incident | None:
    """Return the incident after a turn of its daemon: a new one (id 0), a changed one, or it.

    None stays None until a death. An incident that is over is opened again by a death within
    the daemon's `stable_after`; after that the death is a new one's.
    """
    if is_death(before, after):
        return _dead(incident, after, at)
    if incident is None or after.state is before.state:
        return incident
    phase = phase_of(after)
    if phase is None or phase is incident.phase or incident.is_over:
        return incident
    changed = replace(incident, phase=phase, changed_at=at, next_try_at=None)
    return _noted(changed, _said(phase, after), at)


def _dead(incident: Incident | None, after: Daemon, at: float) -> Incident:
    cause = after.fault or "died"
    phase = phase_of(after) or Phase.DOWN
    if incident is None or _is_past(incident, after, at):
        fresh = Incident(0, after.name, phase, cause, opened_at=at, changed_at=at)
        return _noted(_due(fresh, after, at), _said_dead(after, cause), at)
    again = replace(incident, phase=phase, cause=cause, changed_at=at, deaths=incident.deaths + 1)
    return _noted(_due(again, after, at), _said_dead(after, cause), at)


def _is_past(incident: Incident, after: Daemon, at: float) -> bool:
    if after.record.flapping:  # it comes and goes: that is told once
        return False
    return incident.is_over and at - incident.changed_at > after.policy.stable_after_s


def _due(incident: Incident, after: Daemon, at: float) -> Incident:
    wait_s = after.deadline - after.since if after.deadline is not None else None
    return replace(incident, next_try_at=None if wait_s is None else at + wait_s)


def _noted(incident: Incident, what: str, at: float) -> Incident:
    steps = (*incident.steps, Step(at, what))
    if len(steps) > STEPS_KEPT:
        half = STEPS_KEPT // 2
        steps = (*steps[:half], *steps[-half:])
    return replace(incident, steps=steps)


def _said_dead(after: Daemon, cause: str) -> str:
    if after.state is State.BLOCKED:
        why = "flapping" if after.record.flapping else "died too often"
        return f"{cause}; blocked: {why}"
    if after.state is State.DOWN:
        never = after.policy.restart is After.NEVER
        return f"{cause}; not started again" + (" (restart = never)" if never else "")
    return cause


def _said(phase: Phase, after: Daemon) -> str:
    match phase:
        case Phase.RESTARTING if after.state is State.WAITING:
            return f"waiting for {', '.join(after.gate)}"
        case Phase.RESTARTING:
            return "starting again"
        case Phase.RECOVERED:
            return "done" if after.done else "up again"
        case Phase.STOPPED:
            return "held" if after.wanted is Wanted.HELD else "stopped by a person"
        case Phase.DOWN | Phase.BLOCKED | Phase.FAILED:
            return phase.value
    assert_never(phase)
