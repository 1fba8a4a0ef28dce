"""A real pipeline on a real root, and people, clock and house that a test holds in its hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ghostbot.config.model import Config, GhostTable, RootTable
from ghostbot.core.proposal import Proposal, Status, Submitter, Way
from ghostbot.patches.live import Live, nothing_live
from ghostbot.patches.offer import Decider, Offer
from ghostbot.patches.pipeline import Pipeline
from ghostbot.store.database import Database
from ghostbot.store.proposals import Proposals

AGENT = Submitter(id="webhook:gpt", name="gpt", way=Way.WEBHOOK, is_agent=True)
ADA = Decider(id="U0ADA", name="Ada", way=Way.SLACK, is_approver=True)
BOB = Decider(id="U0BOB", name="Bob", way=Way.SLACK, is_approver=True)
EVE = Decider(id="U0EVE", name="Eve", way=Way.SLACK, is_approver=False)
HERE = Decider(id="local:ada", name="ada", way=Way.CLI, is_approver=True)
GREET = 'def greet():\n    return "hi"\n'
BUILD = "all:\n\ttrue\n"
HELLO = """\
--- a/greet.py
+++ b/greet.py
@@ -1,2 +1,2 @@
 def greet():
-    return "hi"
+    return "hello"
"""
RISKY = """\
--- a/Makefile
+++ b/Makefile
@@ -1,2 +1,2 @@
 all:
-\ttrue
+\tfalse
"""


class Shop:
    """One root, the pipeline on it, and all that a test may turn."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.root = folder / "app"
        self.state_dir = folder / "state"
        self.root.mkdir(exist_ok=True)
        self.state_dir.mkdir(exist_ok=True)
        if not (self.root / "greet.py").exists():
            (self.root / "greet.py").write_text(GREET)
            (self.root / "Makefile").write_text(BUILD)
        self.approvers = frozenset({ADA.id, BOB.id})
        self.in_slack = True
        self.late_s = 0.0  # how far the clock is ahead
        self.live: Live = nothing_live
        self.told: list[tuple[Proposal, str]] = []
        self.noted: list[str] = []
        table = RootTable(name="app", path=self.root, **settings)
        self.config = Config(
            path=folder / "ghost.toml",
            ghost=GhostTable(name="test", state_dir=self.state_dir),
            daemons={},
            roots={"app": table},
        )

    def set(self, **settings: Any) -> None:
        """Give the root other settings, as a reload would."""
        table = replace(self.config.roots["app"], **settings)
        self.config = replace(self.config, roots={"app": table})

    def read(self, name: str = "greet.py") -> str:
        return (self.root / name).read_text()

    @property
    def words(self) -> list[str]:
        """Every status that was told, in its order, as "p1 applied"."""
        return [f"{p.id} {p.status.value}" for p, _ in self.told]

    def _live(self, *_: object) -> Live:
        return lambda: self.live()  # noqa: PLW0108  as it is when it is called

    @asynccontextmanager
    async def idle(self) -> AsyncIterator[Pipeline]:
        """A pipeline that carries nothing out."""

        async def approvers() -> frozenset[str]:
            return self.approvers

        database = Database(self.state_dir / "ghost.db")
        pipeline = Pipeline(
            Proposals(database),
            lambda: self.config,
            approvers=approvers,
            in_slack=lambda: self.in_slack,
            live=self._live,
            note=lambda _kind, who, what, **_: self.noted.append(f"{who}: {what}"),
            now=lambda: time.time() + self.late_s,
        )
        pipeline.listeners.append(lambda p, diff: self.told.append((p, diff)))
        try:
            yield pipeline
        finally:
            pipeline.close()
            await database.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Pipeline]:
        """A pipeline at work."""
        async with self.idle() as pipeline:
            task = asyncio.create_task(pipeline.run(), name="patches")
            try:
                yield pipeline
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


def offer(text: str | bytes = HELLO, **more: Any) -> Offer:
    data = text if isinstance(text, bytes) else text.encode()
    return Offer(text=data, **{"submitter": AGENT, **more})


async def offered(pipeline: Pipeline, text: str | bytes = HELLO, **more: Any) -> Proposal:
    return (await pipeline.submit(offer(text, **more)))[0]


async def approved(pipeline: Pipeline, p: Proposal, by: Decider = ADA) -> Proposal:
    """Say yes, and wait for the end."""
    assert p.digest is not None, p
    await pipeline.approve(p.id, by, p.digest)
    return await pipeline.wait(p.id, 10)


async def until(
    pipeline: Pipeline, name: str, is_so: Callable[[Proposal], bool], within_s: float = 10
) -> Proposal:
    """Look until something is so of a proposal."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not is_so(p := await pipeline.get(name)):
        assert asyncio.get_running_loop().time() < deadline, p
        await asyncio.sleep(0.01)
    return p


async def applied(pipeline: Pipeline, text: str | bytes = HELLO) -> Proposal:
    p = await approved(pipeline, await offered(pipeline, text))
    assert p.status is Status.APPLIED, p
    return p
