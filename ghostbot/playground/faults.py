"""Slack having a bad day, on demand: what the next calls, acks and connections will meet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["error", "ratelimited", "unavailable", "slow", "cut"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What one call meets. `applied` says that its effect happens all the same."""

    kind: Kind
    error: str = ""
    seconds: float = 0.0
    applied: bool = False


class Faults:
    """The trouble that was ordered and not met yet, and what stays until it is called off.

    A method named `*` means whichever comes.
    """

    def __init__(self) -> None:
        self._calls: dict[str, deque[Fault]] = {}
        self._dropped_acks = 0
        self._doubles = 0
        self._outage = False
        self._failing = False
        self.on_outage: Callable[[], None] = lambda: None
        self.limits: dict[str, int] = {}  # method → Retry-After of each of its calls
        self.lag_s = 0.0  # how late every answer and every envelope is
        self.revoked = ""  # the error that the bot token meets: token_revoked, account_inactive
        self.rate_limits = True  # Slack's own tiers; a load test may switch them off
        self.mute_pongs = False  # half-open: the line is up, and nobody answers a PING

    def error(
        self, method: str, error: str = "internal_error", *, times: int = 1, applied: bool = False
    ) -> None:
        """Answer `ok: false` with this error, before the write or after it."""
        self._add(method, Fault("error", error, applied=applied), times)

    def ratelimited(self, method: str, *, retry_after: int = 1, times: int = 1) -> None:
        """Answer 429 with Retry-After."""
        self._add(method, Fault("ratelimited", seconds=retry_after), times)

    def unavailable(self, method: str, *, times: int = 1) -> None:
        """Answer 503 with a page of HTML."""
        self._add(method, Fault("unavailable"), times)

    def slow(self, method: str, seconds: float, *, times: int = 1) -> None:
        """Answer rightly, but late."""
        self._add(method, Fault("slow", seconds=seconds, applied=True), times)

    def cut(self, method: str, *, times: int = 1, applied: bool = True) -> None:
        """Cut the connection instead of answering: by default after having done the work."""
        self._add(method, Fault("cut", applied=applied), times)

    def drop_acks(self, times: int = 1) -> None:
        """Lose the next acks on their way to Slack."""
        self._dropped_acks += times

    def duplicate_envelopes(self, times: int = 1) -> None:
        """Deliver the next envelopes twice."""
        self._doubles += times

    @property
    def outage(self) -> bool:
        """Whether Slack is gone: no call is answered, and no connection is kept or accepted."""
        return self._outage

    @outage.setter
    def outage(self, gone: bool) -> None:
        self._outage = gone
        if gone:
            self.on_outage()

    @property
    def failing(self) -> bool:
        """Whether every call meets a 503, and no connection is kept or accepted."""
        return self._failing

    @failing.setter
    def failing(self, so: bool) -> None:
        self._failing = so
        if so:
            self.on_outage()

    @property
    def waiting(self) -> dict[str, int]:
        """How many acks are going to be lost, and how many envelopes doubled."""
        return {"lost_acks": self._dropped_acks, "doubled": self._doubles}

    def clear(self) -> None:
        """Call everything off that was ordered and not met."""
        self._calls.clear()
        self._dropped_acks = self._doubles = 0
        self._outage = self._failing = self.mute_pongs = False
        self.limits.clear()
        self.lag_s = 0.0
        self.revoked = ""

    def take(self, method: str) -> Fault | None:
        """What this call meets, if anything; an order is used up once, a state is not."""
        for name in (method, "*"):
            if self._calls.get(name):
                return self._calls[name].popleft()
        if self._failing:
            return Fault("unavailable")
        seconds = self.limits.get(method) or self.limits.get("*")
        return Fault("ratelimited", seconds=seconds) if seconds else None

    def take_ack(self) -> bool:
        """Whether this ack is lost."""
        lost = self._dropped_acks > 0
        self._dropped_acks -= lost
        return lost

    def take_double(self) -> bool:
        """Whether this envelope is delivered twice."""
        double = self._doubles > 0
        self._doubles -= double
        return double

    def _add(self, method: str, fault: Fault, times: int) -> None:
        self._calls.setdefault(method, deque()).extend([fault] * times)
