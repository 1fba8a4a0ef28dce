"""What happens by itself, noted beside what people do: deaths, restarts, troubles.

Rule 1: a start that follows a death is a restart; one that a person asked for is their order, which
        is noted where it is given.
"""

from __future__ import annotations

import os

from ghostbot.bus import Bus, Feed, Turned
from ghostbot.core.daemon import State
from ghostbot.core.incident import Incident, Phase, is_death
from ghostbot.core.meaning import meaning
from ghostbot.record import Note
from ghostbot.store.database import Database
from ghostbot.store.incidents import Incidents

SAID_MAX = 300


class Chronicle:
    """Notes what happens to daemons, as long as it runs."""

    def __init__(self, bus: Bus, note: Note, kept: Feed | None = None) -> None:
        """Take who tells, who notes, and what was told before anybody listened."""
        self._bus = bus
        self._note = note
        self._kept = kept
        self._dead: set[str] = set()

    async def run(self) -> None:
        """Follow for ever."""
        self._note("ghost", "", f"Ghost is here, pid {os.getpid()}")
        with self._bus.listen(self._kept) as feed:
            while True:
                self._take(await feed.get())

    def _take(self, fact: Turned) -> None:
        before, after = fact.before, fact.after
        if is_death(before, after):
            self._dead.add(after.name)
            why = after.fault or "it died"
            usual = meaning(why)
            said = f"{after.name} died: {why}" + (f" ({usual})" if usual else "")
            self._note("death", "", f"{said}; {_next(after.state)}", daemon=after.name)
        elif after.state is State.UP and before.state is not State.UP and after.name in self._dead:
            self._dead.discard(after.name)
            pid = after.proc.pid if after.proc else None
            self._note("restart", "", f"{after.name} is up again", daemon=after.name, pid=pid)
        elif after.stopped:
            self._dead.discard(after.name)


class Noting(Incidents):
    """Keeps incidents, and notes each turn that one takes."""

    def __init__(self, database: Database, note: Note) -> None:
        """Take where they are kept, and who notes."""
        super().__init__(database)
        self._note = note
        self._phases: dict[int, Phase] = {}

    async def save(self, incident: Incident) -> Incident:
        """Keep an incident; note it where it is new, or stands otherwise than before."""
        saved = await super().save(incident)
        if self._phases.get(saved.id) is not saved.phase:
            self._phases[saved.id] = saved.phase
            names = ", ".join(saved.names)
            what = f"incident {saved.id}: {names[:SAID_MAX]} {saved.phase.value}: {saved.cause}"
            self._note("incident", "", what, incident=saved.id, phase=saved.phase.value)
        if saved.is_over:
            self._phases.pop(saved.id, None)
        return saved


def _next(state: State) -> str:
    if state is State.BLOCKED:
        return "it died too often, and is blocked"
    return "it is started again" if state is State.BACKOFF else "it is not started again"
