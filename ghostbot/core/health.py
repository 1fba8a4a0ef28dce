"""What the looks of one probe come to: its verdict, by thresholds.

Rule 1: a verdict changes after `failures` bad looks or `successes` good ones in a row.
Rule 2: a look that says nothing (Ghost itself could not look) counts for neither.
Rule 3: bad looks within a grace do not count; good ones do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict on one probe since its process began. Instants are monotonic seconds."""

    ok: bool | None = None  # None: not known yet, or not any more
    failures: int = 0  # in a row
    successes: int = 0  # in a row
    since: float | None = None  # when the verdict came about
    said: str = "not yet looked at"  # by the last look
    at: float | None = None  # of the last look


def note(
    health: Health,
    ok: bool | None,  # noqa: FBT001 - what a look found
    said: str,
    *,
    failures: int,
    successes: int,
    in_grace: bool,
    now: float,
) -> Health:
    """Return the verdict after a look at `now` that found `ok`, in the words `said`."""
    seen = replace(health, said=said, at=now)
    if ok is None:
        return seen
    if ok:
        seen = replace(seen, successes=health.successes + 1, failures=0)
        return _turned(seen, now, ok=True) if seen.successes >= successes else seen
    if in_grace:
        return replace(seen, successes=0)
    seen = replace(seen, failures=health.failures + 1, successes=0)
    return _turned(seen, now, ok=False) if seen.failures >= failures else seen


def _turned(health: Health, now: float, *, ok: bool) -> Health:
    return health if health.ok is ok else replace(health, ok=ok, since=now)
