"""Ghost: each verb a person can ask for, once. Slack, HTTP and the CLI call only this."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ghostbot import errors
from ghostbot.config.addresses import ADDRESS_OF
from ghostbot.config.model import Config, DaemonTable
from ghostbot.core import order, snapshot, why
from ghostbot.core.daemon import Daemon, Order, State, Stop, Wanted
from ghostbot.core.snapshot import DaemonView, House, Outside
from ghostbot.core.words import LOG_LINES, or_what
from ghostbot.guards.watchdog import Watchdog
from ghostbot.orders import (
    RESETS,
    STARTS,
    Actor,
    Doing,
    Outcome,
    Outcomes,
    Queue,
    at_once,
    event_of,
    started,
    stopped,
)
from ghostbot.permit import Permit
from ghostbot.process.output import Follower, Tail
from ghostbot.process.rotation import Logs

WAIT_MAX_S = 60.0  # no answer takes longer; a slower order goes on, and is said to
CLOCK_MOVED_S = 0.1  # somebody set the wall clock; less is only the time between two reads
WHY_LINES = 10  # of the log, beside the reasons
GROUP = "group:"
Verdict = tuple[bool, str] | None  # whether an order came true, in words; None: not yet known
After = Mapping[str, tuple[str, ...]]  # who comes after whom

log = logging.getLogger("ghost.orders")


class Ghost:
    """The house and what can be done in it."""

    def __init__(
        self,
        config: Config,
        watchdogs: Mapping[str, Watchdog],
        *,
        begin: Callable[[Coroutine[Any, Any, Outcomes], str], asyncio.Task[Outcomes]],
        flushed: Callable[[], Awaitable[object]],
        link: Callable[[], str],
        troubles: Callable[[], Sequence[str]],
        outside: Callable[[str], Outside],
        logs: Logs,
        permit: Permit | None = None,
    ) -> None:
        """Take the parts.

        `begin` starts a named task that lives on when the asker goes away; `flushed` waits
        until what was saved so far is on disk.
        """
        self._config = config
        self._dogs = watchdogs
        self._begin = begin
        self._flushed = flushed
        self._link = link
        self._troubles = troubles
        self._outside = outside
        self._logs = logs
        self.permit = permit or Permit()
        self._began = time.monotonic()
        self.queue: Queue | None = None  # takes restarts of many, once there is an executor
        self._offset = 0.0  # of the wall clock, as `_clocks` keeps it

    @property
    def _after(self) -> After:
        dogs = self._dogs
        return {n: tuple(a for a in dog.table.after if a in dogs) for n, dog in dogs.items()}

    # Reading.

    def house(self) -> House:
        """Return how everything is now. Costs no I/O."""
        now, wall = self._clocks()
        return House(
            host=self._config.ghost.name,
            updated_at=wall,
            uptime_s=now - self._began,
            slack=self._link(),
            daemons=tuple(self._view(dog, now, wall) for dog in self._dogs.values()),
            troubles=tuple(self._troubles()),
        )

    def _view(self, dog: Watchdog, now: float, wall: float) -> DaemonView:
        table: DaemonTable = dog.table
        return snapshot.view(
            dog.daemon,
            now=now,
            wall=wall,
            host=self._config.ghost.name,
            port=table.port,
            after=table.after,
            group=table.group,
            description=table.description,
            outside=self._outside(table.name) if dog.daemon.is_alive else None,
        )

    def daemon(self, name: str) -> DaemonView:
        """Return one daemon. Raises NoSuch."""
        dog = self._dog(name, "show")
        return self._view(dog, *self._clocks())

    def _clocks(self) -> tuple[float, float]:
        """Return now as the monotonic and as the wall clock have it.

        Their difference is kept until it has really moved: else an instant of the past would be
        shown a millisecond earlier or later at each look.
        """
        now = time.monotonic()
        offset = time.time() - now
        if abs(offset - self._offset) > CLOCK_MOVED_S:
            self._offset = offset
        return now, now + self._offset

    def names(self, asked: Iterable[str], verb: str = "show") -> tuple[str, ...]:
        """Return the daemons that `asked` means, each once, in file order.

        Takes names, `all` and `group:G`. Raises NoSuch where one means nothing, so that an
        order with one wrong name does nothing at all.
        """
        wanted: set[str] = set()
        for word in asked:
            wanted |= self._meant(word, verb)
        return tuple(name for name in self._dogs if name in wanted)

    def _meant(self, word: str, verb: str) -> set[str]:
        if word == "all":
            return set(self._dogs)
        if word.startswith(GROUP):
            group = word[len(GROUP) :]
            groups = {d.table.group for d in self._dogs.values() if d.table.group}
            if group not in groups:
                near = or_what(group, groups)
                raise errors.NoSuch(f"cannot {verb} {word}: no such group{near}")
            return {n for n, d in self._dogs.items() if d.table.group == group}
        family = {n for n, d in self._dogs.items() if d.table.of == word}  # web means web-1, …
        return family or {self._dog(word, verb).table.name}

    def _dog(self, name: str, verb: str) -> Watchdog:
        dog = self._dogs.get(name)
        if dog is None:
            near = or_what(name, self._dogs)
            raise errors.NoSuch(f"cannot {verb} {name}: no such daemon{near}")
        return dog

    async def logs(
        self,
        name: str,
        *,
        lines: int = LOG_LINES,
        grep: str | None = None,
        since_s: float | None = None,
    ) -> Tail:
        """Return its last lines, of the last `since_s`, that hold `grep`. Raises NoSuch."""
        known = self._dog(name, "show logs of").daemon.name
        return await self._logs.tail(known, lines, grep, since_s)

    def follower(self, name: str, offset: int) -> Follower:
        """Return who reads a daemon's log from an offset on. Raises NoSuch."""
        return self._logs.follower(self._dog(name, "follow").daemon.name, offset)

    async def why(self, name: str, *, lines: int = WHY_LINES) -> why.Explained:
        """Explain one daemon, with the last lines of its log. Raises NoSuch."""
        dog = self._dog(name, "explain")
        try:
            tail = await self.logs(name, lines=lines)
            last = tuple(line.text for line in tail.lines)
        except OSError as error:
            last = (f"cannot read its log: {(error.strerror or 'error').lower()}",)
        now, wall = self._clocks()
        others = {n: snapshot.word(d.daemon, now) for n, d in self._dogs.items()}
        told = why.why(dog.daemon, now, others, schedule=dog.table.schedule)
        return why.Explained(self.daemon(name), dog.daemon, told, wall - now, last)

    def records(self) -> tuple[tuple[Daemon, ...], float, float]:
        """Return all records, the monotonic clock, and how far the wall clock is from it."""
        now, wall = self._clocks()
        return tuple(dog.daemon for dog in self._dogs.values()), now, wall - now

    # Ordering.

    async def order(
        self,
        doing: Doing,
        asked: Iterable[str],
        actor: Actor,
        *,
        wait: bool = True,
        for_s: float | None = None,
    ) -> Outcomes:
        """Give an order to daemons, level by level; with `wait`, return when it is true or failed.

        Without, return when the first level has it and that is on disk: from then on it comes
        true even if Ghost dies, as far as the disk takes it.
        `for_s` is how long a hold lasts; without, until somebody starts the daemon.

        Raises NoSuch (nothing is done then), BadRequest for no names, and Failed where a start
        is useless because a person stopped or holds what it comes after; NotAllowed.
        """
        names = self.meant(doing, asked)
        self.permit(actor, doing, names)
        if doing is Doing.RESTART and len(names) > 1 and self.queue is not None:
            return await self.queue(names, actor, wait=wait)
        given = asyncio.Event()
        doings = self._carry_out(doing, names, event_of(doing, actor, for_s), given)
        task = self._begin(doings, f"{doing.value} {' '.join(names)}")
        if wait:
            await asyncio.wait({task}, timeout=WAIT_MAX_S)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(WAIT_MAX_S):
                    await given.wait()
        if task.done():
            return task.result()
        going = "goes on" if wait else "has begun"
        return tuple(
            Outcome(n, ok=not wait, said=f"{doing.value} {going}", view=self.daemon(n))
            for n in names
        )

    async def through(
        self,
        doing: Doing,
        asked: Iterable[str],
        actor: Actor,
        given: asyncio.Event | None = None,
        asked_at: float | None = None,
    ) -> Outcomes:
        """Give an order and see it through, however long that takes; cancelled, it goes no further.

        `given` is set when the first level has it and that is on disk; `asked_at` is when it was
        asked for (monotonic), if not now. Raises as `order`.
        """
        names = self.meant(doing, asked)
        log.info("order verb=%s names=%s by=%s", doing.value, ",".join(names), actor.id)
        event = event_of(doing, actor, None, asked_at)
        return await self._carry_out(doing, names, event, given or asyncio.Event())

    async def down(self, actor: Actor, names: Sequence[str] | None = None) -> Outcomes:
        """Stop daemons, or all, in reverse order. No person's stop: the next Ghost starts them.

        Takes as long as the slowest stop, and is not cut short.
        """
        log.info("order verb=down by=%s", actor.id)
        meant = tuple(self._dogs) if names is None else tuple(names)
        return await self._carry_out(Doing.STOP, meant, Stop(lasting=False), asyncio.Event())

    def meant(self, doing: Doing, asked: Iterable[str]) -> tuple[str, ...]:
        """Return whom an order is for. Raises as `order`."""
        names = self.names(asked, doing.value)
        if not names:
            raise errors.BadRequest(f"cannot {doing.value}: name a daemon, `all` or `group:G`")
        if doing in STARTS:
            self._refuse_useless(doing, names)
        return names

    def _refuse_useless(self, doing: Doing, names: Sequence[str]) -> None:
        after = self._after
        for name in names:
            for first in sorted(order.upstream(after, name) - set(names)):
                d = self._dogs[first].daemon
                if d.stopped or (d.wanted is Wanted.HELD and not d.is_ready):
                    how = "a person holds" if d.wanted is Wanted.HELD else "a person stopped"
                    raise errors.Failed(
                        f"cannot {doing.value} {name}: it comes after {first}, which {how} "
                        f"(start {first} first)"
                    )

    async def _carry_out(
        self, doing: Doing, names: Sequence[str], event: Order, given: asyncio.Event
    ) -> Outcomes:
        """Give the order level by level, and say for each daemon what became of it.

        `given` is set once the first level has it and that is on disk, or cannot be.
        """
        outcomes: dict[str, Outcome] = {}
        views = {n: self.daemon(n) for n in names}  # a reload may let one go meanwhile
        try:
            for wave in self._waves(doing, names):
                known = await asyncio.gather(*(self._give(doing, n, event) for n in wave))
                if not given.is_set():
                    await self._flushed()
                    given.set()
                asked, after = zip(wave, known, strict=True), self._after
                found = await asyncio.gather(*(self._one(doing, after, *one) for one in asked))
                outcomes |= {outcome.name: outcome for outcome in found}
                failed = [outcome.name for outcome in found if not outcome.ok]
                if doing is Doing.RESTART and failed:
                    outcomes |= self._left_alone(names, outcomes, failed[0])
                    break
            await self._flushed()
        except Exception as error:  # the edge of a task: whoever waits is told
            log.exception("order failed verb=%s names=%s", doing.value, ",".join(names))
            said = f"cannot {doing.value}: {error or type(error).__name__}"
            outcomes |= {
                n: Outcome(n, ok=False, said=said, view=views[n])
                for n in names
                if n not in outcomes
            }
        finally:
            given.set()
        return tuple(outcomes[name] for name in names)

    def _left_alone(
        self, names: Sequence[str], outcomes: Mapping[str, Outcome], failed: str
    ) -> dict[str, Outcome]:
        """Say of the rest that they run on as before, as one before them did not come up."""
        said = f"was left alone, as {failed} did not come up again"
        rest = [name for name in names if name not in outcomes]
        return {n: Outcome(n, ok=False, said=said, view=self.daemon(n)) for n in rest}

    def _waves(self, doing: Doing, names: Sequence[str]) -> list[list[str]]:
        """Return who gets the order at once: a level; of restarted instances one at a time."""
        levels = self._levels(doing, names)
        if doing is not Doing.RESTART:
            return levels
        waves: list[list[str]] = []
        for level in levels:
            turn: Counter[str] = Counter()
            found: dict[int, list[str]] = {}
            for name in level:
                family = self._dogs[name].table.of
                found.setdefault(turn[family], []).append(name)
                turn[family] += 1
            waves += found.values()
        return waves

    def _levels(self, doing: Doing, names: Sequence[str]) -> list[list[str]]:
        """Order `names`, and for a start what they need, first level first."""
        wanted, after = set(names), self._after
        if doing in STARTS:
            wanted |= {u for n in names for u in order.upstream(after, n) if self._idle(u)}
        priority = {name: dog.table.priority for name, dog in self._dogs.items()}
        levels = order.levels(after, priority)
        found = [[n for n in level if n in wanted] for level in levels]
        some = [level for level in found if level]
        return some[::-1] if doing is Doing.STOP else some

    def _idle(self, name: str) -> bool:
        d = self._dogs[name].daemon
        return not d.is_ready and not d.is_alive

    async def _give(self, doing: Doing, name: str, event: Order) -> tuple[bool, str] | None:
        """Give one daemon the order; return what became of it where that is known at once."""
        dog = self._dog(name, doing.value)
        was = dog.daemon
        if doing is Doing.START and was.is_ready and was.wanted is Wanted.UP and not was.done:
            return True, "was up already"
        await dog.order(event)
        if doing is Doing.HOLD or (doing is Doing.RESET and was.state not in RESETS):
            return True, at_once(doing, event)
        return None

    async def _one(self, doing: Doing, after: After, name: str, verdict: Verdict) -> Outcome:
        """Wait until the order came true or failed."""
        near = [self._dogs[n] for n in (name, *order.upstream(after, name)) if n in self._dogs]
        while verdict is None and (verdict := self._verdict(doing, name)) is None:
            turns = [dog.next_turn() for dog in near]
            await asyncio.wait(turns, return_when=asyncio.FIRST_COMPLETED)
        return self._outcome(name, verdict)

    def _outcome(self, name: str, verdict: tuple[bool, str]) -> Outcome:
        return Outcome(name, ok=verdict[0], said=verdict[1], view=self.daemon(name))

    def _verdict(self, doing: Doing, name: str) -> tuple[bool, str] | None:
        """Say whether the order came true, in words; None: not yet known."""
        d = self._dog(name, doing.value).daemon
        if doing is Doing.STOP:
            return stopped(d)
        if d.state is State.WAITING:
            return self._waiting(d)
        return started(d)

    def _waiting(self, d: Daemon) -> tuple[bool, str] | None:
        """A start waits for what is on its way; all else is told at once."""
        for reason in d.gate:
            first = self._dogs.get(reason.removeprefix(ADDRESS_OF))
            if first is None:
                return False, f"waits for {reason}"
            if first.daemon.state in (State.BLOCKED, State.DOWN) and not first.daemon.is_ready:
                how = snapshot.word(first.daemon, time.monotonic())
                return False, f"waits for {reason}, which is {how}"
        return None
