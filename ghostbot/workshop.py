"""The workshop: the executor and all that gives it work, as one object graph.

Nothing here is needed for daemons to be kept.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from ghostbot.config.clock import zone_of
from ghostbot.config.model import Config
from ghostbot.config.secrets import found
from ghostbot.core.history import Digest
from ghostbot.ghost import Ghost
from ghostbot.guards.actions import Actions, Restart
from ghostbot.guards.checks import Checks
from ghostbot.guards.drill import Drills, Told
from ghostbot.guards.executor import Executor
from ghostbot.guards.timetable import Timetable
from ghostbot.guards.trends import Trends
from ghostbot.incidents.history import History
from ghostbot.incidents.own import Own
from ghostbot.store.database import Database
from ghostbot.store.findings import Findings
from ghostbot.store.history import History as Hours
from ghostbot.store.tasks import Heals
from ghostbot.store.tasks import Tasks as Rows
from ghostbot.supervision import Supervision
from ghostbot.tasks import Tasks

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Workshop:
    """What does long work, and what people ask it for."""

    executor: Executor
    checks: Checks
    tasks: Tasks
    trends: Trends
    timetable: Timetable
    history: History

    async def digest(self, until: float) -> Digest:
        """Return the day before `until` (epoch)."""
        return await self.history.digest(until, await self.trends.slowest(DAY_S))

    def jobs(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Name what runs for as long as Ghost."""
        return {
            "executor": self.executor.run,
            "checks": self.checks.run,
            "trends": self.trends.run,
            "timetable": self.timetable.run,
            "history": self.history.run,
        }


@asynccontextmanager
async def workshop(
    house: Supervision,
    ghost: Ghost,
    database: Database,
    config: Callable[[], Config],
    told: Told,
) -> AsyncIterator[Workshop]:
    """Build it, with what the last Ghost left.

    `config` gives ghost.toml as it was last read; `told` waits until people were told of a daemon.
    """
    executor = Executor(Rows(database), house.troubles.teller("tasks"))
    tasks: Tasks | None = None

    async def restart(asked: Sequence[str], by: str, *, heal: bool) -> str:
        assert tasks is not None, "no action runs before everything is built"
        return await tasks.restart_for(asked, by, heal=heal)

    actions = _actions(house, config, restart)
    checks = Checks(
        lambda: config().checks,
        bus=house.bus,
        executor=executor,
        actions=actions,
        store=Heals(database),
    )
    drills = Drills(house.dogs, house.bus, told)
    tasks = Tasks(ghost, executor, actions, checks, drills)
    await executor.begin()
    trends = Trends(Findings(database))
    timetable = Timetable(
        house.dogs, tasks.drill_by_schedule, zone=zone_of(house.config.ghost.timezone)
    )
    history = History(house.bus, house.daemons, Hours(database))
    shop = Workshop(executor, checks, tasks, trends, timetable, history)
    try:
        with _hearing(house, ghost, shop):
            yield shop
    finally:
        await actions.close()


@contextmanager
def _hearing(house: Supervision, ghost: Ghost, shop: Workshop) -> Iterator[None]:
    """Have the workshop hear what it works on."""
    house.troubles.listen(Own(house.bus, house.troubles.line).hear)
    house.selfcheck.heard_by(shop.trends.note, shop.checks.seen)
    house.rollcall.also["executor"] = lambda: shop.executor.answered_at
    house.rewired.append(shop.timetable.rewire)
    ghost.queue = shop.tasks.restart
    try:
        yield
    finally:
        ghost.queue = None
        house.selfcheck.heard_by()
        house.rewired.clear()
        house.troubles.listen(None)


def _actions(house: Supervision, config: Callable[[], Config], restart: Restart) -> Actions:
    folder = house.config.path.parent
    return Actions(
        lambda: config().actions,
        restart=restart,
        errand=house.errands.run,
        token=lambda name: found(name, folder, os.environ),
        known=house.tunnels.address,
    )
