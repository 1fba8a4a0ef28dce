"""Limits: a daemon whose tree uses more than it may, for long enough, is started again.

Rule 1: the one look that serves all daemons (process/usage.py) is all that is measured.
Rule 2: what could not be measured is within its limits.
Rule 3: it is a restart by Ghost, told apart from deaths; a daemon that a person holds is left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from ghostbot.config.model import DaemonTable
from ghostbot.core.daemon import Proc, Renew, State, Wanted
from ghostbot.core.snapshot import Measure
from ghostbot.guards.watchdog import Watchdog

MIB = 1 << 20

log = logging.getLogger("ghost.limits")


class Limits:
    """Holds daemons to `memory_max` and `cpu_max`."""

    def __init__(
        self, dogs: Mapping[str, Watchdog], measures: Callable[[], Mapping[str, Measure]]
    ) -> None:
        """Take the watchdogs by name, and what was last measured."""
        self._dogs = dogs
        self._measures = measures
        self._over: dict[str, tuple[Proc, float]] = {}  # since when, monotonic

    def look(self) -> None:
        """Compare what was just measured with what is allowed. Called after each measuring."""
        now, measures = asyncio.get_running_loop().time(), self._measures()
        over = {}
        for name, dog in self._dogs.items():
            measure, proc = measures.get(name), dog.daemon.proc
            if measure is None or proc is None or dog.daemon.state is not State.UP:
                continue
            why = over_limit(dog.table, measure)
            if why is None or dog.daemon.wanted is not Wanted.UP:
                continue
            was, since = self._over.get(name, (proc, now))
            since = since if was == proc else now
            over[name] = (proc, since)
            if now - since >= dog.table.limit_for_s:
                log.warning("over daemon=%s %s for_s=%.0f", name, why, now - since)
                dog.post(Renew(f"{why} for {now - since:.0f} s", proc=proc))
        self._over = over


def over_limit(table: DaemonTable, measure: Measure) -> str | None:
    """Say what of a daemon's tree is more than it may be, in words; None: nothing."""
    most = table.memory_max_bytes
    if most is not None and measure.rss_bytes is not None and measure.rss_bytes > most:
        return f"memory {measure.rss_bytes / MIB:.0f} MiB, over its {most / MIB:.0f} MiB"
    if table.cpu_max is not None and (measure.cpu_percent or 0.0) > table.cpu_max:
        return f"CPU {measure.cpu_percent:g} %, over its {table.cpu_max:g} %"
    return None
