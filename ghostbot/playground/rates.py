"""How often a method may be called: a bucket per method, and one per channel for posting.

Slack's tiers are averages per minute, and it lets bursts pass ("Rate limits"): a bucket holds what
a minute gives, and at least BURST. chat.postMessage is held to one per second in each channel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ghostbot.playground.clock import Clock

BURST = 20
POSTS_PER_MINUTE = 60  # per channel
POSTS_BURST = 20
MOST_BUCKETS = 1_000  # a caller may name as many channels as it likes


@dataclass(slots=True)
class Bucket:
    """Calls that are still free, and when they were counted."""

    free: float
    counted: float


class Rates:
    """All buckets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, *, per_minute: int, burst: int | None = None) -> int:
        """Count a call; 0 when it is allowed, else the seconds until the next one is."""
        most = float(max(per_minute, BURST) if burst is None else burst)
        now = self._clock.now()
        bucket = self._buckets.pop(name, None) or Bucket(most, now)
        self._buckets[name] = bucket  # the last one used stands last
        if len(self._buckets) > MOST_BUCKETS:
            del self._buckets[next(iter(self._buckets))]
        per_second = per_minute / 60
        bucket.free = min(most, bucket.free + (now - bucket.counted) * per_second)
        bucket.counted = now
        if bucket.free >= 1:
            bucket.free -= 1
            return 0
        return max(1, math.ceil((1 - bucket.free) / per_second))
