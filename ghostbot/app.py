"""The composition root: all that stands around the supervising, as one object graph.

Rule 1: nothing here decides anything about daemons; it only says who knows whom.
Rule 2: nothing here is needed for daemons to be kept: it comes after the supervising (`life.py`),
        and Slack, the doors, the store and the playground are each kept apart, by `keep`.
Rule 3: only this file imports handlers, and only this file knows that there is a playground.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from slack_bolt.async_app import AsyncApp

import handlers
from ghostbot import terminal, veil
from ghostbot.bus import Feed
from ghostbot.config.model import Config, DaemonTable
from ghostbot.config.secrets import Secrets
from ghostbot.core.history import Digest
from ghostbot.core.incident import LINES_KEPT, About, Subject
from ghostbot.ending import Ending, How
from ghostbot.ghost import Ghost
from ghostbot.guards import sanity
from ghostbot.guards.sanity import Meter, Sanity
from ghostbot.heartbeats import Heartbeats
from ghostbot.incidents.care import Care
from ghostbot.incidents.desk import Desk
from ghostbot.incidents.digests import Digests
from ghostbot.incidents.hours import quiet_by
from ghostbot.keep import keep
from ghostbot.outlook import Outlook
from ghostbot.reload import Reload
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.mentions import Mentions
from ghostbot.slack.notifier import Notifier
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.people import People
from ghostbot.store.database import Database
from ghostbot.store.incidents import Incidents
from ghostbot.store.outbox import Unsaid
from ghostbot.store.posts import Posts
from ghostbot.store.silences import Silences
from ghostbot.supervision import Supervision
from ghostbot.troubles import Troubles
from ghostbot.upgrade import Upgrades
from ghostbot.voice import Silent, Voice
from ghostbot.web.actions import Actions
from ghostbot.web.doors import Doors, Noun
from ghostbot.web.incidents import Incidents as Troubled
from ghostbot.web.orchestrator import Orchestrator, facts_of
from ghostbot.web.own import Own
from ghostbot.web.probes import Probes
from ghostbot.web.status_file import StatusFile
from ghostbot.web.tasks import Tasks
from ghostbot.web.tunnels import Tunnels
from ghostbot.web.upgrade import Upgrade
from ghostbot.web.upkeep import Upkeep
from ghostbot.workshop import Workshop, workshop
from handlers.means import Means

if TYPE_CHECKING:
    from ghostbot.playground import Playground

CHANNEL = "ghost-alerts"  # of the playground, where ghost.toml names none
PLAYGROUND_PORT = 5050  # so that a page left open finds the next Ghost; any other where taken

log = logging.getLogger("ghost.app")

Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Life:
    """What only this life of Ghost knows. The feeds hold what happened before anyone listened."""

    playground: bool
    upgrades: Upgrades
    reload: Reload
    linked: Callable[[Callable[[], str]], None]  # takes what says how Slack is
    for_desk: Feed
    for_terminal: Feed


async def surround(
    house: Supervision, ghost: Ghost, ending: Ending, found: Secrets, own: Life
) -> None:
    """Be Ghost's ears, voice, doors and memory, until cancelled."""

    async def told(daemon: str, since: float) -> float | None:
        return await speech.desk.told(daemon, since)

    async with (
        _store(house.config, house.troubles) as database,
        _slack_of(house.config, found, playground=own.playground) as access,
        workshop(house, ghost, database, lambda: own.reload.config, told) as shop,
        asyncio.TaskGroup() as tasks,
    ):
        speech = _Speech(house, database, access, own.for_desk, shop)
        speech.listen_to(ghost)
        await speech.care.begin()
        own.linked(speech.voice.link)
        await asyncio.to_thread(veil.learn, house.config)
        terminal.welcome(house.config, house.notes, page_url=access.page_url, slack=access.off)
        for name, fn in _long_tasks(house, ghost, speech, ending, own).items():
            tasks.create_task(keep(name, fn, house.troubles.teller(name)), name=name)


@asynccontextmanager
async def _store(config: Config, troubles: Troubles) -> AsyncIterator[Database]:
    database = Database(config.ghost.state_dir / "ghost.db", troubles.teller("store"))
    try:
        yield database
    finally:
        await database.close()


def _long_tasks(
    house: Supervision, ghost: Ghost, speech: _Speech, ending: Ending, own: Life
) -> dict[str, Task]:
    """Name everything here that runs for as long as Ghost."""
    web, state_dir, shop = house.config.web, house.config.ghost.state_dir, speech.shop
    tables = lambda: {name: dog.table.log for name, dog in house.dogs.items()}  # noqa: E731
    outlook, meter = Outlook(tables, house.logs, state_dir), Meter()
    sane = Sanity(speech.looks(meter), lambda name: house.troubles.teller(f"own {name}"))
    doors = Doors(
        ghost,
        state_dir=state_dir,
        listen=web.listen,
        allowed_hosts=web.allowed_hosts,
        down=lambda keep_daemons: ending.end(How.KEEP if keep_daemons else How.DOWN),
        nouns=_nouns(house, ghost, speech, ending=ending, own=own, sane=sane),
        outlook=outlook,
        meter=meter,
        tell=house.troubles.teller("private door"),
    )
    return {
        "veil": lambda: veil.follow(house.bus, lambda: own.reload.config),
        "terminal": lambda: terminal.narrate(house.bus, kept=own.for_terminal),
        "incidents": speech.desk.run,
        "doors": doors.run,
        "outlook": outlook.run,
        "sanity": sane.run,
        "status file": StatusFile(ghost, house.bus, state_dir, outlook).run,
        **shop.jobs(),
        **speech.tasks(),
    }


def _nouns(
    house: Supervision, ghost: Ghost, speech: _Speech, *, ending: Ending, own: Life, sane: Sanity
) -> tuple[Noun, ...]:
    """Name what can be asked about over HTTP, beside what always can."""
    shop = speech.shop
    return (
        Upgrade(own.upgrades, lambda: ending.end(How.UPGRADE)),
        Upkeep(house.sweep, own.reload.reload),
        Tasks(shop.tasks),
        Troubled(speech.care),
        Probes(house.selfcheck, shop.trends, speech.desk.test),
        Own(sane, house.rollcall),
        Tunnels(house.tunnels.all),
        Actions(shop.tasks, shop.checks, lambda: own.reload.config.checks),
        Orchestrator(
            ghost,
            house.rollcall,
            facts_of(ghost, house.rollcall, house.selfcheck, shop.executor),
        ),
    )


@dataclass(frozen=True)
class _Access:
    """How Ghost gets into Slack, or why it does not."""

    bot_token: str = ""
    app_token: str = ""
    api_url: str | None = None
    off: str | None = None  # why there is no Slack, in words
    page_url: str | None = None  # the playground's


@asynccontextmanager
async def _slack_of(config: Config, found: Secrets, *, playground: bool) -> AsyncIterator[_Access]:
    if playground:
        slack = await _open_playground(config)
        try:
            yield _Access(slack.bot_token, slack.app_token, slack.api_url, None, slack.page_url)
        finally:
            await slack.stop()
    elif found.missing:
        yield _Access(off=f"off, {' and '.join(found.missing)} missing")
    elif found.mistakes:
        yield _Access(off=f"off: {'; '.join(found.mistakes)}")
    else:
        assert found.bot_token, "neither is missing"
        assert found.app_token, "neither is missing"
        bot, app = found.bot_token.reveal(), found.app_token.reveal()
        yield _Access(bot, app, found.api_url)


async def _open_playground(config: Config) -> Playground:
    from ghostbot.playground import Playground  # noqa: PLC0415  nobody else needs it

    manifest: dict[str, Any] = yaml.safe_load(manifest_path().read_text(encoding="utf-8"))
    channel = (config.slack.channel or CHANNEL).removeprefix("#")
    try:
        slack = Playground(manifest, port=PLAYGROUND_PORT, channel=channel)
        await slack.start()
    except OSError:
        slack = Playground(manifest, channel=channel)
        await slack.start()
    return slack


def manifest_path() -> Path:
    """Return where manifest.yml is: inside the package, or beside it in a checkout."""
    inside = Path(__file__).with_name("manifest.yml")
    return inside if inside.exists() else Path(__file__).parents[1] / "manifest.yml"


class _Speech:
    """Everything that speaks with people: Slack where there is a way in, and the desk."""

    def __init__(
        self,
        house: Supervision,
        database: Database,
        access: _Access,
        kept: Feed,
        shop: Workshop,
    ) -> None:
        """Build it. Nothing of it runs yet."""
        self.shop = shop
        self._house = house
        self._database = database
        self._access = access
        self._heartbeats: Heartbeats | None = None
        self.voice: Voice = Silent(access.off or "")
        if access.off is None:
            self._build(access)
        kept_in = Incidents(database)
        self.desk = Desk(
            house.bus,
            self.voice,
            kept_in,
            last_lines=self._last_lines,
            daemons=house.daemons,
            kept=kept,
            subjects=self._subjects,
            after=lambda: {name: dog.table.after for name, dog in house.dogs.items()},
            is_quiet=quiet_by(house.config.slack.quiet),
        )
        self.care = Care(
            self.desk,
            Silences(database),
            newest=kept_in.newest,
            known=lambda: {*house.dogs, *(subject.name for subject in self._subjects())},
        )
        house.rewired.append(self.desk.reloaded)

    def _tell_day(self, told: Digest) -> None:
        self._notifier.digest(told)
        self.voice.beat(self._ghost.house())

    def _subjects(self) -> tuple[Subject, ...]:
        """Return what incidents may be about, beside daemons and Ghost."""
        return (*self.shop.checks.subjects(), *_tunnels(self._house.config))

    def _build(self, access: _Access) -> None:
        config, troubles = self._house.config, self._house.troubles
        channel = config.slack.channel or (f"#{CHANNEL}" if access.page_url else None)
        self._gateway = Gateway(
            bot_token=access.bot_token,
            app_token=access.app_token,
            api_url=access.api_url,
            register=self._register,
            tell=troubles.teller("slack"),
            twice=troubles.teller("slack twice"),
        )
        self._people = People(self._gateway.client, channel)
        self._outbox = Outbox(
            client=self._gateway.writes,
            posts=Posts(self._database),
            ready=self._gateway.ready,
            find=self._people.find,
            tell=troubles.teller("slack channel"),
            unsaid=Unsaid(self._database),
        )
        self._mentions = Mentions(
            self._gateway.client,
            config.slack.mention,
            ready=self._gateway.ready,
            tell=troubles.teller("mention"),
        )
        self.voice = self._notifier = Notifier(
            outbox=self._outbox,
            channel=channel,
            host=config.ghost.name,
            link=self._gateway.state,
            routes=config.slack.routes,
            group=lambda name: t.group if (t := self._table(name)) else None,
            mention=self._mentions.markup,
        )

    def _table(self, daemon: str) -> DaemonTable | None:
        dog = self._house.dogs.get(daemon)
        return None if dog is None else dog.table

    def listen_to(self, ghost: Ghost) -> None:
        """Take the Ghost that people speak with."""
        self._ghost = ghost
        if self._access.off is None:
            every_s = self._house.config.slack.heartbeat_s
            self._heartbeats = Heartbeats(
                every_s=every_s, beat=lambda: self.voice.beat(ghost.house())
            )

    def _register(self, app: AsyncApp) -> None:
        means = Means(
            ghost=self._ghost,
            gateway=self._gateway,
            people=self._people,
            notifier=self._notifier,
            incident=self.desk.by_id,
            tasks=self.shop.tasks,
            care=self.care,
            command=self._house.config.slack.command,
        )
        handlers.register(app, means)

    def looks(self, meter: Meter) -> dict[str, sanity.Look]:
        """Name what Ghost looks at of itself."""
        beats = self._heartbeats
        return {
            "loop": meter.own,
            "store": sanity.store(self._database.is_kept),
            "disk": sanity.disk(self._house.config.ghost.state_dir),
            "descriptors": sanity.descriptors,
            "slots": sanity.slots,
            "clock": sanity.clock(lambda: self._house.clock.jumped),
            "beats": sanity.beats(beats.misfires if beats else int),
            "slack": sanity.link(self.voice.link),
        }

    async def _last_lines(self, daemon: str) -> tuple[str, ...]:
        tail = await self._ghost.logs(daemon, lines=LINES_KEPT)
        return tuple(line.text for line in tail.lines)

    def tasks(self) -> dict[str, Task]:
        """Name what runs for as long as Ghost speaks."""
        if self._heartbeats is None:
            return {}
        line = self._house.config.slack.digest
        digests = Digests(line, self.shop.digest, self._tell_day)
        return {
            "slack": self._gateway.run,
            "outbox": self._say,
            "mentions": self._mentions.run,
            "heartbeat": self._heartbeats.run,
            "digest": digests.run,
        }

    async def _say(self) -> None:
        """Run the outbox, after what an earlier Ghost may have been killed before it could say."""
        for incident in await Incidents(self._database).open():
            if incident.told and not incident.into:
                self.voice.alert(incident)  # the desk tells what is newer later
        await self._outbox.run()


def _tunnels(config: Config) -> list[Subject]:
    """Return whom incidents of tunnels may be about."""
    return [Subject(About.TUNNEL, name) for name in config.daemons]
