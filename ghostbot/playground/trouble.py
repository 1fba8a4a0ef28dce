"""The switches at the page for a bad day of Slack: each puts one fault on or off, or does it once.

Whoever tries an app wants to see it in an outage, without a program to write for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghostbot.errors import BadRequest
from ghostbot.playground.methods import METHODS
from ghostbot.playground.normal import Json
from ghostbot.playground.world import World

OUTAGES = ("", "gone", "failing")
REVOKED = ("", "token_revoked", "account_inactive", "invalid_auth")
DISCONNECTS = ("refresh_requested", "link_disabled", "too_many_websockets")
MOST_LAG_S = 30.0
MOST_RETRY_S = 3_600


class Trouble:
    """The switches, and how they stand."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._faults = world.faults
        self._switches: dict[str, Callable[[Any], Any]] = {
            "outage": self._outage,
            "lag_s": self._lag,
            "limit": self._limit,
            "revoked": self._revoke,
            "mute_pongs": self._mute,
            "rate_limits": self._rates,
            "drop_acks": lambda _: self._faults.drop_acks(),
            "duplicate": lambda _: self._faults.duplicate_envelopes(),
            "half_done": self._half_done,
            "cut": lambda _: world.sockets.cut(),
            "clear": lambda _: self._faults.clear(),
        }

    def state(self) -> Json:
        """How the switches stand, and which methods there are to limit."""
        faults = self._faults
        outage = "gone" if faults.outage else "failing" if faults.failing else ""
        return {
            "outage": outage,
            "lag_s": faults.lag_s,
            "limits": dict(faults.limits),
            "revoked": faults.revoked,
            "mute_pongs": faults.mute_pongs,
            "rate_limits": faults.rate_limits,
            **faults.waiting,
            "methods": sorted(METHODS),
        }

    async def turn(self, what: str, value: Any) -> None:
        """Turn one switch."""
        if what == "disconnect":
            if value not in DISCONNECTS:
                raise BadRequest(f"cannot disconnect for {value!r}: there is no such reason")
            await self._world.sockets.disconnect(value)
        elif what in self._switches:
            self._switches[what](value)
        else:
            raise BadRequest(f"cannot turn {what!r}: there is no such switch")

    def _outage(self, value: Any) -> None:
        if value not in OUTAGES:
            raise BadRequest(f"cannot make the outage {value!r}: there is none of that kind")
        self._faults.outage = value == "gone"
        self._faults.failing = value == "failing"

    def _lag(self, value: Any) -> None:
        if not isinstance(value, int | float) or not 0 <= value <= MOST_LAG_S:
            raise BadRequest(f"cannot be late by {value!r}: between 0 and {MOST_LAG_S} seconds")
        self._faults.lag_s = float(value)

    def _limit(self, value: Any) -> None:
        """`[method, seconds]`; no seconds call it off."""
        method, seconds = value
        if method != "*" and method not in METHODS:
            raise BadRequest(f"cannot limit {method!r}: there is no such method")
        if not isinstance(seconds, int) or not 0 <= seconds <= MOST_RETRY_S:
            raise BadRequest(f"cannot limit {method} for {seconds!r}: up to {MOST_RETRY_S} seconds")
        self._faults.limits[method] = seconds
        if not seconds:
            del self._faults.limits[method]

    def _revoke(self, value: Any) -> None:
        if value not in REVOKED:
            raise BadRequest(f"cannot revoke the token with {value!r}: that is no error of Slack's")
        if value == "token_revoked" and not self._faults.revoked:
            self._world.events.happened("tokens_revoked", {"tokens": {"oauth": [], "bot": []}})
        self._faults.revoked = value

    def _half_done(self, _: Any) -> None:
        """The next post is made, and answered with an error all the same."""
        self._faults.error("chat.postMessage", "internal_error", applied=True)

    def _mute(self, value: Any) -> None:
        self._faults.mute_pongs = bool(value)

    def _rates(self, value: Any) -> None:
        self._faults.rate_limits = bool(value)
