"""Which signed ids came lately, and as what: a signature covers its id, and no other header.

Whoever caught a delivery could send it again under another `Idempotency-Key` for as long as its
timestamp is fresh. Afterwards it is stale, so nothing older need be kept.
"""

from __future__ import annotations

from collections.abc import Callable

from ghostbot.patches.offer import KeyTaken
from ghostbot.web.signatures import STALE_S

KEPT_S = 2 * STALE_S  # its timestamp may lie as far ahead as behind
MOST = 10_000  # of all sources; their rates let in fewer


class Replays:
    """Signed ids, each with the key under which it first came."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take the clock that timestamps are compared with."""
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[str, float]] = {}  # in the order they came

    def note(self, source: str, own: str, key: str) -> None:
        """Keep that a signed id came with a key. Raises KeyTaken where it came with another."""
        now = self._clock()
        for known, (_, at) in tuple(self._seen.items()):
            if now - at <= KEPT_S and len(self._seen) <= MOST:
                break
            del self._seen[known]
        first, _ = self._seen.setdefault((source, own), (key, now))
        if first != key:
            words = f"cannot take {own}: it came before, under another Idempotency-Key"
            raise KeyTaken(words)
