"""The composition root: a config becomes one object graph and one group of tasks.

Rule 1: nothing here decides anything about daemons; it only says who knows whom.
Rule 2: the supervising stands first and depends on nothing that can fail for long: Slack,
        the doors, the store and the playground are each kept apart, by `keep`.
Rule 3: only this file imports handlers, and only this file knows that there is a playground.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from slack_bolt.async_app import AsyncApp

import handlers
from ghostbot import errors, terminal
from ghostbot.bus import Bus
from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.config.secrets import Secrets, secrets
from ghostbot.core.daemon import Daemon
from ghostbot.core.incident import LINES_KEPT
from ghostbot.ending import Ending, How
from ghostbot.ghost import Actor, Ghost
from ghostbot.guards.budget import SpawnBudget
from ghostbot.guards.lifecycle import Lifecycle
from ghostbot.guards.selfcheck import Selfcheck
from ghostbot.guards.sentinel import Sentinel, obstacle
from ghostbot.guards.watchdog import Watchdog
from ghostbot.heartbeats import Heartbeats
from ghostbot.incidents.desk import Desk
from ghostbot.keep import keep
from ghostbot.logbook import Logbook
from ghostbot.process.exits import Exits
from ghostbot.process.identity import is_alive
from ghostbot.process.journal import Journal
from ghostbot.process.lock import Lock
from ghostbot.process.registry import Registry
from ghostbot.process.runs import Runs
from ghostbot.process.spawn import clean_signals, inherited_environment
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.notifier import Notifier
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.people import People
from ghostbot.store.database import Database
from ghostbot.store.incidents import Incidents
from ghostbot.store.posts import Posts
from ghostbot.troubles import Troubles
from ghostbot.voice import Silent, Voice
from ghostbot.web.doors import Doors
from handlers.means import Means

if TYPE_CHECKING:
    from ghostbot.playground import Playground

PLAYGROUND_PORT = 5050  # so that a page left open finds the next Ghost; any other where taken

log = logging.getLogger("ghost.app")

Task = Callable[[], Awaitable[None]]


def main(config_path: Path, *, playground: bool) -> int:
    """Run Ghost until it is told to end; return the exit code of `ghost up`."""
    try:
        config = load(config_path, os.environ)
        state_dir = config.ghost.state_dir
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Lock(state_dir)
    except errors.GhostError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"cannot use the state directory: {error}\n")
        return 1
    for line in config.warnings:
        terminal.say(f"warning: {line}")
    found = secrets(config_path.absolute().parent, os.environ)
    clean_signals()  # before the first process is started: ignored signals are inherited
    try:
        with Logbook(state_dir):
            asyncio.run(_live(config, found, playground=playground))
    finally:
        lock.release()
    return 0


@dataclass(frozen=True)
class _Parts:
    """What the whole house shares."""

    config: Config
    bus: Bus
    troubles: Troubles
    registry: Registry
    runs: Runs
    dogs: dict[str, Watchdog]
    database: Database


async def _live(config: Config, found: Secrets, *, playground: bool) -> None:
    ending = Ending(terminal.say)
    async with (
        _supervision(config) as parts,
        _slack_of(config, found, playground) as access,
        asyncio.TaskGroup() as tasks,
    ):
        speech = _Speech(parts, access)
        ghost = _ghost(parts, speech.voice, tasks)
        speech.listen_to(ghost)
        long = [
            tasks.create_task(keep(name, fn, parts.troubles.teller(name)), name=name)
            for name, fn in _long_tasks(parts, ghost, speech, ending).items()
        ]
        _welcome(parts, access)
        await _until_told(ending, ghost)
        ending.hurry()
        for task in long:
            task.cancel()
    ending.close()


@asynccontextmanager
async def _supervision(config: Config) -> AsyncIterator[_Parts]:
    """Build what keeps daemons, from what the last Ghost left; close it in order."""
    state_dir, troubles, bus = config.ghost.state_dir, Troubles(), Bus()
    loop = asyncio.get_running_loop()
    journal = Journal(state_dir / "journal" / "spawns.jsonl", troubles.teller("journal"))
    journal.read()
    exits = Exits(loop)
    runs = Runs(
        state_id=_state_id(state_dir),
        inherited=inherited_environment(os.environ),
        exits=exits,
        journal=journal,
        loop=loop,
    )
    registry = Registry(
        state_dir / "process-registry.json", troubles.teller("registry"), run_of=runs.run_of
    )
    records = registry.load()
    for note in (*journal.notes, *registry.notes):
        log.warning("found %s", note)
        terminal.say(f"note: {note}")
    database = Database(state_dir / "ghost.db", troubles.teller("store"))
    dogs = _watchdogs(config, records, runs, registry, bus)
    _tell_strangers(config, records, troubles)
    try:
        yield _Parts(config, bus, troubles, registry, runs, dogs, database)
    finally:
        await registry.close()
        runs.close()
        exits.close()
        journal.close()
        await database.close()


def _watchdogs(
    config: Config, records: dict[str, Daemon], runs: Runs, registry: Registry, bus: Bus
) -> dict[str, Watchdog]:
    budget = SpawnBudget()
    return {
        name: Watchdog(
            table,
            records.get(name, Daemon(name)),
            runs=runs,
            turn=budget.turn,
            obstacle=obstacle,
            save=registry.note,
            bus=bus,
        )
        for name, table in config.daemons.items()
    }


def _tell_strangers(config: Config, records: dict[str, Daemon], troubles: Troubles) -> None:
    """Name what an earlier config started and this one does not know: it is left alone."""
    for name, record in records.items():
        if name not in config.daemons and record.proc is not None and is_alive(record.proc):
            troubles.teller(f"stranger {name}")(
                f"{name} (pid {record.proc.pid}) still runs, but is no longer in "
                f"{config.path.name}: put it back and stop it, or end the process yourself"
            )


def _state_id(state_dir: Path) -> str:
    """Name a state directory in the markers of its processes, also when all its files are lost."""
    return hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]


def _ghost(parts: _Parts, voice: Voice, tasks: asyncio.TaskGroup) -> Ghost:
    return Ghost(
        parts.config,
        parts.dogs,
        begin=lambda coro, name: tasks.create_task(coro, name=name),
        flushed=parts.registry.flushed,
        link=voice.link,
        troubles=parts.troubles.lines,
        measures=dict,
    )


def _long_tasks(parts: _Parts, ghost: Ghost, speech: _Speech, ending: Ending) -> dict[str, Task]:
    """Name everything that runs for as long as Ghost. Who listens comes before who speaks."""
    config, dogs, bus = parts.config, parts.dogs, parts.bus
    lifecycle = Lifecycle(dogs, bus)
    lifecycle.begin(parts.runs)
    doors = Doors(
        ghost,
        state_dir=config.ghost.state_dir,
        listen=config.web.listen,
        allowed_hosts=config.web.allowed_hosts,
        down=lambda keep_daemons: ending.end(How.KEEP if keep_daemons else How.DOWN),
        tell=parts.troubles.teller("private door"),
    )
    return {
        "terminal": lambda: terminal.narrate(bus),
        "incidents": speech.desk.run,
        "lifecycle": lifecycle.run,
        "selfcheck": Selfcheck(dogs, bus).run,
        "sentinel": Sentinel(dogs, bus).run,
        **{f"watchdog {name}": dog.run for name, dog in dogs.items()},
        "doors": doors.run,
        **speech.tasks(),
    }


@dataclass(frozen=True)
class _Access:
    """How Ghost gets into Slack, or why it does not."""

    bot_token: str = ""
    app_token: str = ""
    api_url: str | None = None
    off: str | None = None  # why there is no Slack, in words
    page_url: str | None = None  # the playground's


@asynccontextmanager
async def _slack_of(
    config: Config,
    found: Secrets,
    playground: bool,  # noqa: FBT001  the command line's own flag
) -> AsyncIterator[_Access]:
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
    channel = (config.slack.channel or "ghost-alerts").removeprefix("#")
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

    def __init__(self, parts: _Parts, access: _Access) -> None:
        """Build it. Nothing of it runs yet."""
        self._parts = parts
        self._access = access
        self._heartbeats: Heartbeats | None = None
        self.voice: Voice = Silent(access.off or "")
        if access.off is None:
            self._build(access)
        self.desk = Desk(
            parts.bus,
            self.voice,
            Incidents(parts.database),
            last_lines=self._last_lines,
            daemons=lambda: {name: dog.daemon for name, dog in parts.dogs.items()},
        )

    def _build(self, access: _Access) -> None:
        parts = self._parts
        channel = parts.config.slack.channel
        self._gateway = Gateway(
            bot_token=access.bot_token,
            app_token=access.app_token,
            api_url=access.api_url,
            register=self._register,
            tell=parts.troubles.teller("slack"),
        )
        self._people = People(self._gateway.client, channel)
        self._outbox = Outbox(
            client=self._gateway.writes,
            posts=Posts(parts.database),
            ready=self._gateway.ready,
            find=self._people.find,
            tell=parts.troubles.teller("slack channel"),
        )
        self.voice = self._notifier = Notifier(
            outbox=self._outbox,
            channel=channel,
            host=parts.config.ghost.name,
            link=self._gateway.state,
        )

    def listen_to(self, ghost: Ghost) -> None:
        """Take the Ghost that people speak with."""
        self._ghost = ghost
        if self._access.off is None:
            every_s = self._parts.config.slack.heartbeat_s
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
            command=self._parts.config.slack.command,
        )
        handlers.register(app, means)

    async def _last_lines(self, daemon: str) -> tuple[str, ...]:
        tail = await self._ghost.logs(daemon, lines=LINES_KEPT)
        return tuple(line.text for line in tail.lines)

    def tasks(self) -> dict[str, Task]:
        """Name what runs for as long as Ghost speaks."""
        if self._heartbeats is None:
            return {}
        return {
            "slack": self._gateway.run,
            "outbox": self._outbox.run,
            "heartbeat": self._heartbeats.run,
        }


def _welcome(parts: _Parts, access: _Access) -> None:
    """Say where everything is, and what to type first."""
    config, say = parts.config, terminal.say
    say(f"Ghost keeps {len(config.daemons)} daemons of {config.path.name} on {config.ghost.name}.")
    if access.page_url:
        say("")
        say(f"  Playground   {access.page_url}")
        say(f"               open it in a browser and type:  {config.slack.command} status")
    elif access.off:
        say(f"  Slack is {access.off}: the daemons run without it. See README, “Slack”.")
    if config.web.listen:
        say(f"  API          http://{config.web.listen[0]}:{config.web.listen[1]}/health")
    say("  Terminal     ghost status, ghost logs NAME, ghost restart NAME")
    say("")
    say("Ctrl-C stops the daemons and Ghost; pressed twice, it leaves the daemons running.")
    say("")


async def _until_told(ending: Ending, ghost: Ghost) -> None:
    """Wait for the word to end, and stop the daemons first if that is the word."""
    if await ending.told() is How.KEEP:
        return
    kept = asyncio.create_task(ending.kept(), name="second word")
    down = asyncio.create_task(ghost.down(Actor("local:ghost", "ghost down")), name="down")
    await asyncio.wait({kept, down}, return_when=asyncio.FIRST_COMPLETED)
    for task in (kept, down):
        task.cancel()
