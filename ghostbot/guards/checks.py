"""Checks: what Ghost looks at and does not run, and the heals that it tries for it.

Selfcheck looks, `core.heal` decides, the executor acts; here they meet.

Rule 1: one incident for each check in trouble, which says what was tried and what came of it.
Rule 2: no heal waits for the looking, nor the looking for a heal.
Rule 3: how often was tried is kept, so that a restart of Ghost begins no new count.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ghostbot.bus import Bus
from ghostbot.config.model import CheckTable
from ghostbot.core import heal
from ghostbot.core.heal import Check, Heal, Healed, Kept, Ladder, Seen, Stage, Tell, Try
from ghostbot.core.incident import About, Phase, Subject, Told
from ghostbot.core.task import State
from ghostbot.core.words import did_you_mean
from ghostbot.errors import Failed, GhostError, NoSuch
from ghostbot.guards.actions import Actions
from ghostbot.guards.executor import Executor

KIND = "heal"
CAUSE = "probe"
MAIL_MAX = 1_000  # looks that wait; what is lost of them comes with the next look
BETWEEN_S = 0.001  # steps of one turn stay apart, and in order

log = logging.getLogger("ghost.checks")


class Store(Protocol):
    """Where the counts are kept (store/tasks.py)."""

    async def save(self, kept: Kept) -> None:
        """Keep one."""

    async def load(self) -> list[Kept]:
        """Return all."""


@dataclass(frozen=True, slots=True)
class Mail:
    """Something that happened to a check."""

    name: str
    event: heal.Event


class Checks:
    """Follows every check, from its looks to its heals."""

    def __init__(
        self,
        tables: Callable[[], Mapping[str, CheckTable]],
        *,
        bus: Bus,
        executor: Executor,
        actions: Actions,
        store: Store,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the parts, and a clock of epoch seconds."""
        self._tables = tables
        self._bus = bus
        self._executor = executor
        self._actions = actions
        self._store = store
        self._now = now
        self._checks: dict[str, Check] = {}
        self._mail: asyncio.Queue[Mail] = asyncio.Queue(MAIL_MAX)
        self._told_at = 0.0

    def seen(self, name: str, ok: bool | None, said: str) -> None:  # noqa: FBT001 - a verdict
        """Take what the looks at a check come to. Called by selfcheck after each look."""
        if not self._mail.full():
            self._mail.put_nowait(Mail(name, Seen(ok, said)))

    def heal(self, name: str, by: str) -> None:
        """Have a check healed because a person wants it. Raises NoSuch, and Failed with why not."""
        check = self.check(name)
        if not check.ladder.rungs:
            raise Failed(f"cannot heal {name}: its `heal` names no action")
        if check.healing is not None:
            raise Failed(f"cannot heal {name}: {check.healing} is on its way, see `ghost tasks`")
        if not check.is_sick:
            raise Failed(f"cannot heal {name}: it is well")
        if self._mail.full():
            raise Failed(f"cannot heal {name}: too much waits already")
        self._mail.put_nowait(Mail(name, Heal(by)))

    def check(self, name: str) -> Check:
        """Return one check as it is. Raises NoSuch."""
        table = self._tables().get(name)
        if table is None:
            near = did_you_mean(name, self._tables())
            raise NoSuch(f"cannot show {name}: no such check{near}", "check")
        return self._checks.get(name) or Check(name, ladder_of(table))

    def all(self) -> tuple[Check, ...]:
        """Return every check as it is, in file order."""
        return tuple(self.check(name) for name in self._tables())

    def subjects(self) -> tuple[Subject, ...]:
        """Return whom incidents of checks may be about."""
        return tuple(Subject(About.CHECK, name) for name in self._tables())

    async def run(self) -> None:
        """Follow for ever, from where the last Ghost was."""
        loop = asyncio.get_running_loop()
        lost = Healed(ok=False, said="Ghost lost sight of it")  # where an earlier `run` failed
        for name, check in self._checks.items():
            self._checks[name], _ = heal.step(check, lost, loop.time())
        for kept in await self._store.load():
            table = self._tables().get(kept.name)
            if table is not None and kept.name not in self._checks:
                restored = heal.restored(kept, ladder_of(table), loop.time())
                self._checks[kept.name] = restored
        async with asyncio.TaskGroup() as tasks:
            while True:
                mail = await self._mail.get()
                if mail.name in self._tables():
                    await self._turn(mail, tasks)

    async def _turn(self, mail: Mail, tasks: asyncio.TaskGroup) -> None:
        before = self.check(mail.name)
        table = self._tables()[mail.name]
        now = asyncio.get_running_loop().time()
        after, effects = heal.step(_with(before, ladder_of(table)), mail.event, now)
        if heal.kept(after) != heal.kept(before):
            await self._store.save(heal.kept(after))  # before acting: no heal goes uncounted
        self._checks[mail.name] = after
        for effect in effects:
            match effect:
                case Tell(what):
                    self._tell(after, what)
                case Try(action, number):
                    log.info("heal check=%s action=%s number=%d", mail.name, action, number)
                    doing = self._try(mail.name, action, number)
                    tasks.create_task(doing, name=f"heal {mail.name}")

    async def _try(self, name: str, action: str, number: int) -> None:
        """Have an action done, and report what came of it."""
        by = f"check {name}"
        try:
            table = self._actions.table(action)
            task = self._executor.submit(
                KIND,
                f"heal {name} by {action} ({number})",
                self._actions.work(action, by, heal=True),
                by=by,
                limit=f"action {action}",
                timeout_s=self._actions.limit_s(table),
            )
            done = await self._executor.done(task.id)
        except GhostError as error:
            healed = Healed(ok=False, said=str(error))
        else:
            healed = Healed(ok=done.state is State.DONE, said=done.said or done.state.value)
        await self._mail.put(Mail(name, healed))

    def _tell(self, check: Check, what: str) -> None:
        log.info("check name=%s stage=%s %s", check.name, check.stage, what)
        self._told_at = max(self._now(), self._told_at + BETWEEN_S)
        self._bus.tell(
            Told(
                subject=Subject(About.CHECK, check.name),
                cause=CAUSE,
                line=check.said if check.is_sick else None,
                at=self._told_at,
                phase=_phase(check),
                note=what,
                heals=bool(check.ladder.rungs),
            )
        )


def ladder_of(table: CheckTable) -> Ladder:
    """Return what may be tried for a check. It is calm only after some looks, however rare."""
    calm_s = max(heal.CALM_S, 2 * table.probe.every_s)
    return Ladder(rungs=table.heal, attempts=table.attempts, pause_s=table.pause_s, calm_s=calm_s)


def _with(check: Check, ladder: Ladder) -> Check:
    """Return a check with the ladder that ghost.toml gives it now."""
    if check.ladder == ladder:
        return check
    return heal.relearned(check, ladder)


def _phase(check: Check) -> Phase:
    if check.healing is not None and check.stage is Stage.SICK:
        return Phase.HEALING
    return Phase.UNHEALED if check.stage is Stage.UNHEALED else Phase.SICK
