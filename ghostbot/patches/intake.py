"""How patches come in: kept first, then planned, then waiting for a person, or refused.

Rule 1: what is answered for is kept: its bytes and its key are on the disk before it is planned.
Rule 2: one key is one proposal, however often it is delivered, and however many at once.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ghostbot.config.model import Config, RootTable
from ghostbot.core.patch import Refused
from ghostbot.core.proposal import Approval, Proposal, Status, Submitter, Way
from ghostbot.core.words import did_you_mean
from ghostbot.errors import BadRequest, Failed, GhostError, NoSuch
from ghostbot.patches.offer import KeyTaken, Moved, Offer, TooManyPending
from ghostbot.patches.planning import (
    REVERT,
    Planned,
    planned,
    planned_back,
    status_of,
)
from ghostbot.patches.register import Register
from ghostbot.store.proposals import Asked

TEXT_BYTES = 2 * 1024 * 1024  # what any door takes; a patch of over 1 MiB is refused with its place
REASON_MOST = 4_000  # characters: it may quote lines that came nearest
TITLE_MOST = 200  # characters: a title is one line
PENDING_MOST = 200  # of one submitter, whatever its door allows
PLANNING_S = 60.0  # whoever delivers a second time waits so long for the first one's plan
GHOST = Submitter(id="ghost", name="Ghost", way=Way.GHOST)
UNPLANNED = (Status.RECEIVED, Status.VALIDATED)


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes offers. `approved` hears of what needs no person."""

    register: Register
    config: Callable[[], Config]
    approved: Callable[[Proposal], None]
    planning: set[str] = field(default_factory=set)  # ids that are being planned by us

    async def submit(self, offer: Offer) -> tuple[Proposal, bool]:
        """Keep and plan an offer; True where it is new. Raises as `Pipeline.submit`."""
        root = self._root(offer)
        new = _received(offer, root, self.register.now())
        most = PENDING_MOST if offer.pending is None else min(offer.pending, PENDING_MOST)
        p, is_new = await self.register.add(new, _asked(offer), most=most)
        if p is None:
            who = offer.submitter.name
            raise TooManyPending(f"cannot take a patch of {who}: {most} of it wait for an answer")
        if is_new:
            return await self.plan(p), True
        if p.sha256 != new.sha256:
            raise KeyTaken(f"cannot take the patch: its key was used for another one, {p.id}")
        return await self._settled(p), False

    async def preview(self, offer: Offer) -> tuple[Proposal, str]:
        """Plan an offer and keep nothing. Raises as `submit`."""
        root = self._root(offer)
        p = _received(offer, root, self.register.now())
        found = await self._try(p, _asked(offer))
        return _judged(p, found, self.register.now()), found.diff if isinstance(
            found, Planned
        ) else ""

    async def back(self, p: Proposal, by: str, key: str) -> Proposal:
        """Propose the opposite of what was applied; one of that key is given back as it is."""
        now, maker = self.register.now(), await self._maker_of_back(p)
        new = replace(
            anew(p, now),
            submitter=maker,
            carrier=by,
            title=f"revert {p.id}" + (f": {p.title}" if p.title else ""),
            format=REVERT,
            key=key if maker is GHOST else f"revert\n{key}",  # no door gives a key of two lines
            sha256=hashlib.sha256(b"").hexdigest(),
            reverts=p.id,
        )
        found, is_new = await self.register.add(new, Asked(text=b""))
        assert found is not None, "there is no limit for what Ghost itself proposes"
        return await self.plan(found) if is_new else await self._settled(found)

    async def _maker_of_back(self, p: Proposal) -> Submitter:
        """Return who makes what takes `p` back: Ghost, or who made it where it comes again."""
        turns = 0
        while p.reverts is not None:
            p, turns = await self.register.get(p.reverts), turns + 1
        return p.submitter if turns % 2 else GHOST

    async def plan(self, p: Proposal) -> Proposal:
        """Plan what is kept and not planned yet, and return what became of it."""
        self.planning.add(p.id)
        try:
            return await self._plan(p)
        finally:
            self.planning.discard(p.id)

    async def _plan(self, p: Proposal) -> Proposal:
        asked = await self.register.store.asked(p.id)
        assert asked is not None, "what is not over has its text"
        found = await self._try(p, asked)
        name, keep = p.id, found if isinstance(found, Planned) else None

        def step(one: Proposal) -> Proposal:
            if one.status not in UNPLANNED:
                raise Moved(f"{name} is planned already")
            return _judged(one, found, self.register.now())

        try:
            if p.status is Status.RECEIVED or keep is None:
                secret = isinstance(found, Refused) and found.code == "secret"
                p = await self.register.change(
                    name, step, planned=keep, quietly=keep is not None, without_text=secret
                )
            if keep is None:
                return p
            return await self._offered(p, keep)
        except Moved:  # another did it meanwhile
            return await self.register.get(name)

    async def _offered(self, p: Proposal, found: Planned) -> Proposal:
        """Let people see it; or, where no person is needed, let it go on."""
        now = self.register.now()

        def step(one: Proposal) -> Proposal:
            if one.status is not Status.VALIDATED:
                raise Moved(f"{one.id} is offered already")
            judged = _judged(one, found, now)
            if not found.auto:
                return replace(judged, status=Status.AWAITING)
            yes = Approval(
                by="auto",
                name=f"[root.{one.root}] auto",
                way=Way.GHOST,
                at=now,
                digest=found.digest,
                is_unattended=True,
            )
            return replace(judged, status=Status.APPROVED, approvals=(yes,))

        p = await self.register.change(p.id, step, planned=found)
        if p.status is Status.APPROVED:
            self.approved(p)
        return p

    async def _try(self, p: Proposal, asked: Asked) -> Planned | Refused | GhostError:
        config = self.config()
        root = config.roots.get(p.root or "")
        if root is None:
            return NoSuch(f"cannot patch {p.root}: ghost.toml has no such root any more", "root")
        state_dir = self.register.state_dir
        try:
            if p.reverts is not None:
                there = (await self.register.get(p.reverts)).journal or p.reverts
                return await asyncio.to_thread(
                    planned_back, there, root, p.submitter, config, state_dir
                )
            return await asyncio.to_thread(planned, asked, root, p.submitter, config)
        except (Refused, GhostError) as error:
            return error
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            return Failed(f"cannot plan the patch: {why}")

    async def _settled(self, p: Proposal) -> Proposal:
        """Wait for who plans it; where that ended before it was done, plan it."""
        try:
            async with asyncio.timeout(PLANNING_S):
                return await self.register.until(p.id, lambda one: one.status not in UNPLANNED)
        except TimeoutError:
            return await self.plan(p)

    def _root(self, offer: Offer) -> RootTable:
        """Return which root an offer is for. Raises NoSuch, BadRequest."""
        if len(offer.text) > TEXT_BYTES:
            raise BadRequest(f"cannot take a patch of over {TEXT_BYTES} bytes")
        roots = self.config().roots
        may = [name for name in roots if not offer.roots or name in offer.roots]
        if offer.root is None:
            if len(may) == 1:
                return roots[may[0]]
            if not may:
                raise NoSuch("cannot patch anything: ghost.toml has no [root.NAME]", "root")
            raise BadRequest(f"cannot tell which root is meant: name one of {', '.join(may)}")
        if offer.root not in may:
            near = did_you_mean(offer.root, may)
            raise NoSuch(f"cannot patch {offer.root[:80]}: no such root{near}", "root")
        return roots[offer.root]


def _received(offer: Offer, root: RootTable, now: float) -> Proposal:
    return Proposal(
        id="",
        status=Status.RECEIVED,
        submitter=offer.submitter,
        carrier=offer.carrier,
        title=" ".join((offer.title or "").split())[:TITLE_MOST] or None,
        root=root.name,
        format=offer.format,
        key=offer.key,
        sha256=hashlib.sha256(offer.text).hexdigest(),
        origin=offer.origin,
        created_at=now,
        updated_at=now,
        expires_at=now + root.expires_s,
    )


def anew(p: Proposal, now: float) -> Proposal:
    """Return a proposal that is nothing yet but of whom, for which root, and of which text."""
    lasts_s = (p.expires_at or now) - p.created_at
    return Proposal(
        id="",
        status=Status.RECEIVED,
        submitter=p.submitter,
        carrier=p.carrier,
        title=p.title,
        root=p.root,
        sha256=p.sha256,
        origin=p.origin,
        created_at=now,
        updated_at=now,
        expires_at=now + max(lasts_s, 0.0),
    )


def _asked(offer: Offer) -> Asked:
    return Asked(
        text=offer.text,
        format=offer.format,
        formats=offer.formats,
        paths=offer.paths,
        shell_policy=offer.shell_policy,
    )


def _judged(p: Proposal, found: Planned | Refused | GhostError, now: float) -> Proposal:
    """Return a proposal as planning leaves it."""
    p = replace(p, updated_at=now)
    if isinstance(found, Refused):
        return replace(
            p,
            status=status_of(found),
            code=found.code,
            reason=found.words[:REASON_MOST],
            where=found.place,
        )
    if isinstance(found, GhostError):
        return replace(p, status=Status.FAILED, reason=str(found))
    return replace(
        p,
        status=Status.VALIDATED,
        format=found.plan.format,
        digest=found.digest,
        risk=found.risk,
        needs=found.needs,
        files=found.files,
        skipped=found.plan.skipped,
        approvals=(),
    )
