"""Incidents, kept over Ghost's restarts."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from ghostbot.core.incident import (
    About,
    Call,
    Hand,
    Incident,
    Part,
    Person,
    Phase,
    Step,
)
from ghostbot.store.database import Database

UNTOLD_S = 86_400.0  # what nobody was told for longer is news to nobody
REOPENED_S = 3600.0  # what was over for longer is a new incident when it happens again
KEPT = 1_000  # of those that are over


class Incidents:
    """The table of incidents."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        """Take the database, and a clock of epoch seconds."""
        self._database = database
        self._now = now

    async def save(self, incident: Incident) -> Incident:
        """Keep an incident; one without an id (0) gets the next, from 1. Return it as kept."""

        def work(db: sqlite3.Connection) -> int:
            row = (incident.daemon, incident.is_over, incident.changed_at, _body(incident))
            if incident.id:
                db.execute(
                    "REPLACE INTO incidents (id, daemon, is_over, changed_at, body)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (incident.id, *row),
                )
                return incident.id
            made = db.execute(
                "INSERT INTO incidents (daemon, is_over, changed_at, body) VALUES (?, ?, ?, ?)", row
            )
            db.execute(
                "DELETE FROM incidents WHERE is_over AND id <= ?", ((made.lastrowid or 0) - KEPT,)
            )
            return made.lastrowid or 0

        return replace(incident, id=await self._database.run(work))

    async def open(self) -> list[Incident]:
        """Return those that are not over, or have been for less than an hour, newest first."""
        since = self._now() - REOPENED_S

        def work(db: sqlite3.Connection) -> list[Incident]:
            rows = db.execute(
                "SELECT id, body FROM incidents WHERE NOT is_over OR changed_at > ? ORDER BY id"
                " DESC",
                (since,),
            )
            return [_incident(number, json.loads(body)) for number, body in rows]

        return await self._database.run(work)

    async def untold(self) -> list[Incident]:
        """Return those of the last day that are over and were told to nobody, oldest first."""
        since = self._now() - UNTOLD_S

        def work(db: sqlite3.Connection) -> list[Incident]:
            rows = db.execute(
                "SELECT id, body FROM incidents WHERE is_over AND changed_at > ? ORDER BY id",
                (since,),
            )
            found = [_incident(number, json.loads(body)) for number, body in rows]
            return [incident for incident in found if not incident.told]

        return await self._database.run(work)

    async def newest(self, most: int) -> list[Incident]:
        """Return those that are not over, and then the newest others, `most` in all at best."""

        def work(db: sqlite3.Connection) -> list[Incident]:
            rows = db.execute(
                "SELECT id, body FROM incidents ORDER BY is_over, id DESC LIMIT ?", (most,)
            )
            return [_incident(number, json.loads(body)) for number, body in rows]

        return await self._database.run(work)

    async def get(self, number: int) -> Incident | None:
        """Return one incident, if it is still kept."""

        def work(db: sqlite3.Connection) -> Incident | None:
            row = db.execute("SELECT body FROM incidents WHERE id = ?", (number,)).fetchone()
            return None if row is None else _incident(number, json.loads(row[0]))

        return await self._database.run(work)


def _body(incident: Incident) -> str:
    fields = asdict(incident)
    del fields["id"]
    return json.dumps(fields)


def _incident(number: int, fields: dict[str, Any]) -> Incident:
    """Read a row. One of an older Ghost lacks what that did not know, and is about a daemon."""
    read: dict[str, Any] = {
        "phase": Phase(fields.pop("phase")),
        "about": About(fields.pop("about", About.DAEMON)),
        "steps": tuple(_step(**step) for step in fields.pop("steps")),
        "lines": tuple(fields.pop("lines")),
        "parts": tuple(
            Part(**part | {"phase": Phase(part["phase"])}) for part in fields.pop("parts", ())
        ),
        "acked": _hand(fields.pop("acked", None)),
        "silenced": _hand(fields.pop("silenced", None)),
    }
    return Incident(id=number, **read, **fields)


def _step(at: float, what: str, by: dict[str, str] | None = None, call: str | None = None) -> Step:
    who = None if by is None else Person(**by)
    return Step(at, what, who, None if call is None else Call(call))


def _hand(fields: dict[str, Any] | None) -> Hand | None:
    return None if fields is None else Hand(**fields | {"by": Person(**fields["by"])})
