"""How often anyone may knock at the webhooks, and each source be let in.

Rule 1: who knocks is counted before anything of it is read or computed: by the address it comes
        from, and by the source it names. Behind a tunnel all have one address.
Rule 2: a source's own rate is counted once it has proved itself. Else whoever knows its name could
        keep it out with a few wrong signatures a minute.
Rule 3: what is kept is bounded, whoever knocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ghostbot.config.model import OFTEN, WebhookTable
from ghostbot.core.bucket import Bucket, Rate, is_full, taken

KNOCKS = 10  # for each delivery that a source may make: wrong ones, repeated ones, and questions
LEAST = Rate(60, 60.0)  # knocks that are always allowed
BY_ADDRESS = Rate(600, 60.0)
ADDRESSES_MOST = 10_000
ANYONE = ""  # who names a source that is none


class Gate:
    """Counts knocks and deliveries."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a clock that never goes back."""
        self._clock = clock
        self._addresses: dict[str, Bucket] = {}
        self._knocks: dict[str, Bucket] = {}
        self._deliveries: dict[str, Bucket] = {}

    def knock(self, source: WebhookTable | None, address: str) -> int:
        """Count one knock; return 0, or after how many seconds to come again."""
        now = self._clock()
        self._forget(now)
        bucket, wait_s = taken(self._addresses.get(address), BY_ADDRESS, now)
        self._addresses[address] = bucket
        if wait_s:
            return math.ceil(wait_s)
        name = ANYONE if source is None else source.name
        self._knocks[name], wait_s = taken(self._knocks.get(name), _knocks(source), now)
        return math.ceil(wait_s)

    def deliver(self, source: WebhookTable) -> int:
        """Count one delivery of a source that proved itself; return as `knock`."""
        held = self._deliveries.get(source.name)
        self._deliveries[source.name], wait_s = taken(held, source.rate, self._clock())
        return math.ceil(wait_s)

    def _forget(self, now: float) -> None:
        """Drop the addresses that have not come for a while, once they are many."""
        if len(self._addresses) < ADDRESSES_MOST:
            return
        kept = {a: b for a, b in self._addresses.items() if not is_full(b, BY_ADDRESS, now)}
        # Where all of them knock without end, the oldest half begins anew: memory has an end.
        most = ADDRESSES_MOST // 2
        self._addresses = dict(list(kept.items())[-most:]) if len(kept) > most else kept


def _knocks(source: WebhookTable | None) -> Rate:
    rate = OFTEN if source is None else source.rate
    made = Rate(rate.count * KNOCKS, rate.per_s)
    return made if made.count / made.per_s > LEAST.count / LEAST.per_s else LEAST
