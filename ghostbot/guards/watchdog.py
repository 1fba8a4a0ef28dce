"""The watchdog: one for each daemon, and the only one that changes it.

Rule 1: await mail or the deadline, step, save, act. The deadline is read from the record at
        each turn, so there is no timer to cancel and none that fires late.
Rule 2: what an effect leads to (a spawn, a pid) is stepped before the mail, so that no order
        comes between them.
Rule 3: orders are mail. They are read at any time, also during a slow stop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from signal import Signals
from typing import Protocol, assert_never

from ghostbot import errors
from ghostbot.bus import Bus, Turned
from ghostbot.config.model import DaemonTable
from ghostbot.core.daemon import (
    Adopted,
    Daemon,
    Drilled,
    Effect,
    Elapsed,
    Event,
    Exited,
    Order,
    Proc,
    Resumed,
    Signal,
    Spawn,
    Spawned,
    State,
    Tell,
    Unspawned,
    step,
)

MAIL_MAX = 200  # facts about one process are few; more than this is a flood of orders
UNSEEN_S = 2.0  # who is so late to a deadline was itself stopped, and saw nothing meanwhile

log = logging.getLogger("ghost.watchdog")


class Runs(Protocol):
    """The operating system's side of the daemons (process/runs.py)."""

    def spawn(self, table: DaemonTable, post: Callable[[Event], None]) -> Spawned | Unspawned:
        """Start a process; what becomes of it is posted."""

    def signal(self, table: DaemonTable, proc: Proc, signal: Signals) -> None:
        """Signal a process and what belongs to it."""

    async def clear(self, table: DaemonTable) -> None:
        """End what a dead leader of an earlier Ghost left, and wait until it is gone."""

    def find(self, name: str) -> Proc | None:
        """Return the living process of a daemon that the journal or a marker knows of."""

    def run_of(self, name: str) -> str | None:
        """Return the run that the journal last spoke of."""

    def adopt(
        self, table: DaemonTable, proc: Proc, post: Callable[[Event], None], run: str | None
    ) -> Adopted | Exited:
        """Watch a process from now on, or say that it has ended."""


@dataclass(frozen=True, slots=True)
class _Mail:
    event: Event
    read: asyncio.Future[None] | None = None  # set once the event was stepped


class Watchdog:
    """Keeps one daemon. `daemon` is its record, for everyone to read."""

    def __init__(
        self,
        table: DaemonTable,
        daemon: Daemon,
        *,
        runs: Runs,
        turn: Callable[[], asyncio.Future[None]],
        obstacle: Callable[[DaemonTable], str | None],
        save: Callable[[Daemon], None],
        bus: Bus,
        settled: Callable[[DaemonTable], DaemonTable] = lambda table: table,
    ) -> None:
        """Take the parts.

        `turn` gives a future that is done when a spawn may go; `obstacle` says what stands in
        its way; `settled` makes of the table what is started at this moment.
        """
        self.table = table
        self.daemon = replace(daemon, policy=table.policy)
        self._runs = runs
        self._turn = turn
        self._obstacle = obstacle
        self._save = save
        self._bus = bus
        self._settled = settled
        self._mail: deque[_Mail] = deque()
        self._wake = asyncio.Event()
        self._unread_since: float | None = None
        self._spawning = False
        self._retired = False
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Future[None] = self._loop.create_future()

    def post(self, event: Event) -> None:
        """Put an event into the mail. Facts are never refused."""
        self._put(_Mail(event))

    async def order(self, event: Order | Drilled) -> None:
        """Give an order, and return once it was stepped. Raises Failed when orders pile up."""
        if len(self._mail) >= MAIL_MAX:
            raise errors.Failed(f"cannot order {self.table.name}: {MAIL_MAX} orders are waiting")
        read: asyncio.Future[None] = self._loop.create_future()
        self._put(_Mail(event, read))
        await read

    def _put(self, mail: _Mail) -> None:
        if not self._mail:
            self._unread_since = self._loop.time()
        self._mail.append(mail)
        self._wake.set()

    def read_at(self, now: float) -> float:
        """Return up to when all mail is read: `now` where none waits."""
        return now if not self._mail or self._unread_since is None else self._unread_since

    def describe(self, table: DaemonTable) -> None:
        """Go by another table from now on; what runs is not touched."""
        self.table = table
        self.daemon = replace(self.daemon, policy=table.policy)

    def retire(self) -> None:
        """Let `run` return: nobody wants this daemon kept any more, and nothing of it runs."""
        self._retired = True
        self._wake.set()

    def next_turn(self) -> asyncio.Future[None]:
        """Return what is done when the daemon next changes."""
        return self._next

    async def run(self) -> None:
        """Keep the daemon until it is retired.

        Started again after a failure, it goes on from its record.
        """
        if self._spawning:  # it failed between a spawn and its outcome
            self._spawning = False
            await self._take(self._recovered())
        while (mail := await self._await_mail()) is not None:
            try:
                await self._take(mail.event)
            finally:
                if mail.read and not mail.read.done():
                    mail.read.set_result(None)

    async def _await_mail(self) -> _Mail | None:
        if not self._mail:
            if self._retired:
                return None
            self._wake.clear()
            try:
                async with asyncio.timeout_at(self.daemon.deadline):
                    await self._wake.wait()
            except TimeoutError:
                return _Mail(self._passed())
        self._unread_since = self._loop.time()
        return self._mail.popleft() if self._mail else None

    def _passed(self) -> Event:
        """Say that the deadline passed; nobody is late who may have been ready unseen."""
        d = self.daemon
        assert d.deadline is not None, "it passed"
        unseen = self._loop.time() - d.deadline > UNSEEN_S
        return Resumed() if unseen and d.state is State.STARTING else Elapsed()

    async def _take(self, event: Event) -> None:
        todo = deque([event])
        while todo:
            event = todo.popleft()
            before, now = self.daemon, self._loop.time()
            self.daemon, effects = step(before, event, now)
            if self.daemon != before:
                self._save(self.daemon)
            for effect in effects:
                if outcome := await self._perform(effect):
                    todo.append(outcome)
            if self.daemon != before:
                self._tell_turn(before, event, effects)

    def _tell_turn(self, before: Daemon, event: Event, effects: Sequence[Effect]) -> None:
        after = self.daemon
        said = "; ".join(effect.what for effect in effects if isinstance(effect, Tell))
        if said or after.state is not before.state:
            log.log(  # one line, as hundreds may turn at once
                logging.WARNING if said else logging.INFO,
                "turned daemon=%s from=%s to=%s by=%s %s",
                after.name,
                before.state.value,
                after.state.value,
                type(event).__name__,
                said,
            )
        self._bus.publish(Turned(before, after, event, time.time()))
        self._next.set_result(None)
        self._next = self._loop.create_future()

    async def _perform(self, effect: Effect) -> Event | None:
        match effect:
            case Spawn():
                return await self._spawn()
            case Signal(proc, signal):
                self._runs.signal(self.table, proc, signal)
                return None
            case Tell():
                return None  # it is said with the turn
        assert_never(effect)

    def _recovered(self) -> Event:
        """Say what a spawn that failed within Ghost has led to: perhaps a process all the same."""
        name = self.table.name
        if (proc := self._runs.find(name)) is None:
            return Unspawned("Ghost's own failure", own=True)
        return self._runs.adopt(self.table, proc, self.post, self._runs.run_of(name))

    async def _spawn(self) -> Event:
        self._spawning = True
        await self._runs.clear(self.table)
        await self._turn()
        why = self._obstacle(self.table)
        outcome: Event = (
            Unspawned(why, own=True)
            if why
            else self._runs.spawn(self._settled(self.table), self.post)
        )
        self._spawning = False
        return outcome
