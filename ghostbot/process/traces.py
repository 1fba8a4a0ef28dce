"""What an earlier Ghost left running, by the journal, and by the markers in environments.

Rule 1: the journal says which process leads a daemon. Where it does not know (the pid was never
        saved, the disk refused the line, the file is lost), the marker does.
Rule 2: a run that the journal says nothing of is later than all that it speaks of.
Rule 3: when unsure whether a process leads or is a child, it leads: a child that is kept for a
        leader does no harm, a second copy would.
"""

from __future__ import annotations

import asyncio

from ghostbot.core.daemon import Proc
from ghostbot.process.identity import TICKS_PER_S, Stat, boot_id, is_alive, proc_of
from ghostbot.process.journal import Entry, Journal, Kind
from ghostbot.process.tree import Snapshot

BEGUN_WITHIN_S = 5.0  # between the journal's line and the process it speaks of


class Traces:
    """Looks for them. One look at all processes serves whoever asks in one turn of the loop."""

    def __init__(self, state_id: str, journal: Journal, loop: asyncio.AbstractEventLoop) -> None:
        """Look for what carries `state_id` in its marker."""
        self._state_id = state_id
        self._journal = journal
        self._loop = loop
        self._seen: Snapshot | None = None
        self._sorted: tuple[Snapshot, dict[str, list[Stat]]] | None = None

    def snapshot(self) -> Snapshot:
        """Return a look at all processes that serves all of this turn of the loop."""
        if self._seen is None:
            self._seen = Snapshot.take()
            self._loop.call_soon(self.forget)
        return self._seen

    def forget(self) -> None:
        """Look anew when next asked."""
        self._seen = self._sorted = None

    def of(self, name: str) -> tuple[Proc | None, list[Proc]]:
        """Return the living leader of a daemon, and where there is none, who outlived it."""
        last = self._journal.last.get(name)
        if last is not None and last.event is Kind.SPAWN:
            self.forget()  # it may have begun after this turn's look
        marked = self._marked().get(name, [])
        leader = self._leader(last, marked)
        return leader, [] if leader else [proc_of(stat) for stat in marked]

    def _leader(self, last: Entry | None, marked: list[Stat]) -> Proc | None:
        if last is not None and last.proc is not None and last.event is Kind.SPAWNED:  # noqa: SIM102
            if is_alive(last.proc):
                return last.proc
        begun: dict[str, Stat] = {}  # by run: who leads a session and is the eldest
        for stat in sorted(marked, key=lambda s: s.ticks):
            if stat.session == stat.pid and _may_lead(stat, run := self._run(stat), last):
                begun.setdefault(run, stat)
        return proc_of(max(begun.values(), key=lambda s: s.ticks)) if begun else None

    def _run(self, stat: Stat) -> str:
        return (self.snapshot().marker(stat.pid) or "").rpartition("/")[2]

    def _marked(self) -> dict[str, list[Stat]]:
        """Return all processes of this state directory by daemon, as this turn's look has them."""
        snapshot = self.snapshot()
        if self._sorted is not None and self._sorted[0] is snapshot:
            return self._sorted[1]
        found: dict[str, list[Stat]] = {}
        for stat in snapshot.marked(f"{self._state_id}/"):
            name = (snapshot.marker(stat.pid) or "").split("/")[1]
            found.setdefault(name, []).append(stat)
        self._sorted = snapshot, found
        return found


def _may_lead(stat: Stat, run: str, last: Entry | None) -> bool:
    """Tell whether who leads a session of its own may lead the run that `run` names."""
    if last is None or last.boot != boot_id():
        return True
    if run != last.run:  # begun while the journal could not be written
        return last.ticks is None or stat.ticks >= last.ticks
    if last.event is not Kind.SPAWN or last.ticks is None:
        return False  # its leader is known, and gone
    # A leader that is gone may have left others that lead sessions of their own.
    return last.ticks <= stat.ticks <= last.ticks + BEGUN_WITHIN_S * TICKS_PER_S
