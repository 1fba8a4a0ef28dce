"""Everything that speaks with people: Slack where there is a way in, the desk, and the beats.

Rule 1: nothing here is needed for daemons to be kept.
Rule 2: who answers people stands above this, and is handed in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp

from ghostbot.bus import Feed
from ghostbot.config.clock import zone_of
from ghostbot.config.model import Config, DaemonTable
from ghostbot.config.speech import Severity
from ghostbot.core.history import Digest
from ghostbot.core.incident import LINES_KEPT, About, Subject
from ghostbot.ghost import Ghost
from ghostbot.guards import sanity
from ghostbot.guards.sanity import Meter
from ghostbot.heartbeats import Beat, Heartbeats
from ghostbot.incidents.care import Care
from ghostbot.incidents.desk import Desk
from ghostbot.incidents.digests import Digests
from ghostbot.incidents.hours import quiet_by
from ghostbot.itself import Itself
from ghostbot.ledger import Ledger
from ghostbot.patches.pipeline import Pipeline
from ghostbot.ping import EVERY_S, Ping
from ghostbot.slack.agents import Agents
from ghostbot.slack.files import Files
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.listening import Listening
from ghostbot.slack.mentions import Mentions
from ghostbot.slack.notifier import Notifier
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.patches import Cards
from ghostbot.slack.people import People
from ghostbot.store.database import Database
from ghostbot.store.incidents import Incidents
from ghostbot.store.outbox import Unsaid
from ghostbot.store.posts import Posts
from ghostbot.store.silences import Silences
from ghostbot.summaries import Summary
from ghostbot.supervision import Supervision
from ghostbot.voice import Silent, Voice
from ghostbot.workshop import Workshop

CHANNEL = "ghost-alerts"  # of the playground, where ghost.toml names none

Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Access:
    """How Ghost gets into Slack, or why it does not."""

    bot_token: str = ""
    app_token: str = ""
    api_url: str | None = None
    off: str | None = None  # why there is no Slack, in words
    page_url: str | None = None  # the playground's


class Speech:
    """Everything that speaks with people: Slack where there is a way in, and the desk."""

    def __init__(
        self,
        house: Supervision,
        database: Database,
        access: Access,
        shop: Workshop,
        ledger: Ledger,
        *,
        config: Callable[[], Config],
        kept: Feed,
        register: Callable[[Speech, AsyncApp], None],
    ) -> None:
        """Build it; nothing of it runs yet.

        `config` gives what was last read of ghost.toml, `kept` holds what happened before the desk
        was there, and `register` lets an app answer people.
        """
        self.shop = shop
        self.ledger = ledger
        self.config = config
        self._register = register
        self.house = house
        self._database = database
        self._access = access
        self.unwell: Callable[[], str | None] = lambda: None
        self._ping: Ping | None = None
        self._heartbeats = Heartbeats()
        self.itself: Itself  # is there before anybody can ask
        self.voice: Voice = Silent(access.off or "")
        self.pipeline: Pipeline | None = None
        self.cards: Cards | None = None  # None: there is no Slack to show patches in
        if access.off is None:
            self._build(access)
        self.desk = self._desk(kept)
        self.care = self._care()
        house.rewired.extend((self.desk.reloaded, self._reloaded))

    def _desk(self, kept: Feed) -> Desk:
        house, zone = self.house, zone_of(self.house.config.ghost.timezone)
        return Desk(
            house.bus,
            self.voice,
            self.ledger.incidents(),
            last_lines=self._last_lines,
            daemons=house.daemons,
            kept=kept,
            subjects=self._subjects,
            after=lambda: {name: dog.table.after for name, dog in house.dogs.items()},
            is_quiet=quiet_by(lambda: self.config().slack.quiet, zone),
            within=house.within,
            patched=self._patched,
        )

    def _care(self) -> Care:
        house = self.house
        return Care(
            self.desk,
            Silences(self._database),
            newest=Incidents(self._database).newest,
            permit=self.ledger.permit,
            known=lambda: {*house.words(), *(subject.name for subject in self._subjects())},
        )

    def _reloaded(self) -> None:
        """Go by the [slack] that was just read, as far as `config.settings.LIVE` says."""
        if self._access.off is None:
            self.notifier.routes = self.config().slack.routes
            self._mentions.want(self.config().slack.mention)
            self.people.reread()

    def _tell_day(self, told: Digest) -> None:
        self.notifier.digest(told)
        self.voice.beat(self.ghost.house())

    def _subjects(self) -> tuple[Subject, ...]:
        """Return what incidents may be about, beside daemons and Ghost."""
        return (*self.shop.checks.subjects(), *_tunnels(self.house.config))

    def _build(self, access: Access) -> None:
        config, troubles = self.house.config, self.house.troubles
        channel = config.slack.channel or (f"#{CHANNEL}" if access.page_url else None)
        self.gateway = Gateway(
            bot_token=access.bot_token,
            app_token=access.app_token,
            api_url=access.api_url,
            register=lambda app: self._register(self, app),
            tell=troubles.teller("slack"),
            twice=troubles.teller("slack twice"),
        )
        self.people = self._people(channel)
        self._outbox = Outbox(
            client=self.gateway.writes,
            posts=Posts(self._database),
            ready=self.gateway.ready,
            find=self.people.find,
            tell=troubles.teller("slack channel"),
            unsaid=Unsaid(self._database),
        )
        self._mentions = Mentions(
            self.gateway.client,
            config.slack.mention,
            ready=self.gateway.ready,
            tell=troubles.teller("mention"),
        )
        self.voice = self.notifier = Notifier(
            outbox=self._outbox,
            channel=channel,
            host=config.ghost.name,
            link=self.gateway.state,
            routes=config.slack.routes,
            group=lambda name: t.group if (t := self._table(name)) else None,
            mention=self._mentions.markup,
            zone=zone_of(config.ghost.timezone),
            refused=self._outbox.refused,
        )
        self._build_patches(channel)

    def _build_patches(self, channel: str | None) -> None:
        """Build what shows patches, and knows whose posts are some."""
        config, gateway = self.house.config.slack, self.gateway
        self.files = Files(gateway.writes, gateway.session)
        own = lambda: gateway.bot_user_id  # noqa: E731
        self.agents = Agents(config.patches, gateway.client, self.people.find, own)
        self.listening = Listening(self.agents, gateway.client, self._outbox, gateway.ready)
        self.cards = Cards(
            outbox=self._outbox,
            files=self.files,
            channel=config.patches.channel if config.patches else channel,
            critical=config.routes.get(Severity.CRITICAL),
            approvers=self.people.approvers,
            mention=self._mentions.markup,
        )

    def tell_summaries(self, found: Sequence[Summary], channel: str | None) -> None:
        """Show what programs wrote of their work, where there is somebody to show it to."""
        if self._access.off is None:
            self.notifier.summaries(found, channel)

    async def _patched(self, daemon: str) -> str:
        """Return the id of what was lately applied where a daemon's program stands, or nothing."""
        found = None if self.pipeline is None else await self.pipeline.lately(daemon)
        return "" if found is None else found.id

    def _people(self, channel: str | None) -> People:
        ledger = self.ledger
        return People(
            self.gateway.client,
            channel,
            roles=ledger.roles,
            claimed=ledger.claims.admins,
            team=lambda: self.gateway.team_id,
            permit=ledger.permit,
        )

    def _table(self, daemon: str) -> DaemonTable | None:
        dog = self.house.dogs.get(daemon)
        return None if dog is None else dog.table

    def listen_to(self, ghost: Ghost) -> None:
        """Take the Ghost that people speak with."""
        self.ghost = ghost
        beats, config = [], self.house.config
        if self._access.off is None and config.slack.heartbeat_s is not None:
            beat = lambda: self.voice.beat(ghost.house())  # noqa: E731
            beats.append(Beat("beat", config.slack.heartbeat_s, beat))
        if config.ghost.ping_url is not None:
            url, link = config.ghost.ping_url, self.voice.link
            self._ping = Ping(url, unwell=self._ails, link=link)
            beats.append(Beat("ping", EVERY_S, self._ping.ping))
        self._heartbeats = Heartbeats(*beats)

    def _ails(self) -> str | None:
        return self.unwell()  # who looks at Ghost is there later than this

    def looks(self, meter: Meter) -> dict[str, sanity.Look]:
        """Name what Ghost looks at of itself."""
        ping = {"ping": sanity.ping(self._ping.state)} if self._ping else {}
        return {
            **ping,
            "loop": meter.own,
            "store": sanity.store(self._database.is_kept),
            "disk": sanity.disk(self.house.config.ghost.state_dir),
            "descriptors": sanity.descriptors,
            "slots": sanity.slots,
            "clock": sanity.clock(lambda: self.house.clock.jumped),
            "beats": sanity.beats(self._heartbeats.misfires),
            "slack": sanity.link(self.voice.link),
        }

    async def _last_lines(self, daemon: str) -> tuple[str, ...]:
        tail = await self.ghost.logs(daemon, lines=LINES_KEPT)
        return tuple(line.text for line in tail.lines)

    def tasks(self) -> dict[str, Task]:
        """Name what runs for as long as Ghost speaks."""
        kept = self.ledger.jobs(self.house.bus)
        if self._access.off is not None:
            return {"heartbeat": self._heartbeats.run, **kept}
        zone = zone_of(self.house.config.ghost.timezone)
        line = self.house.config.slack.digest
        digests = Digests(line, self.shop.digest, self._tell_day, zone=zone)
        return {
            "slack": self.gateway.run,
            "outbox": self._say,
            "mentions": self._mentions.run,
            "roles": self._roles,
            **kept,
            "heartbeat": self._heartbeats.run,
            "digest": digests.run,
            **({"patch cards": self.cards.run} if self.cards else {}),
            "patch posts": self.listening.run,
        }

    async def _roles(self) -> None:
        """Tell whom [roles] names and Slack does not know."""
        await self.people.tell_unknown(self.gateway.ready, self.house.troubles.teller("roles"))

    async def _say(self) -> None:
        """Run the outbox, after what an earlier Ghost may have been killed before it could say."""
        for incident in await Incidents(self._database).open():
            if incident.told and not incident.into:
                self.voice.alert(incident)  # the desk tells what is newer later
        await self._outbox.run()


def _tunnels(config: Config) -> list[Subject]:
    """Return whom incidents of tunnels may be about."""
    return [Subject(About.TUNNEL, name) for name in config.daemons]
