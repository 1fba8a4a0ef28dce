"""Whether a connection lives, by what comes back on it and not by what it says of itself.

The SDK keeps the time of the last pong on the wall clock, which may jump: here only *that* it
changed counts, on the loop's clock. Its own reconnecting is left alone until the graces are over.
"""

from __future__ import annotations

import asyncio

from ghostbot.slack.socket import SpacedClient

DOWN_S = 75.0  # without a connection, before client and handler are built anew
SILENT_S = 75.0  # without a pong, though lines are opened: four of the SDK's pings and some more
UNSURE_S = 35.0  # without a pong, before people read that the line is silent


class Pulse:
    """Watches one connection. Needs a running loop."""

    def __init__(self, link: SpacedClient) -> None:
        """Begin to watch."""
        self._link = link
        self._now = asyncio.get_running_loop().time
        self._up_at = self._heard_at = self._now()
        self._pong = link.last_ping_pong_time

    def feel(self) -> None:
        """Look at the connection. To be called every few seconds."""
        pong = self._link.last_ping_pong_time
        # The SDK itself writes the first one after a None, before anything came back.
        if pong != self._pong and None not in (pong, self._pong):
            self._heard_at = self._now()
        self._pong = pong
        if self._link.is_up:
            self._up_at = self._now()

    @property
    def is_silent(self) -> bool:
        """Whether nothing came back for a while."""
        return self._now() - self._heard_at > UNSURE_S

    @property
    def is_gone(self) -> bool:
        """Whether the SDK has not come back for too long by itself."""
        now = self._now()
        return now - self._up_at > DOWN_S or now - self._heard_at > SILENT_S
