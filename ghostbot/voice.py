"""Whoever can speak for Ghost. Slack is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ghostbot.core.incident import Incident
from ghostbot.core.snapshot import House


class Voice(Protocol):
    """Says things to people. No method waits, fails, or says the same thing twice."""

    def alert(self, incident: Incident) -> None:
        """Say how a trouble stands now: a new message, or an edit of the one it has."""

    def beat(self, house: House) -> None:
        """Say that all this was true just now, in the one message that is edited for it."""

    def missed(self, incidents: Sequence[Incident], *, more: int = 0) -> None:
        """Say in one message what came and went while people wanted quiet; `more` are counted."""

    async def said(self, incident: Incident, since: float) -> float | None:
        """Wait until a trouble was said at or after `since`, and return when (epoch seconds).

        None at once where there is nobody to speak to. Who asks sets the limit.
        """

    def link(self) -> str:
        """Say in words how the way to people is: "connected", "off, SLACK_BOT_TOKEN missing"."""


class Silent:
    """A voice for when there is nobody to speak to."""

    def __init__(self, why: str) -> None:
        """Take the reason for the silence, in the words of `Voice.link`."""
        self._why = why

    def alert(self, incident: Incident) -> None:
        """Say nothing."""

    def beat(self, house: House) -> None:
        """Say nothing."""

    def missed(self, incidents: Sequence[Incident], *, more: int = 0) -> None:
        """Say nothing."""

    async def said(self, incident: Incident, since: float) -> float | None:  # noqa: ARG002 - a Voice's
        """Say that nothing was said."""
        return None

    def link(self) -> str:
        """Say why there is nobody to speak to."""
        return self._why
