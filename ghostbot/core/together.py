"""Deaths that belong together: one trouble for all that died of one cause. Pure.

Rule 1: who dies within `TOGETHER_S` of the first and comes after it, or before it, or after what
        it comes after too, is a part of the same trouble. What the others come after is its root.
Rule 2: where `MANY` die within that time, the host is what they have in common: one trouble.
Rule 3: until then a second one that is no kin of the first waits to be told: it may be the second
        of many.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ghostbot.core.incident import About, Incident, Part, Phase, noted, worst
from ghostbot.core.order import downstream, upstream

TOGETHER_S = 5.0
MANY = 3

After = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of a new trouble: the incident that it is now, and those that went into it."""

    incident: Incident
    gone: tuple[Incident, ...] = ()


def join(fresh: Incident, known: Iterable[Incident], after: After, at: float) -> Joined:
    """Put a new trouble (id 0) together with those that began just before it, or leave it alone."""
    near = sorted((i for i in known if _is_near(i, fresh, at)), key=lambda i: i.id)
    akin = _kin_of(fresh.daemon, after) if near else set()
    kin = [i for i in near if not akin.isdisjoint(i.names)]
    if not kin and sum(len(i.names) for i in near) + 1 >= MANY:
        kin = near
    if kin:
        return _merged(fresh, kin, after, at)
    if near:
        return Joined(replace(fresh, hold_until=near[0].opened_at + TOGETHER_S))
    return Joined(fresh)


def _is_near(incident: Incident, fresh: Incident, at: float) -> bool:
    if incident.about is not About.DAEMON or incident.into or fresh.daemon in incident.names:
        return False
    return at - incident.opened_at <= TOGETHER_S  # however often it died since


def _kin_of(name: str, after: After) -> set[str]:
    own = {*after.get(name, ())}
    beside = {other for other, firsts in after.items() if not own.isdisjoint(firsts)}
    return upstream(after, name) | downstream(after, name) | beside


def _merged(fresh: Incident, kin: Sequence[Incident], after: After, at: float) -> Joined:
    first, *rest = kin
    found = {p.name: p for i in (*kin, fresh) for p in (i.parts or (_part(i),))}
    root = _root([i.daemon for i in (*kin, fresh)], found, after)
    of_root = next(i for i in (*kin, fresh) if root in i.names)
    parts = (found.pop(root), *found.values())
    whole = replace(
        first,
        daemon=root,
        cause=parts[0].cause,
        parts=parts,
        phase=worst(parts),
        deaths=sum(i.deaths for i in (*kin, fresh)),
        changed_at=at,
        changed=of_root.changed,
        next_try_at=of_root.next_try_at,
        lines=of_root.lines,
        told=first.told,
    )
    for late in (*rest, fresh):
        for part in late.parts or (_part(late),):
            whole = noted(whole, f"{part.name}: {part.cause}", at)
    said = f"is part of incident {first.id}"
    gone = (replace(i, phase=Phase.STOPPED, into=first.id, changed_at=at) for i in rest)
    return Joined(whole, tuple(noted(i, said, at) for i in gone))


def _part(incident: Incident) -> Part:
    return Part(incident.daemon, incident.phase, incident.cause, incident.changed_at)


def _root(roots: Sequence[str], names: Collection[str], after: After) -> str:
    """Return which of the roots so far the others come after; where none is, the first."""
    known = {*names}
    for root in roots:
        if not upstream(after, root) & known and downstream(after, root) & known:
            return root
    return roots[0]
