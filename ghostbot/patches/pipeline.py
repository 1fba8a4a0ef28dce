"""The one way of a patch, from whatever door: offered, planned, approved, carried out, taken back.

Rule 1: every door comes in here, and nothing is written to a root but from here.
Rule 2: a person's yes is stored before anything is done, and is to the plan that was shown.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from ghostbot.config.model import Config, RootTable
from ghostbot.core.proposal import Proposal, Status
from ghostbot.core.words import did_you_mean
from ghostbot.errors import Failed, NoSuch, NotAllowed
from ghostbot.patches import marks
from ghostbot.patches.approving import (
    LOCAL,
    NeedsTail,
    person,
    refuse_elsewhere,
    with_no,
    with_yes,
)
from ghostbot.patches.elsewhere import Elsewhere, taken
from ghostbot.patches.intake import Intake
from ghostbot.patches.journal import journals
from ghostbot.patches.live import Live, nothing_live
from ghostbot.patches.offer import Decider, Moved, Offer
from ghostbot.patches.planning import drift, plan_of
from ghostbot.patches.register import Register, Tell, Told
from ghostbot.patches.works import Works
from ghostbot.record import Note, unnoted
from ghostbot.store.proposals import Proposals

LATELY_S = 600.0  # an alert that follows a patch so soon may be its doing
WHY_MOST = 500  # characters of why somebody says no


class Pipeline:
    """What can be asked of patches. `listeners` hear of every move."""

    def __init__(
        self,
        store: Proposals,
        config: Callable[[], Config],
        *,
        approvers: Callable[[], Awaitable[frozenset[str]]],
        in_slack: Callable[[], bool] = lambda: False,
        live: Callable[[RootTable, threading.Event], Live] = lambda *_: nothing_live,
        veil: Callable[[str], str] = lambda text: text,
        note: Note = unnoted,
        tell: Tell = lambda _: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the parts.

        `approvers` are the ids of all that may say yes (raises NotAllowed while unknown);
        `in_slack` tells whether a yes is taken there; `live` restarts a root's daemons.
        """
        state_dir = config().ghost.state_dir
        self._register = Register(store, state_dir, note=note, tell=tell, now=now)
        self._intake = Intake(self._register, config, self._approved)
        self._works = Works(self._register, self._intake, config, live=live, veil=veil)
        self._store = store
        self._config = config
        self._approvers = approvers
        self._in_slack = in_slack
        self._leave_numbers()  # before the first is taken

    @property
    def listeners(self) -> list[Told]:
        """Who hears of every move, with the diff."""
        return self._register.listeners

    async def run(self) -> None:
        """Settle what the last Ghost left, and carry out what is approved, until cancelled."""
        await self._works.run()

    def close(self) -> None:
        """Give back what is held."""
        self._register.close()

    # Offering.

    async def submit(self, offer: Offer) -> tuple[Proposal, bool]:
        """Take an offer and plan it; True where it is new.

        It is at awaiting_approval, noop, failed, rejected or approved then. Raises KeyTaken,
        TooManyPending, NoSuch for its root, and BadRequest.
        """
        return await self._intake.submit(offer)

    async def preview(self, offer: Offer) -> tuple[Proposal, str]:
        """Plan an offer, keep nothing, and return its diff too. Raises NoSuch, BadRequest."""
        return await self._intake.preview(offer)

    # Looking.

    async def get(self, id: str) -> Proposal:  # noqa: A002  the word of the API
        """Return one. Raises NoSuch."""
        return await self._register.get(id)

    async def find(
        self,
        *,
        root: str | None = None,
        status: Status | None = None,
        submitter: str | None = None,
        limit: int = 50,
    ) -> list[Proposal]:
        """Return those, the newest first."""
        return await self._store.find(root=root, status=status, submitter=submitter, limit=limit)

    async def diff(self, id: str) -> str:  # noqa: A002
        """Return what its plan changes, made from the real bytes. Raises NoSuch."""
        return await self._register.diff(id)

    async def wait(self, id: str, timeout_s: float) -> Proposal:  # noqa: A002
        """Return one once it is over, or as it is then. Raises NoSuch."""
        return await self._register.wait(id, timeout_s)

    async def lately(self, daemon: str) -> Proposal | None:
        """Return what was last applied, within ten minutes, where a daemon's program stands."""
        config = self._config()
        table = config.daemons.get(daemon)
        for p in await self._store.applied(self._register.now() - LATELY_S):
            root = config.roots.get(p.root or "")
            if root is None or p.reverts is not None or p.reverted_by is not None:
                continue
            named = {daemon, table.of, f"group:{table.group}", "all"} if table else {daemon}
            if named & {*root.restart} or (table and table.cwd.is_relative_to(root.path)):
                return p
        return None

    # Deciding.

    async def approve(
        self,
        id: str,  # noqa: A002
        by: Decider,
        digest: str,
        tail: str | None = None,
    ) -> Proposal:
        """Store a yes to the plan of this digest; what comes of it goes on.

        Raises NotAllowed, NeedsTail, Marked, and Moved for what is no longer what was seen.
        """
        p = await self._register.get(id)
        root = self._root(p.root)
        refuse_elsewhere(p, by, self._approve_in(root))
        if p.status is Status.AWAITING and p.digest == digest and by.is_approver:
            await asyncio.to_thread(
                marks.refuse_marked, self._register.state_dir, root.path, root.name
            )
            await self._refuse_drifted(p, root)
        may = await self._may(root)
        now = self._register.now()

        def step(one: Proposal) -> Proposal:
            return with_yes(one, by, digest=digest, tail=tail, may=may, now=now)

        p = await self._register.change(id, step, by.id)
        if p.status is Status.APPROVED:
            self._works.queue(p)
        return p

    async def reject(
        self,
        id: str,  # noqa: A002
        by: Decider,
        digest: str,
        why: str | None = None,
    ) -> Proposal:
        """Store the no, which is final. Raises NotAllowed and Moved."""
        now = self._register.now()
        words = " ".join((why or "").split())[:WHY_MOST] or None

        def step(one: Proposal) -> Proposal:
            return with_no(one, by, digest=digest, why=words, now=now)

        return await self._register.change(id, step, by.id)

    async def revert(self, id: str, by: Decider) -> Proposal:  # noqa: A002
        """Propose the opposite of what was applied, with the asker's yes where that may be.

        Where one is under way already it is that one. Raises NoSuch and Failed.
        """
        p = await self._register.get(id)
        if p.status is not Status.APPLIED:
            stands = p.status.value.replace("_", " ")
            raise Failed(f"cannot revert {id}: it is {stands}, and nothing of it is there")
        if p.reverted_by is not None:
            raise Failed(f"cannot revert {id}: {p.reverted_by} has done so already")
        tries = [one for one in await self._store.reverts(id) if one.is_over]
        back = await self._intake.back(p, by.name, f"{id}:{len(tries)}")
        if back.status is not Status.AWAITING or back.digest is None or not by.is_approver:
            return back
        try:
            return await self.approve(back.id, by, back.digest)
        except (NotAllowed, NeedsTail, Moved):  # it waits for who may, or somebody just said yes
            return await self._register.get(back.id)

    async def clear(self, root: str, by: Decider) -> str:
        """Note that a person has mended a root that needed one, and say so. Raises NoSuch."""
        if not by.is_approver:
            raise NotAllowed(f"cannot clear {root}: only an approver may")
        table = self._root(root)
        found = await asyncio.to_thread(marks.clear, self._register.state_dir, table.path)
        if found is None:
            return f"{root} needed nobody; it takes patches"
        self._register.note("patch", by.id, f"{root} is mended", root=root, id=found.patch)
        return f"{root} takes patches again; {found.patch} had left it half way"

    async def elsewhere(self, done: Elsewhere) -> Proposal:
        """Keep what a person carried out at the machine, and tell it. Raises NoSuch."""
        return await taken(self._register, done, self._config().roots)

    # Within.

    def _approved(self, p: Proposal) -> None:
        self._works.queue(p)

    async def _refuse_drifted(self, p: Proposal, root: RootTable) -> None:
        """Raise Moved where what was seen can no longer be applied; it is planned anew then."""
        changes = await self._store.plan(p.id) or ()
        assert p.digest is not None, "what waits for a yes has a plan"
        plan, config = plan_of(p, changes), self._config()
        try:
            why = await asyncio.to_thread(drift, plan, p.digest, root, config)
        except OSError as error:
            raise Failed(f"cannot approve {p.id}: {(error.strerror or 'error').lower()}") from None
        if why is None:
            return
        with suppress(Moved):  # somebody else noticed it at the same time
            await self._works.supersede(p, why)
        after = (await self._register.get(p.id)).followed_by
        follow = f"; {after} is its new plan, look at that" if after else ""
        raise Moved(f"cannot approve {p.id}: {why}{follow}")

    def _approve_in(self, root: RootTable) -> str:
        return root.approve_in or ("slack" if self._in_slack() else "any")

    async def _may(self, root: RootTable) -> frozenset[str]:
        """Return the persons who may say yes: those in Slack, and whoever sits here where that is.

        Raises NotAllowed while that is not known.
        """
        found = frozenset(person(who) for who in await self._approvers())
        return found | {LOCAL} if self._approve_in(root) == "any" else found - {LOCAL}

    def _root(self, name: str | None) -> RootTable:
        roots = self._config().roots
        if name is None or name not in roots:
            near = did_you_mean(name or "", roots)
            raise NoSuch(f"cannot patch {(name or '')[:80]}: no such root{near}", "root")
        return roots[name]

    def _leave_numbers(self) -> None:
        """Give no id that a journal bears, though the file that gave it may be lost."""
        state_dir: Path = self._register.state_dir
        names = [journal.folder.name for journal in journals(state_dir)]
        given = [int(name[1:]) for name in names if name[:1] == "p" and name[1:].isdigit()]
        self._store.above = max([self._store.above, *given])
