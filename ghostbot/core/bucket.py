"""How often something may be done: a token bucket. Pure.

Rule 1: a bucket begins full: as many as it holds may come at once, then one at a time.
Rule 2: who is turned away takes nothing, and is told when it is worth coming again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds: 10 in 60 is "10/min"."""

    count: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many may come now, as it was known at an instant."""

    left: float
    at: float


def taken(bucket: Bucket | None, rate: Rate, now: float) -> tuple[Bucket, float]:
    """Take one of what is left; return the bucket then, and 0.0 or how many seconds to wait."""
    if bucket is None:
        bucket = Bucket(float(rate.count), now)
    refilled = bucket.left + max(0.0, now - bucket.at) * rate.count / rate.per_s
    left = min(float(rate.count), refilled)
    if left >= 1.0:
        return Bucket(left - 1.0, now), 0.0
    return Bucket(left, now), (1.0 - left) * rate.per_s / rate.count


def is_full(bucket: Bucket, rate: Rate, now: float) -> bool:
    """Tell whether a bucket is as one that was never taken from, and need not be kept."""
    return bucket.left + (now - bucket.at) * rate.count / rate.per_s >= rate.count
