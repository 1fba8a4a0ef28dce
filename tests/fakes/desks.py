"""A real desk with its store, before a house of fake daemons and real doors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ghostbot.core.incident import About, Subject, Told
from ghostbot.incidents.care import Care
from ghostbot.incidents.desk import Desk
from ghostbot.store.database import Database
from ghostbot.store.incidents import Incidents
from ghostbot.store.silences import Silences
from ghostbot.voice import Silent
from ghostbot.web.incidents import Incidents as Noun
from tests.fakes.doors import Asked, open_doors
from tests.fakes.kennel import Kennel

SITE = Subject(About.CHECK, "site")


@dataclass
class Troubled:
    """The doors, and what tells of troubles."""

    asked: Asked
    desk: Desk

    async def sick(self, line: str | None = "HTTP 500") -> int:
        """Have the check `site` sick, or well again; return the number of its incident."""
        self.asked.kennel.bus.tell(Told(subject=SITE, cause="probe", line=line, at=time.time()))
        return await self.seen(over=line is None)

    async def seen(self, *, over: bool) -> int:
        key = (SITE.about, SITE.name, "probe")
        async with asyncio.timeout(10):
            while (found := self.desk._current.get(key)) is None or found.is_over is not over:
                await self.desk._kept_one.wait()
        return found.id


@asynccontextmanager
async def troubled_doors(state_dir: Path) -> AsyncIterator[Troubled]:
    """Open doors behind which a desk follows `web`, `worker` and the check `site`."""
    database = Database(state_dir / "ghost.db")
    desks: list[Desk] = []

    async def no_lines(_: str) -> tuple[str, ...]:
        return ()

    def nouns(k: Kennel) -> tuple[Noun]:
        kept = Incidents(database)
        desk = Desk(
            k.bus,
            Silent("off"),
            kept,
            last_lines=no_lines,
            daemons=dict,
            subjects=lambda: (SITE,),
        )
        desks.append(desk)
        known = lambda: {"web", "worker", SITE.name}  # noqa: E731
        care = Care(desk, Silences(database), newest=kept.newest, known=known)
        return (Noun(care),)

    async with open_doors(state_dir, listen=None, more=nouns) as asked:
        following = asyncio.create_task(desks[0].run())
        try:
            yield Troubled(asked, desks[0])
        finally:
            following.cancel()
            await asyncio.wait({following})
            await database.close()
