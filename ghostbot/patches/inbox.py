"""Inboxes: patch files that are dropped into a folder become proposals.

Rule 1: the same bytes are the same proposal, however often they are dropped, and whenever Ghost
        died meanwhile.
Rule 2: a file stays where it is until it is known what becomes of it; then it is put away with a
        `.json` beside it, which is written anew at each move of the proposal.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from ghostbot.config.model import WatchTable
from ghostbot.core.patch import Refused
from ghostbot.core.proposal import Proposal, Status, Submitter, Way
from ghostbot.errors import GhostError, NoSuch
from ghostbot.keep import keep
from ghostbot.patches.inbox_folder import InboxFolder, NotTaken, Seen, To
from ghostbot.patches.offer import Offer, TooManyPending
from ghostbot.patches.telling import proposal_json

REST_S = 1.0  # a file that has not changed for so long is whole
LOOK_S = 30.0  # some file systems tell nobody of changes; and what waits for room is tried again
DEBOUNCE_MS = 200
TITLE_MAX = 100
REFUSED = frozenset({Status.FAILED, Status.REJECTED})

log = logging.getLogger("ghost.patches")

Tell = Callable[[str | None], None]
T = TypeVar("T")


class Takes(Protocol):
    """Where patches go, and where one is asked for."""

    async def submit(self, offer: Offer) -> tuple[Proposal, bool]:
        """Take an offer; True where it is new."""

    async def get(self, id: str) -> Proposal:  # noqa: A002 - as the pipeline has it
        """Return one. Raises NoSuch."""


class Inboxes:
    """All inboxes of ghost.toml."""

    def __init__(
        self,
        pipeline: Takes,
        tables: Callable[[], Mapping[str, WatchTable]],
        teller: Callable[[str], Tell] = lambda _: lambda _: None,
    ) -> None:
        """Take where patches go, and what ghost.toml says, asked again after `rewire`.

        `teller` gives what is told why an inbox is shut.
        """
        self._pipeline = pipeline
        self._tables = tables
        self._teller = teller
        self._rewired = asyncio.Event()
        self._open: dict[str, Inbox] = {}  # by submitter

    def rewire(self) -> None:
        """Read anew which inboxes there are."""
        self._rewired.set()

    def heard(self, p: Proposal, _diff: str) -> None:
        """Hear of a proposal's move."""
        if (inbox := self._open.get(p.submitter.id)) is not None:
            inbox.heard(p)

    async def run(self) -> None:
        """Take what is dropped, until cancelled."""
        while True:
            self._rewired.clear()
            self._open = {}
            async with asyncio.TaskGroup() as tasks:
                going = []
                for name, table in self._tables().items():
                    inbox = Inbox(self._pipeline, table)
                    self._open[inbox.submitter.id] = inbox
                    job = keep(f"inbox {name}", inbox.run, self._teller(f"inbox {name}"))
                    going.append(tasks.create_task(job, name=f"inbox {name}"))
                await self._rewired.wait()
                for task in going:
                    task.cancel()


class Inbox:
    """One inbox."""

    def __init__(self, pipeline: Takes, table: WatchTable) -> None:
        """Take where its patches go."""
        self.submitter = Submitter(
            id=f"inbox:{table.name}", name=table.name, way=Way.INBOX, is_agent=True
        )
        self._pipeline = pipeline
        self._table = table
        self._turn = asyncio.Event()
        self._moved: dict[str, Proposal] = {}  # what is still to be written, by id
        self._names: dict[str, list[str]] = {}  # of files in `done`, by id of the proposal
        self._resting: dict[str, tuple[Seen, float]] = {}  # how a file was, and since when

    def heard(self, p: Proposal) -> None:
        """Have a move written beside its file."""
        self._moved[p.id] = p
        self._turn.set()

    async def run(self) -> None:
        """Take what is dropped, until cancelled. Raises OSError where the folder cannot be."""
        # One thread for all of it: what is cut short ends before the descriptors are given back.
        self._hand = ThreadPoolExecutor(1, thread_name_prefix=f"ghost-inbox-{self._table.name}")
        try:
            folder = await self._do(InboxFolder, self._table.inbox)
            await self._work(folder)
        finally:
            self._hand.shutdown(wait=False)

    async def _work(self, folder: InboxFolder) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._notice(folder), name="inbox watcher")
                await self._catch_up(folder)
                while True:
                    self._turn.clear()
                    await self._tell(folder)
                    rests = await self._take(folder)
                    try:
                        async with asyncio.timeout(REST_S if rests else LOOK_S):
                            await self._turn.wait()
                    except TimeoutError:
                        continue
        finally:
            self._hand.submit(folder.close)

    def _do(self, fn: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Do what blocks, in this inbox's own thread."""
        return asyncio.get_running_loop().run_in_executor(self._hand, fn, *args)

    async def _notice(self, folder: InboxFolder) -> None:
        """Wake up when something changes here."""
        from watchfiles import awatch  # noqa: PLC0415 - who has no inbox waits for nothing

        while True:
            try:
                async for _ in awatch(folder.path, recursive=False, debounce=DEBOUNCE_MS):
                    self._turn.set()
            except* (OSError, RuntimeError) as error:  # inotify's limits, a name that is no text
                log.debug("inbox not watched name=%s why=%s", self._table.name, error.exceptions)
            self._turn.set()
            await asyncio.sleep(LOOK_S)

    async def _catch_up(self, folder: InboxFolder) -> None:
        """Read which files go on, and how each is now."""
        for name, file in await self._do(lambda: list(folder.unsettled())):
            try:
                p = await self._pipeline.get(name)
            except NoSuch:  # another state directory's, or written by another's hand
                continue
            if p.submitter.id == self.submitter.id:
                self._names.setdefault(p.id, []).append(file)
                self._moved.setdefault(p.id, p)

    async def _tell(self, folder: InboxFolder) -> None:
        """Write what has moved."""
        moved, self._moved = self._moved, {}
        for p in moved.values():
            for name in self._names.get(p.id, ()):
                await self._do(folder.tell, To.DONE, name, _words(p, name))
            if p.is_over:
                self._names.pop(p.id, None)

    async def _take(self, folder: InboxFolder) -> bool:
        """Take what is whole; True where something is still to rest."""
        found = await self._do(folder.look)
        now, wall_ns = asyncio.get_running_loop().time(), time.time_ns()
        before, self._resting = self._resting, {}
        rests = False
        for seen in found:
            known, since = before.get(seen.name, (seen, now))
            old = wall_ns - seen.changed_ns > REST_S * 1e9  # moved here whole, or here for long
            if (known == seen and now - since >= REST_S) or old:
                rests |= not await self._one(folder, seen)
            else:
                rests = True
            self._resting[seen.name] = (seen, since if known == seen else now)
        return rests

    async def _one(self, folder: InboxFolder, seen: Seen) -> bool:
        """Take one file; False where it is still being written."""
        try:
            text = await self._do(folder.read, seen)
            if text is None:
                return False
            p, is_new = await self._pipeline.submit(self._offer(seen, text))
        except TooManyPending:
            return True  # it stays; it is tried again when one of the others is over
        except NotTaken as why:
            await self._refuse(folder, seen, why.code, str(why))
        except Refused as why:
            await self._refuse(folder, seen, why.code, why.words)
        except GhostError as why:  # no root is meant, or more than one
            await self._refuse(folder, seen, why.code, str(why))
        else:
            await self._put_away(folder, seen, p, is_new=is_new)
        return True

    def _offer(self, seen: Seen, text: bytes) -> Offer:
        table = self._table
        title = seen.name[:TITLE_MAX] if seen.name.isprintable() else None
        return Offer(
            text=text,
            submitter=self.submitter,
            roots=table.roots,
            formats=table.formats,
            shell_policy=table.shell_policy,
            key=f"sha256:{hashlib.sha256(text).hexdigest()}",
            title=title,
            pending=table.pending,
        )

    async def _put_away(
        self, folder: InboxFolder, seen: Seen, p: Proposal, *, is_new: bool
    ) -> None:
        to = To.REFUSED if p.status in REFUSED and not p.approvals and not p.denial else To.DONE
        words = _words(p, seen.name)
        name = await self._do(folder.move, seen, to, words, p.sha256)
        log.info("inbox name=%s id=%s to=%s new=%s", self._table.name, p.id, to.value, is_new)
        if to is To.DONE and not p.is_over:
            self._names.setdefault(p.id, []).append(name)
            self._moved.setdefault(p.id, await self._pipeline.get(p.id))  # it may have moved since
            self._turn.set()

    async def _refuse(self, folder: InboxFolder, seen: Seen, code: str, why: str) -> None:
        words = {"file": _shown(seen.name), "status": "failed", "code": code, "reason": why}
        await self._do(folder.move, seen, To.REFUSED, words, None)
        log.info("inbox name=%s refused code=%s", self._table.name, code)


def _words(p: Proposal, name: str) -> dict[str, Any]:
    """Return what is written beside a file."""
    return {"file": _shown(name), **proposal_json(p), "sha256": p.sha256}


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
