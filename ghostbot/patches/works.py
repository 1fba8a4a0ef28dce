"""Where approved patches are carried out, and where time passes for those that wait.

Rule 1: one at a time in each root, in the order in which they were approved.
Rule 2: what a Ghost left in the middle is settled before anything else is carried out.
Rule 3: a patch that fails in a way nobody thought of ends; those behind it go on.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from ghostbot.config.model import Config, RootTable
from ghostbot.core.proposal import ENDED, MOVES, CheckLine, Proposal, Status
from ghostbot.errors import Failed, GhostError
from ghostbot.patches import marks, policy
from ghostbot.patches.carrying import Carried, Means, after_crash, carry_out
from ghostbot.patches.checks import Interrupted
from ghostbot.patches.intake import UNPLANNED, Intake, anew
from ghostbot.patches.live import Live
from ghostbot.patches.locks import Busy
from ghostbot.patches.offer import Moved
from ghostbot.patches.planning import plan_of
from ghostbot.patches.recover import prune, recover
from ghostbot.patches.register import Register

KEPT_S = 30 * 86_400.0  # backups and texts of what is over
DAY_S = 86_400.0
SOON_S = 60.0  # the wall clock may be set, so that nobody sleeps for long by it
AGAIN_S = 5.0  # until a root that another uses is tried again
TRIES = 6
OUTPUT_WELL = 2_000  # characters
STALE_S = 90.0  # whoever took it and went away had long enough to plan it
STOPPING_S = 10.0  # what is under way gets so long to be taken back where Ghost ends

log = logging.getLogger("ghost.patches")

T = TypeVar("T")


class Works:
    """Carries out what was approved, and ends what nobody answered."""

    def __init__(
        self,
        register: Register,
        intake: Intake,
        config: Callable[[], Config],
        *,
        live: Callable[[RootTable, threading.Event], Live],
        veil: Callable[[str], str],
    ) -> None:
        """Take the parts. `live` returns what restarts a root's daemons, for a thread to call."""
        self._register = register
        self._intake = intake
        self._config = config
        self._live = live
        self._veil = veil
        self._lanes: dict[str, asyncio.Queue[str]] = {}  # by root: ids that are approved
        self._due: asyncio.Queue[str] = asyncio.Queue()  # roots without a task yet; each once
        self._pruned_at = 0.0
        self._since = register.now()  # what was taken before was taken by another Ghost

    def queue(self, p: Proposal) -> None:
        """Have an approved one carried out."""
        root = p.root or ""
        if root not in self._lanes:
            self._lanes[root] = asyncio.Queue()
            self._due.put_nowait(root)
        self._lanes[root].put_nowait(p.id)

    async def run(self) -> None:
        """Settle what the last Ghost left, then work until cancelled."""
        self._lanes, self._due = {}, asyncio.Queue()
        for p in await self._left():
            self.queue(p)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pass_time(), name="patch expiry")
            while True:
                root = await self._due.get()
                tasks.create_task(self._work(self._lanes[root]), name=f"patches of {root}")

    async def supersede(self, p: Proposal, why: str) -> Proposal:
        """End one whose files are no longer what it was planned for, and plan it anew."""
        now = self._register.now()

        def step(one: Proposal) -> Proposal:
            if one.status not in {Status.AWAITING, Status.APPROVED, Status.PRECHECKING}:
                raise Moved(f"cannot supersede {one.id}: it is {one.status.value}")
            return replace(one, status=Status.SUPERSEDED, reason=why, updated_at=now)

        if p.reverts is not None:  # what was changed since is not to be taken back
            return await self._register.change(p.id, step)
        follower = lambda one: replace(anew(one, now), follows=one.id)  # noqa: E731
        p, new = await self._register.supersede(p.id, step, follower)
        return p if new is None else await self._intake.plan(new)

    # At the start.

    async def _left(self) -> list[Proposal]:
        """Settle what the last Ghost left; return what goes on."""
        state_dir = self._register.state_dir
        going: list[Proposal] = []
        for undone in await asyncio.to_thread(recover, state_dir):
            log.warning("patch undone id=%s root=%s left=%s", undone.id, undone.root, undone.left)
        for p in await self._register.store.open():
            if p.status in UNPLANNED:
                if p.created_at < self._since:  # who took the others is about to plan them
                    await self._intake.plan(p)
            elif p.status is Status.AWAITING:
                await self._register.say_again(p)
            elif p.status in {Status.APPROVED, Status.PRECHECKING}:
                going.append(p)
            else:
                await self._settle(p)
        return going

    async def _settle(self, p: Proposal) -> None:
        """End one that was in the middle: as the journal has it, which knows what is on disk."""
        root = self._config().roots.get(p.root or "")
        if root is None:
            gone = "its root is no longer in ghost.toml; see the files that it names"
            await self._end(p, Carried(status=Status.ATTENTION, reason=gone), None)
            return
        stop = threading.Event()
        live, state_dir = self._live(root, stop), self._register.state_dir
        for more in range(TRIES, 0, -1):
            try:
                work = lambda: after_crash(root, state_dir, p.id, live=live)  # noqa: E731
                found = await _threaded(work, stop, f"settle {p.id}")
                break
            except (GhostError, OSError) as error:
                reason = "Ghost ended while it was carried out"
                found = Carried(status=Status.ATTENTION, reason=reason, left=(str(error),))
                if more > 1:
                    await asyncio.sleep(AGAIN_S)
        await self._end(p, found, root)

    # Carrying out.

    async def _work(self, lane: asyncio.Queue[str]) -> None:
        while True:
            name = await lane.get()
            try:
                await self._carry(await self._register.get(name))
            except Interrupted:
                raise AssertionError("only who is cancelled interrupts") from None
            except Exception as error:  # the edge of one patch: those behind it go on
                log.exception("patch failed id=%s", name)
                why = f"Ghost's own fault: {error or type(error).__name__}; see ghost.log"
                with suppress(GhostError):
                    p = await self._register.get(name)
                    await self._end(p, Carried(status=_failed(p), reason=why), None)

    async def _carry(self, p: Proposal) -> None:
        if p.status not in {Status.APPROVED, Status.PRECHECKING}:
            return  # it was carried out, or ended, before its turn came
        config, state_dir = self._config(), self._register.state_dir
        root = config.roots.get(p.root or "")
        changes = await self._register.store.plan(p.id)
        try:
            if root is None or changes is None:
                raise Failed(f"cannot patch {p.root}: ghost.toml has no such root any more")
            marks.refuse_marked(state_dir, root.path, root.name)
            found = await self._carried(p, root, config)
        except (GhostError, OSError) as error:
            await self._end(p, Carried(status=Status.FAILED, reason=str(error)), root)
            return
        if found.status is Status.SUPERSEDED:
            with suppress(Moved):
                await self.supersede(await self._register.get(p.id), found.reason or "")
            return
        await self._end(await self._register.get(p.id), found, root)

    async def _carried(self, p: Proposal, root: RootTable, config: Config) -> Carried:
        stop, loop = threading.Event(), asyncio.get_running_loop()
        changes = await self._register.store.plan(p.id) or ()
        plan = plan_of(p, changes)

        def moved(status: Status) -> None:
            going = self._go_on(p.id, status)
            asyncio.run_coroutine_threadsafe(going, loop).result()

        means = Means(moved=moved, live=self._live(root, stop), stop=stop, veil=self._veil)

        def work() -> Carried:
            return carry_out(
                plan,
                root,
                self._register.state_dir,
                p.id,
                digest=p.digest,
                rules=policy.rules(root, policy.own_of(config)),
                title=p.title or "",
                means=means,
            )

        for more in range(TRIES, 0, -1):
            try:
                return await _threaded(work, stop, f"patch {p.id}")
            except Busy:
                if more == 1:
                    raise
        raise AssertionError("the last try returns or raises")

    async def _go_on(self, name: str, status: Status) -> None:
        now = self._register.now()

        def step(one: Proposal) -> Proposal:
            return one if one.status is status else replace(one, status=status, updated_at=now)

        await self._register.change(name, step)

    async def _end(self, p: Proposal, found: Carried, root: RootTable | None) -> None:
        """End one, with the mark on its root where a person is needed."""
        now, via = self._register.now(), _via(p.status, found.status)
        if root is not None and found.status is Status.ATTENTION:
            mark = marks.Mark(patch=p.id, root=str(root.path), at=now, left=found.left)
            await asyncio.to_thread(marks.mark, self._register.state_dir, mark)
        if via is not None:
            await self._go_on(p.id, via)

        def step(one: Proposal) -> Proposal:
            return replace(
                one,
                status=found.status,
                code=found.code,
                reason=found.reason,
                left=found.left,
                checks=tuple(_short(line) for line in found.checks),
                updated_at=now,
            )

        if found.status is Status.APPLIED and p.reverts is not None:
            with suppress(GhostError):  # what it reverts may be forgotten
                back = lambda one: replace(one, reverted_by=p.id)  # noqa: E731
                await self._register.change(p.reverts, back)
        await self._register.change(p.id, step)

    # As time passes.

    async def _pass_time(self) -> None:
        while True:
            await self._prune()
            now = self._register.now()
            found = await self._register.store.open()
            for p in found:
                forgotten = p.status in UNPLANNED and p.id not in self._intake.planning
                if forgotten and p.created_at < now - STALE_S:
                    await self._intake.plan(p)
            waiting = [p for p in found if p.status is Status.AWAITING]
            for p in waiting:
                if p.expires_at is not None and p.expires_at <= now:
                    await self._expire(p.id)
            later = [p.expires_at - now for p in waiting if p.expires_at and p.expires_at > now]
            with suppress(TimeoutError):
                async with asyncio.timeout(min([SOON_S, *later])):
                    await self._register.turned()

    async def _expire(self, name: str) -> None:
        now = self._register.now()

        def step(one: Proposal) -> Proposal:
            if one.status is not Status.AWAITING:
                raise Moved(f"cannot expire {name}: it is {one.status.value}")
            reason = "nobody answered in time"
            return replace(one, status=Status.EXPIRED, reason=reason, updated_at=now)

        with suppress(Moved):  # somebody answered just now
            await self._register.change(name, step)

    async def _prune(self) -> None:
        """Forget, once a day, the bytes of what was over long ago; not of roots that need us."""
        now = self._register.now()
        if now - self._pruned_at < DAY_S:
            return
        self._pruned_at = now
        state_dir = self._register.state_dir
        kept = {mark.patch for mark in marks.marks(state_dir)}
        with suppress(OSError):
            await asyncio.to_thread(prune, state_dir, KEPT_S, kept)
        await self._register.store.forget(now - KEPT_S)


async def _threaded(work: Callable[[], T], stop: threading.Event, name: str) -> T:
    """Run `work` in a thread that holds nobody up: where we are cancelled, it is told to stop.

    It then gets a while to take back what it has done. If that is not enough, the journal is.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # one of both is there

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as caught:  # noqa: BLE001  whoever waits gets it
            error = caught
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({done}, timeout=STOPPING_S)
        if done.done() and not done.cancelled():
            done.exception()  # it was interrupted, as it was told to be
        raise


def _short(line: CheckLine) -> CheckLine:
    """Return what a check said; of one that did well the last words are enough."""
    return replace(line, output=line.output[-OUTPUT_WELL:]) if line.ok else line


def _failed(p: Proposal) -> Status:
    """Return how one ends that cannot go on: what is on disk is only known before it applies."""
    known = {Status.APPROVED, Status.PRECHECKING, Status.APPLYING}
    return Status.FAILED if p.status in known else Status.ATTENTION


def _via(here: Status, there: Status) -> Status | None:
    """Return the status that lies between two, where there is one."""
    assert there in ENDED, there
    between = (Status.APPLYING, Status.ROLLING_BACK)
    if there in MOVES[here]:
        return None
    return next((one for one in between if one in MOVES[here] and there in MOVES[one]), None)
