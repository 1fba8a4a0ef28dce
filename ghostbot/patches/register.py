"""The register of proposals: each move is kept, then told, noted and written into the chain.

Rule 1: what is told has been kept, and is told in the order in which it was kept.
Rule 2: nobody who listens can keep a proposal from moving on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ghostbot.core.patch import Change
from ghostbot.core.proposal import Proposal
from ghostbot.errors import GhostError, NoSuch
from ghostbot.patches import chain
from ghostbot.patches.diff import unified
from ghostbot.patches.planning import Planned, plan_of
from ghostbot.record import Note, unnoted
from ghostbot.store.proposals import Asked, Decide, Proposals

REASON_MOST = 200  # characters, in the log
DIFFS = 16  # kept in memory; others are made anew from the stored bytes

log = logging.getLogger("ghost.patches")

Told = Callable[[Proposal, str], None]  # a proposal, and the diff of its plan
Tell = Callable[[str | None], None]  # a line about a trouble, and None when it is over


@dataclass(slots=True)
class Register:
    """All proposals, and whoever wants to hear of them."""

    store: Proposals
    state_dir: Path
    note: Note = unnoted
    tell: Tell = lambda _: None
    now: Callable[[], float] = time.time
    listeners: list[Told] = field(default_factory=list)
    _diffs: OrderedDict[tuple[str, str | None], str] = field(default_factory=OrderedDict)
    _turned: asyncio.Event = field(default_factory=asyncio.Event)
    _pen: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="ghost-patch-log")
    )

    async def add(
        self, p: Proposal, asked: Asked, *, most: int | None = None
    ) -> tuple[Proposal | None, bool]:
        """Keep a new one, as `Proposals.add`. It is told once it is planned."""
        found, is_new = await self.store.add(p, asked, most=most)
        if found is not None and is_new:
            await self._write(None, found, found.submitter.id)
        return found, is_new

    async def change(
        self,
        name: str,
        decide: Decide,
        by: str = "ghost",
        *,
        planned: Planned | None = None,
        quietly: bool = False,
        without_text: bool = False,
    ) -> Proposal:
        """Change one, and tell it. Raises NoSuch, and what `decide` raises.

        `planned` is the plan that it has from now on; `quietly` for what goes on at once.
        """
        changes = None if planned is None else planned.plan.changes
        diff = planned.diff if planned is not None else await self.diff(name)
        try:
            was, now = await self.store.change(name, decide, changes, without_text=without_text)
        except LookupError:
            raise _no_such(name) from None
        self._remember(now, diff)
        if now == was:
            return now
        if not quietly:
            self._publish(now, diff)
        await self._write(was, now, by)
        return now

    async def supersede(
        self, name: str, decide: Decide, anew: Decide
    ) -> tuple[Proposal, Proposal | None]:
        """Change one, keep what `anew` makes of it in its place, and return both."""
        diff = await self.diff(name)
        was, now, new = await self.store.supersede(name, decide, anew)
        self._publish(now, diff)
        await self._write(was, now, "ghost")
        if new is not None:
            await self._write(None, new, new.submitter.id)
        return now, new

    async def get(self, name: str) -> Proposal:
        """Return one as it is now. Raises NoSuch."""
        found = await self.store.get(name)
        if found is None:
            raise _no_such(name)
        return found

    async def diff(self, name: str) -> str:
        """Return what a plan does, from its stored bytes; nothing where there is none."""
        p = await self.get(name)
        key = (p.id, p.digest)
        if p.digest is not None and key not in self._diffs:
            changes: Sequence[Change] = await self.store.plan(name) or ()
            self._remember(p, await asyncio.to_thread(unified, plan_of(p, changes)))
        return self._diffs.get(key, "")

    async def wait(self, name: str, timeout_s: float) -> Proposal:
        """Return one once it is over, or as it is then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return await self.until(name, lambda p: p.is_over)
        return await self.get(name)

    async def until(self, name: str, is_so: Callable[[Proposal], bool]) -> Proposal:
        """Return one once something is so of it."""
        while True:
            turned = self._turned
            p = await self.get(name)
            if is_so(p):
                return p
            await turned.wait()

    async def turned(self) -> None:
        """Wait until any of them moves."""
        await self._turned.wait()

    async def say_again(self, p: Proposal) -> None:
        """Tell one as it is, to listeners who may have missed it."""
        self._publish(p, await self.diff(p.id))

    def close(self) -> None:
        """Give the thread back."""
        self._pen.shutdown(wait=False)

    def _remember(self, p: Proposal, diff: str) -> None:
        if p.digest is None:
            return
        self._diffs[p.id, p.digest] = diff
        self._diffs.move_to_end((p.id, p.digest))
        while len(self._diffs) > DIFFS:
            self._diffs.popitem(last=False)

    def _publish(self, p: Proposal, diff: str) -> None:
        for told in tuple(self.listeners):
            told(p, diff)

    async def _write(self, was: Proposal | None, now: Proposal, by: str) -> None:
        """Note a move, and write it into the chain. Whoever waits hears of it first."""
        turned, self._turned = self._turned, asyncio.Event()
        turned.set()
        if was is not None and was.status is now.status and was.approvals == now.approvals:
            return
        what = f"{now.id} is {now.status.value}"
        log.info("patch id=%s status=%s by=%s root=%s", now.id, now.status, by, now.root)
        self.note("patch", by, what, id=now.id, root=now.root, status=now.status.value)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._pen, chain.append, self.state_dir, _entry(now, by))
        except (OSError, GhostError, RuntimeError) as error:  # full, or closed as Ghost ends
            log.error("patch log not written id=%s why=%s", now.id, error)  # noqa: TRY400  its words say it
            self.tell(f"cannot write patch-log.jsonl: {error}; the chain lacks what happens now")
        else:
            self.tell(None)


def _entry(p: Proposal, by: str) -> Mapping[str, object]:
    return {
        "id": p.id,
        "status": p.status.value,
        "root": p.root,
        "digest": p.digest,
        "sha256": p.sha256,
        "by": by,
        "submitter": p.submitter.id,
        "approvals": [
            {"by": one.by, "sole": one.is_sole, "unattended": one.is_unattended}
            for one in p.approvals
        ],
        "code": p.code,
        "reason": (p.reason or "").split("\n", 1)[0][:REASON_MOST] or None,  # and no quoted text
    }


def _no_such(name: str) -> NoSuch:
    return NoSuch(f"cannot find patch {name[:40]}: no such patch", "patch")
