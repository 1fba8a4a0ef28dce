"""The composition root: all that stands around the supervising, as one object graph.

Rule 1: nothing here decides anything about daemons; it only says who knows whom.
Rule 2: nothing here is needed for daemons to be kept: it comes after the supervising (`life.py`),
        and Slack, the doors, the store and the playground are each kept apart, by `keep`.
Rule 3: only this file imports handlers, and only this file knows that there is a playground.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml
from slack_bolt.async_app import AsyncApp

import handlers
from ghostbot import manifest as manifests
from ghostbot import terminal, veil
from ghostbot.bus import Feed
from ghostbot.config.model import Config
from ghostbot.config.secrets import Secrets
from ghostbot.ending import Ending, How
from ghostbot.ghost import Ghost
from ghostbot.guards.sanity import Meter, Sanity
from ghostbot.itself import Itself
from ghostbot.keep import keep
from ghostbot.ledger import Ledger
from ghostbot.outlook import Outlook
from ghostbot.patches.pipeline import Pipeline
from ghostbot.patchwork import patchwork
from ghostbot.record import Record
from ghostbot.reload import Reload
from ghostbot.speech import CHANNEL, Access, Speech, Task
from ghostbot.store.database import Database
from ghostbot.summaries import Summaries
from ghostbot.supervision import Supervision
from ghostbot.troubles import Troubles
from ghostbot.upgrade import Upgrades
from ghostbot.web.actions import Actions
from ghostbot.web.claims import Claims
from ghostbot.web.doors import Doors, Noun
from ghostbot.web.elsewhere import ToldElsewhere
from ghostbot.web.events import Happened
from ghostbot.web.incidents import Incidents as Troubled
from ghostbot.web.orchestrator import Orchestrator, facts_of
from ghostbot.web.own import Own
from ghostbot.web.patches import Patches
from ghostbot.web.probes import Probes
from ghostbot.web.reception import Reception
from ghostbot.web.status_file import StatusFile
from ghostbot.web.tasks import Tasks
from ghostbot.web.tunnels import Tunnels
from ghostbot.web.upgrade import Upgrade
from ghostbot.web.upkeep import Upkeep
from ghostbot.web.watches import Watches
from ghostbot.workshop import workshop
from handlers.means import Means
from handlers.parts import Patching

if TYPE_CHECKING:
    from ghostbot.playground import Playground

PLAYGROUND_PORT = 5050  # so that a page left open finds the next Ghost; any other where taken

log = logging.getLogger("ghost.app")


@dataclass(frozen=True, slots=True)
class Life:
    """What only this life of Ghost knows. The feeds hold what happened before anyone listened."""

    playground: bool
    upgrades: Upgrades
    reload: Reload
    linked: Callable[[Callable[[], str]], None]  # takes what says how Slack is
    for_desk: Feed
    for_terminal: Feed
    for_record: Feed
    record: Record

    def config(self) -> Config:
        """Return ghost.toml as it was last read."""
        return self.reload.config


async def surround(
    house: Supervision, ghost: Ghost, ending: Ending, found: Secrets, own: Life
) -> None:
    """Be Ghost's ears, voice, doors and memory, until cancelled."""

    async def told(daemon: str, since: float) -> float | None:
        return await speech.desk.told(daemon, since)

    async def may() -> frozenset[str]:
        return await speech.people.approvers()

    async with (
        _store(house.config, house.troubles) as database,
        _slack_of(house.config, found, playground=own.playground) as access,
        workshop(house, ghost, database, own.config, told) as shop,
        patchwork(
            house, ghost, database, own.config, approvers=None if access.off else may
        ) as pipeline,
        asyncio.TaskGroup() as tasks,
    ):
        roles = lambda: own.config().roles  # noqa: E731
        ledger = Ledger(own.record, ghost.permit, database, roles, own.for_record)
        await ledger.begin()
        speech = Speech(
            house,
            database,
            access,
            shop,
            ledger,
            config=own.config,
            kept=own.for_desk,
            register=_register,
        )
        _introduce(speech, ghost, pipeline)
        await speech.care.begin()
        own.linked(speech.voice.link)
        await asyncio.to_thread(veil.learn, house.config)
        _welcome(house, access, ledger, own)
        _begin(tasks, house, _long_tasks(house, ghost, speech, ending, own))


def _begin(tasks: asyncio.TaskGroup, house: Supervision, named: Mapping[str, Task]) -> None:
    """Run what runs for as long as Ghost; from now on little is made that stays."""
    for name, fn in named.items():
        tasks.create_task(keep(name, fn, house.troubles.teller(name)), name=name)
    gc.freeze()  # to look through all that is here for garbage holds the loop for 50 ms


def _introduce(speech: Speech, ghost: Ghost, pipeline: Pipeline) -> None:
    """Let speech know of whom it speaks."""
    speech.listen_to(ghost)
    speech.pipeline = pipeline
    if speech.cards is not None:
        pipeline.listeners.append(speech.cards.told)


def _welcome(house: Supervision, access: Access, ledger: Ledger, own: Life) -> None:
    code = None if access.off else ledger.first_code(playground=own.playground)
    terminal.welcome(
        house.config, house.notes, page_url=access.page_url, slack=access.off, code=code
    )


@asynccontextmanager
async def _store(config: Config, troubles: Troubles) -> AsyncIterator[Database]:
    database = Database(config.ghost.state_dir / "ghost.db", troubles.teller("store"))
    try:
        yield database
    finally:
        await database.close()


def _long_tasks(
    house: Supervision, ghost: Ghost, speech: Speech, ending: Ending, own: Life
) -> dict[str, Task]:
    """Name everything here that runs for as long as Ghost."""
    web, state_dir, shop = house.config.web, house.config.ghost.state_dir, speech.shop
    tables = lambda: {name: dog.table.log for name, dog in house.dogs.items()}  # noqa: E731
    outlook, meter = Outlook(tables, house.logs, state_dir), Meter()
    sane = Sanity(speech.looks(meter), lambda name: house.troubles.teller(f"own {name}"))
    speech.unwell = lambda: sane.unwell(but="ping")
    speech.itself = _itself(house, ghost, speech, outlook, sane=sane, ending=ending, own=own)
    outside = _reception(house, speech, own)
    doors = Doors(
        ghost,
        state_dir=state_dir,
        listen=web.listen,
        allowed_hosts=web.allowed_hosts,
        down=lambda keep_daemons: ending.end(How.KEEP if keep_daemons else How.DOWN),
        nouns=[
            *_patch_nouns(ghost, speech, outside),
            *_nouns(house, ghost, speech, ending=ending, own=own, sane=sane),
        ],
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
        **({"patches": speech.pipeline.run} if speech.pipeline else {}),
        **(outside.jobs(ghost, meter, outlook) if outside else {}),
        **shop.jobs(),
        **speech.tasks(),
    }


def _itself(
    house: Supervision,
    ghost: Ghost,
    speech: Speech,
    outlook: Outlook,
    *,
    sane: Sanity,
    ending: Ending,
    own: Life,
) -> Itself:
    return Itself(
        house,
        sane,
        own.reload,
        own.upgrades,
        permit=ghost.permit,
        alert=speech.desk.test,
        machine=lambda: outlook.machine,
        become_next=lambda: ending.end(How.UPGRADE),
        down=lambda: ending.end(How.DOWN),
    )


def _reception(house: Supervision, speech: Speech, own: Life) -> Reception | None:
    """Return what receives patches of programs, where there is a pipeline for them."""
    if speech.pipeline is None:
        return None
    teller, note = house.troubles.teller, own.record.note
    state_dir = house.config.ghost.state_dir
    told = Summaries(lambda: speech.config().summaries, state_dir, speech.tell_summaries)
    made = Reception(speech.pipeline, speech.config, told, teller=teller, note=note)
    house.rewired.append(made.rewire)
    return made


def _patch_nouns(ghost: Ghost, speech: Speech, outside: Reception | None) -> list[Noun]:
    if speech.pipeline is None or outside is None:
        return []
    told = ToldElsewhere(ghost.permit, speech.pipeline.elsewhere)
    watches = Watches(lambda: speech.config().watches)
    return [Patches(speech.pipeline, ghost.permit), told, outside.webhooks, watches]


def _nouns(
    house: Supervision, ghost: Ghost, speech: Speech, *, ending: Ending, own: Life, sane: Sanity
) -> tuple[Noun, ...]:
    """Name what can be asked about over HTTP, beside what always can."""
    shop = speech.shop
    return (
        Upgrade(own.upgrades, lambda: ending.end(How.UPGRADE), ghost.permit),
        Upkeep(house.sweep, own.reload.reload, ghost.permit),
        Happened(speech.ledger.events),
        Claims(speech.ledger.claims, ghost.permit, house.config.slack.command),
        Tasks(shop.tasks),
        Troubled(speech.care),
        Probes(house.selfcheck, shop.trends, speech.desk.test, ghost.permit),
        Own(sane, house.rollcall),
        Tunnels(house.tunnels.all),
        Actions(shop.tasks, shop.checks, lambda: own.reload.config.checks),
        Orchestrator(
            ghost,
            house.rollcall,
            facts_of(ghost, house.rollcall, house.selfcheck, shop.executor),
        ),
    )


@asynccontextmanager
async def _slack_of(config: Config, found: Secrets, *, playground: bool) -> AsyncIterator[Access]:
    if playground:
        slack = await _open_playground(config)
        try:
            yield Access(slack.bot_token, slack.app_token, slack.api_url, None, slack.page_url)
        finally:
            await slack.stop()
    elif found.missing:
        yield Access(off=f"off, {' and '.join(found.missing)} missing")
    elif found.mistakes:
        yield Access(off=f"off: {'; '.join(found.mistakes)}")
    else:
        assert found.bot_token, "neither is missing"
        assert found.app_token, "neither is missing"
        bot, app = found.bot_token.reveal(), found.app_token.reveal()
        yield Access(bot, app, found.api_url)


async def _open_playground(config: Config) -> Playground:
    from ghostbot.playground import Playground  # noqa: PLC0415  nobody else needs it

    manifest: dict[str, Any] = yaml.safe_load(manifests.text())
    patches, channel = config.slack.patches, config.slack.channel or CHANNEL
    more = {*config.slack.routes.values(), *([patches.channel] if patches else [])}
    memory = config.ghost.state_dir / "playground.json"
    made = partial(Playground, manifest, channel=channel, channels=more, memory=memory)
    try:
        slack = made(port=PLAYGROUND_PORT)
        await slack.start()
    except OSError:
        slack = made()
        await slack.start()
    return slack


def _register(speech: Speech, app: AsyncApp) -> None:
    """Let an app answer people."""
    means = Means(
        ghost=speech.ghost,
        gateway=speech.gateway,
        people=speech.people,
        notifier=speech.notifier,
        incident=speech.desk.by_id,
        tasks=speech.shop.tasks,
        care=speech.care,
        itself=speech.itself,
        deliveries=speech.ledger.deliveries,
        claims=speech.ledger.claims,
        events=speech.ledger.events,
        command=speech.house.config.slack.command,
        patching=_patching(speech),
    )
    handlers.register(app, means)


def _patching(speech: Speech) -> Patching | None:
    """Return what listeners about patches work with, where there are any to hear of."""
    if speech.pipeline is None or speech.cards is None:
        return None
    roots = lambda: tuple(speech.config().roots)  # noqa: E731
    parts = (speech.cards, speech.files, speech.agents)
    return Patching(speech.pipeline, *parts, roots=roots, listening=speech.listening)
