"""How fast Ghost may speak: one message a second and channel, and a budget for each method.

Slack's page "Rate limits": a 429 names a time for one method; the others are not affected.
"""

from __future__ import annotations

from collections.abc import Mapping

POST, EDIT = "chat.postMessage", "chat.update"
HISTORY, REPLIES = "conversations.history", "conversations.replies"
LOOKS = frozenset({HISTORY, REPLIES})

# A little below Slack's tiers, as answers to people use the same methods.
PER_MINUTE: Mapping[str, int] = {POST: 100, EDIT: 45, HISTORY: 45, REPLIES: 45}
BURST = 10  # calls that may come at once after a rest
CHANNEL_S = 1.0  # between two messages of a channel


class Pace:
    """When what may be called next. Instants are the loop's seconds."""

    def __init__(self, channel_s: float = CHANNEL_S) -> None:
        """Take how long a channel rests after each message; the budgets go with it."""
        self._channel_s = channel_s
        scale = channel_s / CHANNEL_S
        self._each_s = {method: 60.0 * scale / many for method, many in PER_MINUTE.items()}
        self._used_up: dict[str, float] = {}  # by method: when its budget is whole again
        self._methods: dict[str, float] = {}  # not before
        self._channels: dict[str, float] = {}
        self.all_from = 0.0  # nothing is called before

    def due(self, method: str, channel: str) -> float:
        """Return when a method may be called for a channel."""
        whole = self._used_up.get(method, 0.0)
        budget = whole - (BURST - 1) * self._each_s[method]
        resting = 0.0 if method in LOOKS else self.channel_from(channel)
        return max(self.all_from, self._methods.get(method, 0.0), budget, resting)

    def channel_from(self, channel: str) -> float:
        """Return until when nothing is said in a channel."""
        return self._channels.get(channel, 0.0)

    def used(self, method: str, channel: str, now: float) -> None:
        """Count a call."""
        self._used_up[method] = max(now, self._used_up.get(method, 0.0)) + self._each_s[method]
        if method not in LOOKS:
            self.rest_channel(channel, now + self._channel_s)

    def rest(self, method: str, until: float) -> None:
        """Do not call a method before."""
        self._methods[method] = until

    def rest_channel(self, channel: str, until: float) -> None:
        """Say nothing in a channel before."""
        self._channels[channel] = until

    def rest_all(self, until: float) -> None:
        """Call nothing before."""
        self.all_from = until
