"""Who may do what, who did what, and what was seen already: all that Ghost remembers of people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ghostbot.bus import Bus, Feed
from ghostbot.chronicle import Chronicle, Noting
from ghostbot.claims import Claims
from ghostbot.config.model import RolesTable
from ghostbot.permit import Permit
from ghostbot.record import Record
from ghostbot.store.claims import Claims as ClaimsKept
from ghostbot.store.database import Database
from ghostbot.store.deliveries import Deliveries
from ghostbot.store.events import Events

PLAYGROUND_TEAM = "T0PLAYGROUND"  # whoever claims there is nobody in a real workspace

Task = Callable[[], Awaitable[None]]


class Ledger:
    """The events, the claims and the deliveries, and the permit that all deeds need."""

    def __init__(
        self,
        record: Record,
        permit: Permit,
        database: Database,
        roles: Callable[[], RolesTable],
        kept: Feed,
    ) -> None:
        """Take where notes come from, who permits, where all is kept, and what [roles] says now.

        `kept` holds what happened before anybody listened.
        """
        self._feed = kept
        self._database = database
        self.permit = permit
        self.roles = roles
        self.record = record
        self.events = Events(record, database)
        self.claims = Claims(
            ClaimsKept(database), named=lambda: roles().admin is not None, note=record.note
        )
        self.deliveries = Deliveries(database)

    async def begin(self) -> None:
        """Take up what an earlier Ghost remembered."""
        await self.claims.begin()
        await self.deliveries.begin()

    def first_code(self, *, playground: bool) -> str | None:
        """Return a code for the first admin; None where there is one, or the file names them."""
        known = (one.team == PLAYGROUND_TEAM for one in self.claims.all())
        if self.roles().admin is not None or any(here is playground for here in known):
            return None
        return self.claims.new()

    def incidents(self) -> Noting:
        """Return a way of keeping incidents that notes their turns."""
        return Noting(self._database, self.record.note)

    def jobs(self, bus: Bus) -> dict[str, Task]:
        """Name what runs for as long as Ghost."""
        return {
            "events": self.events.run,
            "deliveries": self.deliveries.run,
            "chronicle": Chronicle(bus, self.record.note, self._feed).run,
        }
