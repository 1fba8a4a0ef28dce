"""Ghost's whole Slack side on a playground, with a Ghost that has no processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import handlers
from ghostbot.bus import Bus
from ghostbot.config.model import ActionTable, RolesTable
from ghostbot.core.incident import Hand, Incident
from ghostbot.core.rights import Grant
from ghostbot.core.task import Task
from ghostbot.errors import Failed
from ghostbot.guards.actions import Actions
from ghostbot.guards.drill import Drills
from ghostbot.guards.executor import Executor
from ghostbot.incidents.care import Care
from ghostbot.incidents.desk import Desk
from ghostbot.permit import Permit
from ghostbot.playground import Playground
from ghostbot.record import Record
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.notifier import Notifier
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.people import People
from ghostbot.tasks import Tasks
from handlers.means import Means
from handlers.parts import Patching
from tests.fakes.ghost import NOW, FakeGhost
from tests.fakes.itself import FakeItself

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


def manifest() -> dict[str, Any]:
    """Return manifest.yml."""
    read: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return read


class FakePosts:
    """Posts in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str]] = {}

    async def get(self, key: str) -> tuple[str, str] | None:
        return self.rows.get(key)

    async def put(self, key: str, channel: str, ts: str) -> None:
        self.rows[key] = (channel, ts)

    async def forget(self, key: str) -> None:
        self.rows.pop(key, None)


@dataclass
class Side:
    """The parts, for tests to hold."""

    slack: Playground
    ghost: FakeGhost
    gateway: Gateway
    outbox: Outbox
    notifier: Notifier
    posts: FakePosts
    incidents: dict[int, Incident] = field(default_factory=dict)
    told: list[str | None] = field(default_factory=list)
    actions: dict[str, ActionTable] = field(default_factory=dict)
    healed: list[tuple[str, str]] = field(default_factory=list)
    desk: Desk | None = None
    executor: Executor | None = None
    itself: FakeItself = field(default_factory=FakeItself)
    admins: set[str] = field(default_factory=set)  # ids of those who claimed it
    roles: dict[str, tuple[Grant, ...]] = field(default_factory=dict)  # as in [roles]
    record: Record = field(default_factory=Record)


def gateway_to(slack: Playground, **changes: Any) -> Gateway:
    """Return a gateway that knows the playground's tokens and registers nothing."""
    args: dict[str, Any] = {
        "bot_token": slack.bot_token,
        "app_token": slack.app_token,
        "api_url": slack.api_url,
        "register": lambda _app: None,
        "tell": lambda _line: None,
    }
    return Gateway(**args | changes)


def side_of(
    slack: Playground,
    ghost: FakeGhost,
    channel: str | None = "#ghost-alerts",
    patching: Callable[[Gateway, Outbox, People], Patching] = lambda *_: None,  # type: ignore[assignment,return-value]
) -> Side:
    """Build it all; nothing of it runs."""
    incidents: dict[int, Incident] = {}
    told: list[str | None] = []

    def register(app: Any) -> None:
        handlers.register(app, means)

    gateway = gateway_to(slack, register=register, tell=told.append)
    admins = set[str]()
    claimed = lambda _team: frozenset(admins)  # noqa: E731
    roles, record = dict[str, tuple[Grant, ...]](), Record()
    ghost.permit = permit = Permit(record.note)
    people = People(
        gateway.client,
        channel,
        roles=lambda: RolesTable(**roles),
        claimed=claimed,
        permit=permit,
    )
    posts = FakePosts()
    outbox = Outbox(
        client=gateway.writes,
        posts=posts,
        ready=gateway.ready,
        find=people.find,
        tell=told.append,
        pace_s=0.02,
    )
    notifier = Notifier(outbox=outbox, channel=channel, host="den", link=gateway.state)
    side = Side(slack, ghost, gateway, outbox, notifier, posts, incidents, told, admins=admins)
    side.roles, side.record, side.itself.permit = roles, record, permit
    tasks = tasks_of(side)
    care = care_of(side)
    means = Means(
        ghost,
        gateway,
        people,
        notifier,
        incidents.get,
        tasks,
        care,
        side.itself,
        patching=patching(gateway, outbox, people),
    )  # type: ignore[arg-type]
    return side


def care_of(side: Side) -> Care:
    """Return what people do about troubles, on a desk that knows those of `side`."""
    side.desk = Desk(
        Bus(),
        side.notifier,
        KeptIn(side.incidents),
        last_lines=no_lines,
        daemons=dict,
        now=lambda: NOW,
    )
    side.desk.by_id = side.incidents.get  # type: ignore[method-assign]
    kept = KeptIn(side.incidents)
    known = side.ghost.views.keys
    permit = side.ghost.permit
    return Care(
        side.desk,
        NoSilences(),
        newest=kept.newest,
        known=known,
        permit=permit,
        now=lambda: NOW,
    )


async def no_lines(_: str) -> tuple[str, ...]:
    """Return no lines of a log."""
    return ()


@dataclass
class KeptIn:
    """Keeps incidents in a dict."""

    incidents: dict[int, Incident]

    async def save(self, incident: Incident) -> Incident:
        self.incidents[incident.id] = incident
        return incident

    async def open(self) -> list[Incident]:
        return []

    async def untold(self) -> list[Incident]:
        return []

    async def newest(self, most: int) -> list[Incident]:
        found = sorted(self.incidents.values(), key=lambda i: (i.is_over, -i.id))
        return found[:most]


class NoSilences:
    """Keeps no silences."""

    async def put(self, name: str, hand: Hand) -> None: ...

    async def drop(self, name: str) -> None: ...

    async def all(self) -> dict[str, Hand]:
        return {}


def tasks_of(side: Side) -> Tasks:
    """Return long work whose actions are those of `side`, and restart what they say in words."""
    side.executor = Executor(NoStore())

    async def restart(asked: Sequence[str], by: str, *, heal: bool) -> str:
        if "broken" in asked:
            raise Failed("broken did not come up: exited 1")
        return f"{len(asked)} of {len(asked)} restarted"

    async def errand(*_: object, **__: object) -> Any:
        raise OSError(2, "No such file or directory")

    actions = Actions(lambda: side.actions, restart=restart, errand=errand, token=lambda _: None)

    async def told(_name: str, _since: float) -> float | None:
        return None

    drills = Drills({}, Bus(), told)
    return Tasks(side.ghost, side.executor, actions, Healer(side.healed), drills)  # type: ignore[arg-type]


class NoStore:
    """Keeps no tasks."""

    async def save(self, tasks: Iterable[Task]) -> None: ...

    async def load(self) -> list[Task]:
        return []


@dataclass
class Healer:
    """Heals all but what is well."""

    healed: list[tuple[str, str]]

    def heal(self, name: str, by: str) -> None:
        if name == "well":
            raise Failed("cannot heal well: it is well")
        self.healed.append((name, by))


@asynccontextmanager
async def running(*tasks: Callable[[], Any]) -> AsyncIterator[None]:
    """Run these as long as the `with`."""
    going = [asyncio.ensure_future(task()) for task in tasks]
    try:
        yield
    finally:
        for task in going:
            task.cancel()
        ended = await asyncio.gather(*going, return_exceptions=True)
    broken = [e for e in ended if isinstance(e, Exception)]
    assert not broken, broken


@asynccontextmanager
async def slack_side(
    ghost: FakeGhost,
    channel: str | None = "#ghost-alerts",
    patching: Callable[[Gateway, Outbox, People], Patching] = lambda *_: None,  # type: ignore[assignment,return-value]
    *more: Callable[[], Any],
    slack: Playground | None = None,
) -> AsyncIterator[Side]:
    """A playground with Ghost connected to it."""
    slack = slack or Playground(manifest())
    await slack.start()
    side = side_of(slack, ghost, channel, patching)
    assert side.executor is not None
    assert side.desk is not None
    try:
        async with running(
            side.gateway.run, side.outbox.run, side.executor.run, side.desk.run, *more
        ):
            await until(lambda: side.gateway.state() == "connected")
            yield side
    finally:
        await slack.stop()


async def until(true: Callable[[], object], timeout_s: float = 10) -> None:
    """Wait until it is true; a condition that nothing announces is asked about often."""
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110  what it waits for has no event
            await asyncio.sleep(0.005)


def shown(message: dict[str, Any]) -> str:
    """Return every text of a message as one string, to look things up in."""
    return repr([message.get("text"), message.get("blocks"), message.get("attachments")])
