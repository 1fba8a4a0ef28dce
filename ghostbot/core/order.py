"""In which order daemons start: what comes first, level by level."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def levels(
    after: Mapping[str, Collection[str]], priority: Mapping[str, int] | None = None
) -> list[tuple[str, ...]]:
    """Return names in levels: each only comes after names of earlier levels.

    Within a level the smaller `priority` comes first, then the name. Stopping is the reverse.
    Names in `after` that are not keys are left out. Raises ValueError, naming the cycle, where
    daemons wait for each other.
    """
    rank = priority or {}
    missing = {name: {a for a in afters if a in after} for name, afters in after.items()}
    found: list[tuple[str, ...]] = []
    while missing:
        free = [name for name, afters in missing.items() if not afters]
        if not free:
            raise ValueError(" → ".join(cycle(missing)))
        found.append(tuple(sorted(free, key=lambda name: (rank.get(name, 100), name))))
        missing = {n: afters - set(free) for n, afters in missing.items() if n not in free}
    return found


def cycle(after: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return one cycle, its first name again at its end. Every name must come after another."""
    trail = [min(after)]
    while True:
        name = min(after[trail[-1]])
        if name in trail:
            return (*trail[trail.index(name) :], name)
        trail.append(name)


def upstream(after: Mapping[str, Collection[str]], name: str) -> set[str]:
    """Return all that `name` comes after, directly or not."""
    return _reach(after, name)


def downstream(after: Mapping[str, Collection[str]], name: str) -> set[str]:
    """Return all that comes after `name`, directly or not."""
    before: dict[str, set[str]] = {}
    for other, afters in after.items():
        for a in afters:
            before.setdefault(a, set()).add(other)
    return _reach(before, name)


def _reach(edges: Mapping[str, Collection[str]], name: str) -> set[str]:
    seen: set[str] = set()
    todo = list(edges.get(name, ()))
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo.extend(edges.get(at, ()))
    return seen
