"""Ghost's voice in Slack: a living message for each trouble, and one for the beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from ghostbot.config.speech import GROUP, Severity
from ghostbot.core.history import Digest
from ghostbot.core.incident import Call, Incident, Step
from ghostbot.core.snapshot import House
from ghostbot.slack.blocks import beat as beats
from ghostbot.slack.blocks import incident as incidents
from ghostbot.slack.blocks import summary
from ghostbot.slack.blocks.missed import missed
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.refusals import OFF
from ghostbot.summaries import Summary


class Notifier:
    """A Voice: says what it is told through the outbox, and nothing twice."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        channel: str | None,
        host: str,
        link: Callable[[], str],
        routes: Mapping[str, str] | None = None,
        group: Callable[[str], str | None] = lambda _: None,
        mention: Callable[[], str] = str,
        zone: tzinfo | None = None,
        refused: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Take the parts; without a channel nothing is said, and `link` says so.

        `routes` are those of ghost.toml, `group` tells a daemon's, and `mention` is whom a page
        names, as Slack's markup. A day begins at midnight in `zone`; `refused` says what Slack
        does not take and only a person can mend.
        """
        self._outbox = outbox
        self._channel = channel
        self._host = host
        self._link = link
        self.routes = routes or {}  # a reload sets others
        self._zone = zone
        self._refused = refused
        self._group = group
        self._mention = mention
        self._digest: Digest | None = None

    def alert(self, incident: Incident) -> None:
        """Say how a trouble stands: its message, and each step once in the thread.

        A page and a reminder are shown in the channel too, as an edit notifies nobody. What Ghost
        can do no more about has a second message, where `critical` has a route of its own.
        """
        home, critical = self._home(incident), self.routes.get(Severity.CRITICAL)
        key = key_of(incident.id)
        if incident.paged_at is not None and critical not in (None, home):
            self._say(f"{key}:critical", critical, incident)
        if home is not None:
            self._say(key, home, incident)

    def _home(self, incident: Incident) -> str | None:
        """Return the channel of a trouble's message: its group's, or that of all."""
        group = self._group(incident.daemon)
        routed = self.routes.get(f"{GROUP}{group}") or self.routes.get(Severity.WARNING)
        return routed or self._channel

    def _say(self, key: str, channel: str, incident: Incident) -> None:
        self._outbox.put(key, channel, incidents.alert(incident, self._host))
        for step in incident.steps:
            of_step, loud = f"{key}:step:{step.at:.3f}", self._is_called(step, key)
            if not loud and self._outbox.has(of_step):
                continue  # what happened stays as it is, and a long trouble has fifty steps
            mention = self._mention() if loud else ""
            said = incidents.call(incident, step, mention) if loud else incidents.step(step)
            self._outbox.reply(of_step, key, channel, said, broadcast=loud)
        if incident.lines:
            self._outbox.reply(f"{key}:lines", key, channel, incidents.last_lines(incident))

    def _is_called(self, step: Step, key: str) -> bool:
        """Tell whether a step is a new post: a page is one where there is somebody to name."""
        if step.call is None or (Severity.CRITICAL in self.routes) != key.endswith(":critical"):
            return False
        return step.call is Call.REMINDER or bool(self._mention())

    def beat(self, house: House) -> None:
        """Say that all this was true just now, in this day's message, under the day before."""
        if self._channel is not None:
            begun = self._digest.until if self._digest else house.updated_at
            day = datetime.fromtimestamp(begun, UTC).astimezone(self._zone).date()
            self._outbox.put(f"beat:{day}", self._channel, beats.beat(house, self._digest))

    def missed(self, incidents: Sequence[Incident], *, more: int = 0) -> None:
        """Say what came and went in a time of quiet, once in each channel that it concerns."""
        homes: dict[str, list[Incident]] = {}
        for one in incidents:
            if (home := self._home(one)) is not None:
                homes.setdefault(home, []).append(one)
        for home, found in homes.items():
            key = f"quiet:{found[0].id}-{found[-1].id}:{home}"
            self._outbox.put(key, home, missed(found, self._host, more=more))

    def summaries(self, found: Sequence[Summary], channel: str | None) -> None:
        """Show what programs wrote of their work, in `channel` or where alerts go."""
        home = channel or self._channel
        if home is None:
            return
        if len(found) > summary.ONE_EACH:
            key = f"summaries:{found[0].name}:{found[-1].name}:{len(found)}"
            self._outbox.put(key, home, summary.many(found))
            return
        for one in found:
            self._outbox.put(f"summary:{one.name}", home, summary.summary(one))

    def digest(self, told: Digest) -> None:
        """Say how the day before was, with the next beat, which begins a new message."""
        self._digest = told

    async def said(self, incident: Incident, since: float) -> float | None:
        """Wait until Slack has taken the message of a trouble as it is since then."""
        if self._home(incident) is None:
            return None
        return await self._outbox.said(key_of(incident.id), since)

    def link(self) -> str:
        """Say how the way to people is."""
        said = self._link()
        if said == "connected" and (why := self._refused()):
            return why if why.startswith(OFF) else f"connected, but {why}"
        if self._channel is None and said == "connected":
            return "connected, but silent: set `[slack] channel` in ghost.toml"
        return said


def key_of(incident: int) -> str:
    """Return the key under which a trouble's message is kept."""
    return f"incident:{incident}"
