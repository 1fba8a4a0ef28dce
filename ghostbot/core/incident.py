"""A trouble, from its beginning to its end: pure, one message each.

Rule 1: one trouble is one incident. A death soon after the recovery is the same trouble again,
        and so is any death while the daemon is flapping.
Rule 2: an incident says what is; the buttons that make sense follow from its phase.
Rule 3: what is no daemon (a check, a tunnel, Ghost itself) has one incident for each cause, and
        lines that differ in numbers alone are the same line.
Rule 4: daemons that died of one cause (`core.together`) are parts of one incident, which stands as
        the worst of them does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from ghostbot.core.daemon import Daemon, State, Wanted
from ghostbot.core.restart import After

LINES_KEPT = 20  # of the log, in an incident
STEPS_KEPT = 50  # of its history; the middle of a long one is dropped
RETURNS_S = 600.0  # what comes back sooner is the same trouble, where no daemon's policy says more
NUMBERS = re.compile(r"\d+")


class About(StrEnum):
    """What kind of thing has the trouble."""

    DAEMON = "daemon"
    CHECK = "check"
    TUNNEL = "tunnel"
    GHOST = "ghost"


class Phase(StrEnum):
    """How a trouble stands."""

    DOWN = "down"  # dead, and a start is due
    RESTARTING = "restarting"  # a new process, not yet ready
    RECOVERED = "recovered"
    BLOCKED = "blocked"  # the breaker is open
    FAILED = "failed"  # dead, and the policy starts it no more
    STOPPED = "stopped"  # a person stopped or held it: no trouble any more
    SICK = "sick"  # what is no daemon is not well
    HEALING = "healing"  # a heal is on its way
    UNHEALED = "unhealed"  # nothing is left to try: it is up to people
    CHANGED = "changed"  # no trouble, but news: told once, and over


OVER = frozenset({Phase.RECOVERED, Phase.STOPPED, Phase.CHANGED})


STUCK = frozenset({Phase.BLOCKED, Phase.FAILED, Phase.UNHEALED})  # Ghost can do no more
BY_WEIGHT = (  # of the parts of an incident; it stands as the heaviest does
    Phase.STOPPED,
    Phase.RECOVERED,
    Phase.RESTARTING,
    Phase.DOWN,
    Phase.FAILED,
    Phase.BLOCKED,
)


class Call(StrEnum):
    """Why a step is a new post that notifies, where an edit would not."""

    PAGE = "page"  # Ghost can do no more
    REMINDER = "reminder"  # nobody did either


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who did something about it. `id` is Slack's, or `local:USER`."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or that somebody did. `at` is UTC epoch seconds."""

    at: float
    what: str
    by: Person | None = None
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody's word on a trouble, and how long it holds (UTC epoch seconds)."""

    by: Person
    at: float
    until: float


@dataclass(frozen=True, slots=True)
class Part:
    """One of several daemons that died of one cause."""

    name: str
    phase: Phase
    cause: str
    at: float  # when it came into this phase


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
    about: About = About.DAEMON  # `daemon` is the name of whatever it is
    key: str = ""  # tells the causes of one thing apart; a daemon has one trouble at a time
    heals: bool = False  # whether a person may have it healed
    parts: tuple[Part, ...] = ()  # who died together, the root first; none where it is alone
    into: int = 0  # the incident that it became a part of
    restarts: int = 0  # by Ghost itself, since a person last gave an order
    changed: str = ""  # what changed just before
    patch: str = ""  # the id of one that was applied just before
    acked: Hand | None = None
    silenced: Hand | None = None
    stuck_at: float | None = None  # since when Ghost can do no more, tries in between included
    reminded: int = 0  # how often, since then
    paged_at: float | None = None
    told: bool = True  # whether people saw it; what is new may have to wait
    hold_until: float | None = None  # what is new waits so long for others of the same cause

    @property
    def names(self) -> tuple[str, ...]:
        """Return whom it is about, the root first."""
        return tuple(part.name for part in self.parts) or (self.daemon,)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done about it."""
        return self.phase in OVER


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is no daemon, or a tunnel, which is one too."""

    about: About
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What ails a subject, by a cause of which it has one at a time. `at` is UTC epoch seconds."""

    subject: Subject
    cause: str  # a word that stays the same for as long as the trouble does: "probe", "disk"
    line: str | None  # how it is, for people; None: it is over
    at: float
    phase: Phase = Phase.SICK
    note: str | None = None  # what happened just now, for the history; the line where there is none
    heals: bool = False


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
    if incident is None or after.state is before.state or incident.into:
        return incident
    phase = phase_of(after)
    if phase is None or phase is phase_in(incident, after.name) or incident.is_over:
        return incident
    changed = moved(incident, after.name, phase, at)
    if after.name == incident.daemon:
        changed = replace(changed, next_try_at=None)
    return noted(changed, _prefixed(incident, after.name, _said(phase, after)), at)


def phase_in(incident: Incident, name: str) -> Phase:
    """Return how one of those whom an incident is about stands."""
    return next((p.phase for p in incident.parts if p.name == name), incident.phase)


def moved(
    incident: Incident, name: str, phase: Phase, at: float, cause: str | None = None
) -> Incident:
    """Return the incident with one of those whom it is about in another phase."""
    parts = tuple(
        replace(p, phase=phase, at=at, cause=cause or p.cause) if p.name == name else p
        for p in incident.parts
    )
    if parts:
        phase = worst(parts)
    if cause is None or name != incident.daemon:
        cause = incident.cause
    return replace(incident, parts=parts, phase=phase, changed_at=at, cause=cause)


def worst(parts: tuple[Part, ...]) -> Phase:
    """Return how an incident of several stands."""
    return max((part.phase for part in parts), key=BY_WEIGHT.index)


def caught_up(incident: Incident, daemons: Mapping[str, Daemon], at: float) -> Incident:
    """Return the incident as its daemons are now, after facts about them were lost."""
    for name in incident.names:
        d = daemons.get(name)
        phase = Phase.STOPPED if d is None else phase_of(d)
        if phase is not None and phase is not phase_in(incident, name) and not incident.is_over:
            incident = moved(incident, name, phase, at)
    return incident


def _dead(incident: Incident | None, after: Daemon, at: float) -> Incident:
    cause = after.fault or "died"
    phase = phase_of(after) or Phase.DOWN
    if incident is None or incident.into or _is_past(incident, after, at):
        fresh = Incident(0, after.name, phase, cause, opened_at=at, changed_at=at, told=False)
        return noted(_due(fresh, after, at), _said_dead(after, cause), at)
    again = moved(incident, after.name, phase, at, cause)
    again = replace(again, deaths=incident.deaths + 1)
    said = _prefixed(incident, after.name, _said_dead(after, cause))
    return noted(_due(again, after, at), said, at)


def _is_past(incident: Incident, after: Daemon, at: float) -> bool:
    if after.record.flapping:  # it comes and goes: that is told once
        return False
    over, since = incident.is_over, incident.changed_at
    for part in incident.parts:
        if part.name == after.name:
            over, since = part.phase in OVER, part.at
    return over and at - since > after.policy.stable_after_s


def _prefixed(incident: Incident, name: str, said: str) -> str:
    return f"{name}: {said}" if incident.parts else said


def _due(incident: Incident, after: Daemon, at: float) -> Incident:
    incident = replace(incident, restarts=max(incident.restarts, after.restarts))
    if after.name != incident.daemon:
        return incident
    wait_s = after.deadline - after.since if after.deadline is not None else None
    return replace(incident, next_try_at=None if wait_s is None else at + wait_s)


def hear(incident: Incident | None, told: Told) -> Incident | None:
    """Return the incident after something was told: a new one (id 0), a changed one, or it."""
    if told.line is None:
        if incident is None or incident.is_over:
            return incident
        over = replace(incident, phase=Phase.RECOVERED, changed_at=told.at, next_try_at=None)
        return noted(over, told.note or "over", told.at)
    if told.phase is Phase.CHANGED:
        return _news(incident, told, told.line)
    at = told.at
    if incident is None or (incident.is_over and at - incident.changed_at > RETURNS_S):
        return noted(_fresh(told, told.line), told.note or told.line, at)
    if is_same(told.line, incident.cause) and told.phase is incident.phase and told.note is None:
        return incident
    again = incident.deaths + incident.is_over
    now = replace(incident, phase=told.phase, cause=told.line, changed_at=at, heals=told.heals)
    return noted(replace(now, deaths=again), told.note or told.line, at)


def _fresh(told: Told, line: str) -> Incident:
    name, at = told.subject.name, told.at
    fresh = Incident(0, name, told.phase, line, opened_at=at, changed_at=at, told=False)
    return replace(fresh, about=told.subject.about, key=told.cause, heals=told.heals)


def _news(incident: Incident | None, told: Told, line: str) -> Incident:
    """Tell news in a message of its own; what comes and goes is told in the last one."""
    if incident is None:
        return noted(_fresh(told, line), line, told.at)
    if line == incident.cause:
        return incident
    recent = tuple(step for step in incident.steps if told.at - step.at <= RETURNS_S)
    if line not in {step.what for step in recent}:
        return noted(replace(_fresh(told, line), steps=recent), line, told.at)
    return noted(replace(incident, cause=line, changed_at=told.at), line, told.at)


def is_same(line: str, other: str) -> bool:
    """Tell whether two lines differ in numbers at most."""
    return NUMBERS.sub("0", line) == NUMBERS.sub("0", other)


def gone(incident: Incident, at: float, why: str) -> Incident:
    """Return the incident of something that nobody speaks of any more."""
    return noted(replace(incident, phase=Phase.STOPPED, changed_at=at), why, at)


def noted(
    incident: Incident,
    what: str,
    at: float,
    *,
    by: Person | None = None,
    call: Call | None = None,
) -> Incident:
    """Return the incident with one more step. No two have the same time: it tells them apart."""
    known = {f"{step.at:.3f}" for step in incident.steps}
    while f"{at:.3f}" in known:
        at += 0.001
    steps = (*incident.steps, Step(at, what, by, call))
    if len(steps) > STEPS_KEPT:
        half = STEPS_KEPT // 2
        steps = (*steps[:half], *steps[-half:])
    return replace(incident, steps=steps)


def _said_dead(after: Daemon, cause: str) -> str:
    if after.state is State.BLOCKED:
        why = "flapping" if after.record.flapping else "died too often"
        return f"{cause}; blocked: {why}"
    if after.state is State.DOWN:
        never = " (restart = never)" if after.policy.restart is After.NEVER else ""
        held = f" ({_by(after, 'held')})" if after.wanted is Wanted.HELD else ""
        return f"{cause}; not started again{held or never}"
    return cause


def _by(after: Daemon, did: str) -> str:
    return f"{did} by {after.by}" if after.by else did


def _said(phase: Phase, after: Daemon) -> str:
    match phase:
        case Phase.RESTARTING if after.state is State.WAITING:
            return f"waiting for {', '.join(after.gate)}"
        case Phase.RESTARTING:
            return "starting again"
        case Phase.RECOVERED:
            return "done" if after.done else "up again"
        case Phase.STOPPED:
            return _by(after, "held" if after.wanted is Wanted.HELD else "stopped")
        case Phase.DOWN | Phase.BLOCKED | Phase.FAILED:
            return phase.value
        case Phase.SICK | Phase.HEALING | Phase.UNHEALED | Phase.CHANGED:
            raise AssertionError("a daemon's turn leads to none of the phases of all else")
    assert_never(phase)
