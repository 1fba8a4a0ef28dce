"""The patchwork: the pipeline of patches, wired to the house, its people and its memory.

Nothing here is needed for daemons to be kept.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ghostbot import veil
from ghostbot.config.model import Config, RootTable
from ghostbot.ghost import Ghost
from ghostbot.orders import local
from ghostbot.patches.approving import LOCAL
from ghostbot.patches.live import Live, live
from ghostbot.patches.pipeline import Pipeline
from ghostbot.store.database import Database
from ghostbot.store.proposals import Proposals
from ghostbot.supervision import Supervision

ACTOR = local("patch")  # who restarts what runs the code that was patched


@asynccontextmanager
async def patchwork(
    house: Supervision,
    ghost: Ghost,
    database: Database,
    config: Callable[[], Config],
    *,
    approvers: Callable[[], Awaitable[frozenset[str]]] | None,
) -> AsyncIterator[Pipeline]:
    """Build it. `approvers` are those in Slack; None where there is no Slack."""
    loop = asyncio.get_running_loop()

    async def whoever_is_here() -> frozenset[str]:
        return frozenset({LOCAL})

    def restarted(root: RootTable, stop: threading.Event) -> Live:
        return live(ghost, root.restart, ACTOR, loop=loop, stop=stop)

    pipeline = Pipeline(
        Proposals(database),
        config,
        approvers=approvers or whoever_is_here,
        in_slack=lambda: approvers is not None,
        live=restarted,
        veil=veil.hide,
        note=ghost.permit.note,
        tell=house.troubles.teller("patch log"),
    )
    try:
        yield pipeline
    finally:
        pipeline.close()
