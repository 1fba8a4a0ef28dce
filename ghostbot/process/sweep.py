"""Processes that Ghost once started and no record knows: listed, and ended when asked.

Rule 1: a stray is found by its marker, GHOST_UNIT=<state id>/<name>/<run>, never by its name; so
        it is found with every file of the state directory lost.
Rule 2: what belongs to a recorded run is none. In doubt about a daemon's run, all that carry the
        daemon's name are left alone.
Rule 3: Ghost, whoever asks, and the ancestors of both are never touched.
Rule 4: who is known is asked after the look at all processes: a run that began in between was
        not seen, and so cannot be taken for a stray.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from ghostbot.core.daemon import Proc
from ghostbot.process.identity import (
    TICKS_PER_S,
    Stat,
    command_of,
    is_alive,
    proc_of,
    stat_of,
    ticks_now,
)
from ghostbot.process.journal import Kind, entries
from ghostbot.process.tree import Snapshot, send

TERM_S = 5.0  # between TERM and KILL
KILL_S = 2.0  # for SIGKILL to take effect
LOOK_S = 0.02  # a stray is no child of ours, and some systems have no pidfd to wait for
ROUNDS = 20  # of SIGKILL: a stray may fork while it is being ended


@dataclass(frozen=True, slots=True)
class Known:
    """The run that a record knows of a daemon, as far as it does."""

    proc: Proc | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Stray:
    """A process that no record knows."""

    proc: Proc
    daemon: str
    run: str
    age_s: float
    command: str


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found, and what of it lives on although it was to end."""

    strays: tuple[Stray, ...]
    left: tuple[Stray, ...] = ()


Who = Callable[[], Mapping[str, Known]]


def sweep(state_id: str, known: Who, *, kill: bool, spare: Iterable[int] = ()) -> Swept:
    """Find the strays of a state directory; with `kill`, TERM and then KILL them. Blocks."""
    spared = frozenset(spare)
    found = find(state_id, known, spare=spared)
    if not kill or not found:
        return Swept(found)
    send((s.proc for s in found), SIGTERM)
    _await_end(found, TERM_S)
    for _ in range(ROUNDS):
        left = find(state_id, known, spare=spared)
        found = (*found, *(s for s in left if s.proc not in {f.proc for f in found}))
        if not left:
            break
        send((s.proc for s in left), SIGKILL)
        _await_end(left, KILL_S / ROUNDS)
    return Swept(found, find(state_id, known, spare=spared))


def find(state_id: str, known: Who, *, spare: Iterable[int] = ()) -> tuple[Stray, ...]:
    """List the strays, oldest first."""
    snapshot = Snapshot.take()
    mine = known()
    untouchable = _with_ancestors(snapshot, spare)
    now, found = ticks_now(), []
    for stat in sorted(snapshot.marked(f"{state_id}/"), key=lambda s: s.ticks):
        name, _, run = (snapshot.marker(stat.pid) or "").partition("/")[2].partition("/")
        if stat.pid in untouchable or _is_known(snapshot, stat, run, mine.get(name)):
            continue
        age_s = max(0.0, (now - stat.ticks) / TICKS_PER_S)
        found.append(Stray(proc_of(stat), name, run, age_s, command_of(stat.pid)))
    return tuple(found)


def _is_known(snapshot: Snapshot, stat: Stat, run: str, known: Known | None) -> bool:
    if known is None:
        return False
    runs = {known.run} if known.run else set()
    if known.proc is not None and (marker := _marker_of(snapshot, known.proc)):
        runs.add(marker.rpartition("/")[2])
        if known.proc.pid in (stat.pid, stat.group, stat.session):
            return True
    return run in runs or not runs


def _marker_of(snapshot: Snapshot, proc: Proc) -> str | None:
    stat = snapshot.stats.get(proc.pid)
    return snapshot.marker(proc.pid) if stat is not None and proc_of(stat) == proc else None


def _with_ancestors(snapshot: Snapshot, pids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for first in pids:
        pid = first
        while pid not in found and (stat := snapshot.stats.get(pid) or stat_of(pid)):
            found.add(pid)
            pid = stat.ppid
    return found


def _await_end(strays: Iterable[Stray], within_s: float) -> None:
    until, pause = time.monotonic() + within_s, threading.Event()  # nobody sets it
    left = [s.proc for s in strays]
    while (left := [p for p in left if is_alive(p)]) and time.monotonic() < until:
        pause.wait(LOOK_S)


def known_on_disk(state_dir: Path) -> dict[str, Known]:
    """Return what the files that a Ghost left behind know; nothing where they are lost.

    For when no Ghost runs. Nothing is written, and nothing is mended.
    """
    found: dict[str, Known] = {}
    for entry in entries(state_dir / "journal" / "spawns.jsonl"):
        if entry.event is not Kind.GONE:
            found[entry.name] = Known(entry.proc, entry.run)
        elif entry.name in found and found[entry.name].run == entry.run:
            del found[entry.name]
    raw: dict[str, Any] = {}
    with suppress(OSError, ValueError, RecursionError):
        raw = json.loads((state_dir / "process-registry.json").read_bytes())
    for name, record in raw.items() if isinstance(raw, dict) else ():
        with suppress(KeyError, TypeError, ValueError):
            if record["alive"] and name not in found:
                pid, ticks, boot = record["pid"], record["ticks"], record["boot"]
                proc = Proc(int(pid), int(ticks), str(boot)) if pid else None
                found[name] = Known(proc, record["run"])
    return found
