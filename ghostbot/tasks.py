"""Long work that people ask for: restarts of many, actions and heals, each once, as tasks.

Slack, HTTP and the CLI call only this and `ghost.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from ghostbot import errors
from ghostbot.config.model import ActionKind, ActionTable
from ghostbot.core.daemon import Wanted
from ghostbot.core.rights import Role
from ghostbot.core.task import State, Task
from ghostbot.ghost import WAIT_MAX_S, Ghost
from ghostbot.guards.actions import Actions
from ghostbot.guards.drill import Drills
from ghostbot.guards.executor import Executor, Progress, Work
from ghostbot.orders import Actor, Doing, Outcome, Outcomes

ACTION, RESTART, DRILL = "action", "restart", "drill"  # kinds of tasks
RESTART_S = 3600.0  # of many, one level after the other, each as slow as its slowest
SAVED_S = 2.0  # a store that does not write is no reason to wait
NAMED_MAX = 3  # daemons in the title of a task
GHOST = "local:ghost"


log = logging.getLogger("ghost.tasks")


class Healer(Protocol):
    """What has checks healed (guards/checks.py)."""

    def heal(self, name: str, by: str) -> None:
        """Have it healed. Raises NoSuch, and Failed with why not."""


class Tasks:
    """Each verb about long work that a person can ask for, once."""

    def __init__(
        self, ghost: Ghost, executor: Executor, actions: Actions, checks: Healer, drills: Drills
    ) -> None:
        """Take the parts, and let the executor know how to begin what is queued when Ghost ends."""
        self._drills = drills
        self._ghost = ghost
        self._executor = executor
        self._actions = actions
        self._checks = checks
        executor.knows(ACTION, lambda args: actions.work(args["name"], args["by"]))
        executor.knows(RESTART, self._restart_again)

    def all(self) -> tuple[Task, ...]:
        """Return all tasks, newest first."""
        return self._executor.tasks()

    def one(self, number: int) -> Task:
        """Return one task. Raises NoSuch."""
        return self._executor.task(number)

    def cancel(self, number: int, actor: Actor) -> Task:
        """End a task. Raises NoSuch, and Failed where it is over."""
        self._ghost.permit(actor, "tasks cancel", (f"task {number}",))
        return self._executor.cancel(number, actor.name)

    def actions(self) -> tuple[ActionTable, ...]:
        """Return what `run` takes."""
        return self._actions.all()

    def action(self, name: str) -> ActionTable:
        """Return one action. Raises NoSuch."""
        return self._actions.table(name)

    def may_run(self, table: ActionTable, actor: Actor) -> None:
        """Raise NotAllowed where `actor` may not run an action."""
        names = table.daemons if table.kind is ActionKind.RESTART else (table.name,)
        self._ghost.permit.check(actor, "run", names, need=Role.of(table.role))

    async def run(
        self, name: str, actor: Actor, *, confirmed: bool = False, wait: bool = True
    ) -> Task:
        """Run an action; with `wait`, return when it is over or a minute has passed.

        Raises NoSuch, and Failed where it wants to be confirmed and is not.
        """
        table = self._actions.table(name)
        self.may_run(table, actor)
        if table.confirm and not confirmed:
            raise errors.Failed(f"cannot run {name}: it wants to be confirmed")
        self._ghost.permit.noted(actor, "run", (name,))
        task = self._executor.submit(
            ACTION,
            f"run {name}",
            self._actions.work(name, actor.name),
            by=actor.name,
            limit=f"action {name}",
            timeout_s=self._actions.limit_s(table),
            args={"name": name, "by": actor.name},
        )
        return await self._over(task) if wait else task

    async def drill(self, name: str, actor: Actor, *, wait: bool = True) -> Task:
        """Kill a daemon on purpose, and report what followed; with `wait`, as `run` does.

        Raises NoSuch, and Failed where it is refused.
        """
        self._ghost.permit(actor, "drill", (name,))
        work = self._drills.work(name)
        limit_s = self._drills.limit_s(name)
        task = self._executor.submit(
            DRILL, f"drill {name}", work, by=actor.name, limit=DRILL, timeout_s=limit_s
        )
        return await self._over(task) if wait else task

    def drill_by_schedule(self, name: str) -> None:
        """Begin a drill that ghost.toml asks for at this time; where it is refused, say so."""
        try:
            work, limit_s = self._drills.work(name), self._drills.limit_s(name)
            title = f"drill {name}, by its schedule"
            self._executor.submit(DRILL, title, work, by="schedule", limit=DRILL, timeout_s=limit_s)
        except errors.GhostError as error:
            log.warning("no drill: %s", error)

    def heal(self, check: str, actor: Actor) -> None:
        """Have a check healed now. Raises NoSuch, and Failed with why not."""
        self._ghost.permit(actor, "heal", (check,))
        self._checks.heal(check, actor.name)

    async def restart(self, names: Sequence[str], actor: Actor, *, wait: bool) -> Outcomes:
        """Restart many as one task: a `ghost.Queue`. Raises Failed where the queue is full."""
        given, became = asyncio.Event(), list[Outcome]()
        task = self._executor.submit(
            RESTART,
            f"restart {_listed(names)}",
            self._restarting(names, actor, given, became),
            by=actor.name,
            limit=RESTART,  # two at once would stop what the other waits for
            timeout_s=RESTART_S,
            args={"names": " ".join(names), "id": actor.id, "by": actor.name},
        )
        if wait:
            task = await self._over(task)
        else:
            await self._begun(task, given)
        if became:
            return tuple(became)
        said, ok = _so_far(self.one(task.id), wait=wait)
        return tuple(Outcome(n, ok=ok, said=said, view=self._ghost.daemon(n)) for n in names)

    async def restart_for(self, asked: Sequence[str], by: str, *, heal: bool) -> str:
        """Restart daemons for an action. Raises GhostError where one does not come up."""
        names = self._ghost.names(asked, "restart")
        if heal:
            names = self._unheld(names)
        outcomes = await self._ghost.through(Doing.RESTART, names, Actor(GHOST, by, Role.ADMIN))
        return _summed(outcomes)

    def _unheld(self, names: Sequence[str]) -> tuple[str, ...]:
        records = {d.name: d for d in self._ghost.records()[0]}
        free = tuple(
            n for n in names if not records[n].stopped and records[n].wanted is not Wanted.HELD
        )
        if not free:
            raise errors.Failed(f"cannot restart {_listed(names)}: a person stopped or holds it")
        return free

    def _restarting(
        self, names: Sequence[str], actor: Actor, given: asyncio.Event, became: list[Outcome]
    ) -> Work:
        asked_at = asyncio.get_running_loop().time()  # it may wait for its turn

        async def work(progress: Progress) -> str:
            progress.say(f"restarting {_listed(names)}, in order")
            done = await self._ghost.through(Doing.RESTART, names, actor, given, asked_at)
            became.extend(done)
            return _summed(became)

        return work

    def _restart_again(self, args: Mapping[str, str]) -> Work:
        """Return the work of a restart that was queued when the last Ghost ended."""
        actor = Actor(args["id"], args["by"], Role.OPERATOR)  # asked when it was queued
        return self._restarting(args["names"].split(), actor, asyncio.Event(), [])

    async def _begun(self, task: Task, given: asyncio.Event) -> None:
        """Wait until the first daemons have the order, or the task waits on disk for its turn."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SAVED_S):
                await self._executor.saved(task.id)
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_MAX_S):
                if self.one(task.id).state is State.RUNNING:
                    await given.wait()

    async def _over(self, task: Task) -> Task:
        try:
            async with asyncio.timeout(WAIT_MAX_S):
                return await self._executor.done(task.id)
        except TimeoutError:
            return self.one(task.id)


def _listed(names: Sequence[str]) -> str:
    return " ".join(names) if len(names) <= NAMED_MAX else f"{len(names)} daemons"


def _so_far(task: Task, *, wait: bool) -> tuple[str, bool]:
    """Say of a restart that is not over, or was cut short, how it is; and whether that is well."""
    if task.is_over:
        return f"was not restarted: {task.said}", False
    goes = "goes on" if wait else "has begun"
    if task.state is State.QUEUED:
        goes = "waits for its turn"
    return f"restart {goes}: task {task.id}", not wait


def _summed(outcomes: Sequence[Outcome]) -> str:
    """Say what became of many. Raises Failed where one did not come up."""
    bad = [f"{o.name} {o.said}" for o in outcomes if not o.ok]
    well = f"{len(outcomes) - len(bad)} of {len(outcomes)} restarted"
    if bad:
        raise errors.Failed(f"{well}; {'; '.join(bad)}")
    return well if len(outcomes) > 1 else f"{outcomes[0].name} {outcomes[0].said}"
