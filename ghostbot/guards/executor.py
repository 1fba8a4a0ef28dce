"""The executor: a queue of long work, kept over Ghost's restarts, each piece visible and bounded.

Rule 1: nothing waits for it that supervises: handing work over returns at once, and the store is
        written behind the work's back. Where the store fails, tasks run in memory.
Rule 2: at most `AT_ONCE` run, at most `PER_KIND` of one kind, and one of each `limit`; whoever
        cannot begin lets those behind pass, and a queue that is full says so.
Rule 3: what was running when Ghost ended is interrupted, never silently run again; what was
        queued is begun, where somebody knows how.
Rule 4: a task ends: by itself, by its timeout, or by a person who cancels it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from ghostbot.core import task as tasks
from ghostbot.core.task import Began, Ended, Event, Found, Said, State, Task
from ghostbot.errors import Failed, GhostError, NoSuch
from ghostbot.keep import keep

AT_ONCE = 4
PER_KIND = 2
QUEUE_MAX = 100
KEPT = 200  # of those that are over, in memory
LOOK_S = 5.0  # shows that it is there, also when there is nothing to do
LOAD_S = 2.0  # the store has this long to tell the last number

log = logging.getLogger("ghost.executor")


class Store(Protocol):
    """Where tasks are kept (store/tasks.py)."""

    async def save(self, tasks: Iterable[Task]) -> None:
        """Keep them."""

    async def load(self) -> list[Task]:
        """Return all that are kept, oldest first."""


class Progress:
    """What a piece of work tells about itself."""

    def __init__(self, tell: Callable[[Said], None]) -> None:
        """Take who hears it."""
        self._tell = tell

    def say(self, what: str) -> None:
        """Say in a line how it goes."""
        self._tell(Said(what=what))

    def wrote(self, output: str) -> None:
        """Hand over what a command wrote; its end is kept."""
        self._tell(Said(output=output))


Work = Callable[[Progress], Awaitable[str]]  # returns the last word; raises GhostError
Again = Callable[[Mapping[str, str]], Work]  # makes the work of a task anew; raises GhostError


class Executor:
    """Runs what takes long."""

    def __init__(
        self,
        store: Store,
        tell: Callable[[str | None], None] = lambda _: None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the store, who hears when it fails, and a clock of epoch seconds."""
        self._store = store
        self._tell = tell
        self._now = now
        self._last = 0
        self._tasks: dict[int, Task] = {}  # oldest first
        self._work: dict[int, Work] = {}  # of those that are queued
        self._doing: dict[int, asyncio.Task[None]] = {}
        self._again: dict[str, Again] = {}
        self._cancelled: dict[int, str] = {}  # by whom
        self._over: dict[int, asyncio.Event] = {}
        self._unsaved: dict[int, Task] = {}
        self._saving: dict[int, Task] = {}
        self._written = asyncio.Event()  # set for a moment after each write
        self._wake, self._save = asyncio.Event(), asyncio.Event()
        self.answered_at: float | None = None  # when it last looked for work, monotonic

    def knows(self, kind: str, again: Again) -> None:
        """Learn how tasks of a kind are begun that were queued when the last Ghost ended."""
        self._again[kind] = again

    async def begin(self) -> None:
        """Take over what the last Ghost left. Called once, before any work is handed over."""
        try:
            async with asyncio.timeout(LOAD_S):
                found = await self._store.load()
        except TimeoutError:
            self._tell("tasks: the store does not answer; those of the last Ghost are not shown")
            self._last = int(self._now())  # no earlier Ghost gave such numbers
            return
        for task in found:
            self._last = max(self._last, task.id)
            self._take_over(task)
        self._forget()

    def _take_over(self, task: Task) -> None:
        self._tasks[task.id] = task
        work = None
        if task.state is State.QUEUED and task.kind in self._again:
            try:
                work = self._again[task.kind](task.args)
            except GhostError as error:
                self._change(task.id, Ended(State.FAILED, str(error)))
        if work is not None:
            self._work[task.id] = work
            self._wake.set()
        self._change(task.id, Found(again=work is not None))

    def submit(
        self,
        kind: str,
        title: str,
        work: Work,
        *,
        by: str,
        limit: str | None = None,
        timeout_s: float = 600.0,
        args: Mapping[str, str] | None = None,
    ) -> Task:
        """Hand work over, and return its task. Raises Failed where the queue is full.

        With `args`, and where the kind is known, it survives Ghost's restart in the queue.
        """
        if len(self._work) >= QUEUE_MAX:
            raise Failed(f"cannot begin {title}: {QUEUE_MAX} tasks wait already, see `ghost tasks`")
        self._last += 1
        task = Task(
            id=self._last,
            kind=kind,
            title=title,
            by=by,
            created_at=self._now(),
            limit=limit,
            timeout_s=timeout_s,
            args=dict(args or {}),
        )
        self._tasks[task.id], self._work[task.id] = task, work
        self._note(task)
        self._wake.set()
        log.info("task queued id=%d kind=%s title=%r by=%s", task.id, kind, title, by)
        return task

    def tasks(self) -> tuple[Task, ...]:
        """Return what is kept, newest first."""
        return tuple(sorted(self._tasks.values(), key=lambda task: -task.id))

    def task(self, number: int) -> Task:
        """Return one. Raises NoSuch."""
        found = self._tasks.get(number)
        if found is None:
            raise NoSuch(f"cannot find task {number}: there is none of that number", "task")
        return found

    def cancel(self, number: int, by: str) -> Task:
        """End a task that is not over. Raises NoSuch, and Failed where it is over."""
        task = self.task(number)
        if task.is_over:
            raise Failed(f"cannot cancel task {number}: it is over ({task.state})")
        log.info("task cancelled id=%d by=%s", number, by)
        if number in self._doing:
            self._cancelled[number] = by
            self._doing[number].cancel()
        else:
            self._work.pop(number, None)
            self._change(number, Ended(State.CANCELLED, f"cancelled by {by}"))
        return self.task(number)

    async def done(self, number: int) -> Task:
        """Wait until a task is over, and return it. Raises NoSuch."""
        while not self.task(number).is_over:
            await self._over.setdefault(number, asyncio.Event()).wait()
        return self.task(number)

    async def saved(self, number: int) -> None:
        """Wait until a task is on disk as it was when this was asked, or a newer state of it."""
        while number in self._unsaved or number in self._saving:
            await self._written.wait()

    async def run(self) -> None:
        """Run what is handed over, for ever."""
        for task in self.tasks():  # where an earlier `run` failed
            if task.state is State.RUNNING:
                self._change(task.id, Found(again=False))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(keep("tasks' store", self._write, self._tell), name="tasks")
                while True:
                    for task in self._startable():
                        work = self._work.pop(task.id)
                        self._change(task.id, Began())
                        doing = self._do(task.id, work)
                        self._doing[task.id] = group.create_task(doing, name=f"task {task.id}")
                    self._wake.clear()
                    self.answered_at = asyncio.get_running_loop().time()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_S):
                            await self._wake.wait()
        finally:
            self._doing.clear()

    def _startable(self) -> Iterable[Task]:
        """Give those that may begin now, oldest first, as each of them begins."""
        for number in list(self._work):
            running = [self._tasks[n] for n in self._doing]
            if len(running) >= AT_ONCE:
                return
            task = self._tasks[number]
            same_kind = sum(r.kind == task.kind for r in running)
            taken = task.limit is not None and any(r.limit == task.limit for r in running)
            if same_kind < PER_KIND and not taken:
                yield task

    async def _do(self, number: int, work: Work) -> None:
        """Do one piece of work, and note how it ended."""
        progress = Progress(lambda said: self._change(number, said))
        limit = asyncio.timeout(self._tasks[number].timeout_s)
        try:
            async with limit:
                end = Ended(State.DONE, await work(progress))
        except asyncio.CancelledError:
            if number not in self._cancelled:  # Ghost ends: the next one says so
                raise
            end = Ended(State.CANCELLED, f"cancelled by {self._cancelled[number]}")
        except GhostError as error:
            end = Ended(State.FAILED, str(error))
        except Exception as error:  # the edge of a task: whoever handed it over is told
            if limit.expired():
                after = f"not done within {self._tasks[number].timeout_s:g} s"
                end = Ended(State.TIMED_OUT, after)
            else:
                log.exception("task failed id=%d", number)
                why = f"Ghost's own fault, see ghost.log: {error or type(error).__name__}"
                end = Ended(State.FAILED, why)
        finally:
            self._doing.pop(number, None)
            self._cancelled.pop(number, None)
            self._wake.set()
        self._change(number, end)
        log.info("task over id=%d state=%s said=%r", number, end.state, end.said)

    def _change(self, number: int, event: Event) -> None:
        before = self._tasks[number]
        after = tasks.step(before, event, self._now())
        if after is before:
            return
        self._tasks[number] = after
        self._note(after)
        if after.is_over:
            if heard := self._over.pop(number, None):
                heard.set()
            self._forget()

    def _forget(self) -> None:
        over = [number for number, task in self._tasks.items() if task.is_over]
        for number in over[: max(0, len(over) - KEPT)]:
            del self._tasks[number]

    def _note(self, task: Task) -> None:
        self._unsaved[task.id] = task
        self._save.set()

    async def _write(self) -> None:
        """Save what changed; what changes meanwhile is saved next, and only once."""
        while True:
            await self._save.wait()
            self._save.clear()
            self._saving, self._unsaved = self._unsaved, {}
            try:
                await self._store.save(self._saving.values())
            except BaseException:
                self._unsaved = self._saving | self._unsaved
                self._save.set()
                raise
            finally:
                self._saving = {}
            self._written.set()
            self._written.clear()
