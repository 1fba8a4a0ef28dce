"""Processes of another house: what a copy of a state directory names, and its original keeps.

Rule 1: a process says in its marker whose it is. Where that is another state directory, and a Ghost
        lives that keeps it, it is that one's; where none does, the directory was moved to here.
"""

from __future__ import annotations

from dataclasses import replace

from ghostbot.core.daemon import Daemon, Proc, Wanted
from ghostbot.process import presence
from ghostbot.process.identity import is_alive
from ghostbot.process.journal import Journal
from ghostbot.process.tree import marker_of


def keeper_of(proc: Proc, own: str) -> int | None:
    """Return the pid of another Ghost that keeps a process; None where there is none."""
    marker = marker_of(proc.pid) if is_alive(proc) else None
    other = (marker or "").partition("/")[0]
    return presence.living(other) if other not in ("", own) else None


def leave(records: dict[str, Daemon], journal: Journal, own: str) -> tuple[str, ...]:
    """Forget the processes that another Ghost keeps; say whom, in words. `own` is our state id."""
    notes = []
    for name in {**records, **journal.last}:
        known, last = records.get(name), journal.last.get(name)
        procs = (known.proc if known else None, last.proc if last else None)
        for proc in filter(None, procs):
            if (keeper := keeper_of(proc, own)) is None:
                continue
            notes.append(
                f"{name} (pid {proc.pid}), which another Ghost (pid {keeper}) keeps: this state "
                "directory is a copy of that one's, and its processes are left alone"
            )
            if last is not None:
                journal.gone(name, last.run, proc, proc.boot)
            if known is not None:
                records[name] = _afresh(known)
            break
    return tuple(notes)


def _afresh(d: Daemon) -> Daemon:
    """Return what still holds of a daemon of which nothing runs here: what people said."""
    fresh = Daemon(d.name, policy=d.policy, stopped=d.stopped, by=d.by, starts=d.starts)
    if d.wanted is Wanted.HELD:
        return replace(fresh, wanted=Wanted.HELD, held_until=d.held_until)
    return fresh
