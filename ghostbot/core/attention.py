"""Whose attention a trouble asks for, and when: acknowledged, silent, paged, reminded. Pure.

Rule 1: a page is for what Ghost can do no more about: once per trouble, and again for a new cause
        after an hour. Nothing mutes it.
Rule 2: an acknowledgement and a silence have an end; a new cause and a page end them too.
Rule 3: what stays stuck is said again after 1 h, 4 h, and then each day, unless somebody has it in
        hand or wants quiet; what was missed meanwhile is said once.
"""

from __future__ import annotations

from dataclasses import replace

from ghostbot.core.incident import (
    STUCK,
    Call,
    Hand,
    Incident,
    Person,
    Phase,
    is_same,
    noted,
)
from ghostbot.core.why import span

ACK_S = 86_400.0  # then somebody should look again
PAGE_AGAIN_S = 3_600.0
REMIND_S = (3_600.0, 14_400.0)
REMIND_DAILY_S = 86_400.0
AT_ONCE_S = 60.0  # who wants the same quiet so soon after another pressed at the same time
SLIP_S = 0.001  # of sums of epoch seconds


def acknowledge(incident: Incident, by: Person, at: float) -> Incident:
    """Let somebody have it in hand; where somebody has, or it is over, it stays as it is."""
    if incident.acked is not None or incident.is_over:
        return incident
    acked = replace(incident, acked=Hand(by, at, at + ACK_S))
    return noted(acked, "acknowledged it", at, by=by)


def silence(incident: Incident, by: Person, at: float, until: float) -> Incident:
    """Let it ask for nobody's attention until then; where it is silent so long, it stays so."""
    if incident.is_over or covers(incident.silenced, at, until):
        return incident
    silent = replace(incident, silenced=Hand(by, at, until))
    return noted(silent, f"silenced it for {span(until - at)}", at, by=by)


def covers(known: Hand | None, at: float, until: float) -> bool:
    """Tell whether a silence is as long as the one that is asked for, or was a moment ago."""
    if known is None:
        return False
    more_s, ago_s = until - known.until, at - known.at
    return more_s <= 0 or (ago_s <= AT_ONCE_S and more_s <= ago_s + SLIP_S)


def unsilence(incident: Incident, by: Person, at: float) -> Incident:
    """Let it ask for attention again."""
    if incident.silenced is None or incident.is_over:
        return incident
    return noted(replace(incident, silenced=None), "ended the silence", at, by=by)


def stirred(before: Incident | None, after: Incident, at: float) -> Incident:
    """Return the incident with what its change means for people's attention."""
    new_cause = before is not None and not is_same(before.cause, after.cause)
    if new_cause and not after.is_over:
        after = replace(after, acked=None, silenced=None)
    if after.is_over:
        return replace(after, stuck_at=None, reminded=0)
    if after.phase not in STUCK or (after.stuck_at is not None and not new_cause):
        return after
    stuck = replace(after, stuck_at=after.stuck_at or at)
    paged = stuck.paged_at
    if paged is not None and not (new_cause and at - paged >= PAGE_AGAIN_S):
        return stuck
    *earlier, last = stuck.steps
    calls = (*earlier, replace(last, call=Call.PAGE))
    return replace(stuck, acked=None, silenced=None, paged_at=at, steps=calls)


def lapsed(incident: Incident, now: float, *, quiet: bool) -> Incident:
    """Return the incident with what time alone does: ends, and reminders."""
    if incident.is_over:
        return incident
    if incident.acked is not None and incident.acked.until <= now:
        incident = replace(incident, acked=None)
        incident = noted(incident, "the acknowledgement is over: is it still in hand?", now)
    if incident.silenced is not None and incident.silenced.until <= now:
        incident = noted(replace(incident, silenced=None), "the silence is over", now)
    due = remind_at(incident)
    if due is None or due > now or quiet or incident.stuck_at is None:
        return incident
    stuck_s = now - incident.stuck_at
    incident = replace(incident, reminded=_reminders(stuck_s))
    said = f"still {incident.phase.value}, after {span(stuck_s)}"
    return noted(incident, said, now, call=Call.REMINDER)


def remind_at(incident: Incident) -> float | None:
    """Return when people are reminded of it; None: not while it is as it is."""
    in_hand = incident.acked is not None or incident.silenced is not None
    if incident.stuck_at is None or incident.is_over or in_hand:
        return None
    n = incident.reminded
    if n < len(REMIND_S):
        return incident.stuck_at + REMIND_S[n]
    return incident.stuck_at + REMIND_S[-1] + (n - len(REMIND_S) + 1) * REMIND_DAILY_S


def _reminders(stuck_s: float) -> int:
    """Count the reminders that are due after so long."""
    daily = max(0.0, stuck_s - REMIND_S[-1]) // REMIND_DAILY_S
    return sum(stuck_s >= after for after in REMIND_S) + int(daily)


def next_at(incident: Incident, *, quiet: bool) -> float | None:
    """Return when time alone does something about it next."""
    if incident.is_over:
        return None if incident.told else incident.hold_until
    found = [None if incident.told else incident.hold_until]
    found += [hand.until for hand in (incident.acked, incident.silenced) if hand is not None]
    found += [] if quiet else [remind_at(incident)]
    return min((at for at in found if at is not None), default=None)


def waits(incident: Incident) -> bool:
    """Tell whether people are still to be told of it: what is over only if nothing but a crowd
    kept it back, or if it is news."""
    if incident.told:
        return False
    late = incident.hold_until is not None or incident.phase is Phase.CHANGED
    return late or not incident.is_over


def is_muted(incident: Incident, now: float, *, quiet: bool) -> bool:
    """Tell whether a new trouble has to wait before people are told of it."""
    if incident.told or incident.paged_at is not None:
        return False
    if incident.hold_until is not None and now < incident.hold_until:
        return True
    return quiet or incident.silenced is not None
