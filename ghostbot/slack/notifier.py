"""Ghost's voice in Slack: a living message for each trouble, and one for the beat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ghostbot.core.incident import Incident
from ghostbot.core.snapshot import House
from ghostbot.slack.blocks import beat as beats
from ghostbot.slack.blocks import incident as incidents
from ghostbot.slack.outbox import Outbox


class Notifier:
    """A Voice: says what it is told through the outbox, and nothing twice."""

    def __init__(
        self, *, outbox: Outbox, channel: str | None, host: str, link: Callable[[], str]
    ) -> None:
        """Take the parts; without a channel nothing is said, and `link` says so."""
        self._outbox = outbox
        self._channel = channel
        self._host = host
        self._link = link

    def alert(self, incident: Incident) -> None:
        """Say how a trouble stands: its message, and each step once in the thread."""
        if self._channel is None:
            return
        key = key_of(incident.id)
        self._outbox.put(key, self._channel, incidents.alert(incident, self._host))
        for step in incident.steps:
            said = f"{key}:step:{step.at:.3f}"
            self._outbox.reply(said, key, self._channel, incidents.step(step))
        if incident.lines:
            self._outbox.reply(f"{key}:lines", key, self._channel, incidents.last_lines(incident))

    def beat(self, house: House) -> None:
        """Say that all this was true just now, in this day's message."""
        if self._channel is not None:
            day = datetime.fromtimestamp(house.updated_at).astimezone().date()
            self._outbox.put(f"beat:{day}", self._channel, beats.beat(house))

    async def said(self, incident: Incident, since: float) -> float | None:
        """Wait until Slack has taken the message of a trouble as it is since then."""
        if self._channel is None:
            return None
        return await self._outbox.said(key_of(incident.id), since)

    def link(self) -> str:
        """Say how the way to people is."""
        said = self._link()
        if self._channel is None and said == "connected":
            return "connected, but silent: set `[slack] channel` in ghost.toml"
        return said


def key_of(incident: int) -> str:
    """Return the key under which a trouble's message is kept."""
    return f"incident:{incident}"
