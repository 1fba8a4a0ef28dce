"""Whether a log tells that its writer is well.

Rule 1: only what was written since the process began counts, and what tells when it was written
        is as old as it says. Evidence older than `silence`, or than three looks, is none.
Rule 2: `pattern` is proved by one line that matches, for as long as the process lives; together
        with `silence` such a line must come again and again. `silence` alone takes any output.
Rule 3: `markers` take the last moment of the log (core/marks.py). Mixed and pending is unknown,
        as it is no reason to restart anything, and a warning is well; both are said.
Rule 4: a look reads less than a megabyte: for a pattern what was not yet read, in order, for
        marks the end.
Rule 5: reading is done in a thread. One that hangs is left alone, and no other is begun.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import replace

from ghostbot.config.model import ProbeTable
from ghostbot.core.marks import Mark, Reading, reading
from ghostbot.core.stamps import stamp_of
from ghostbot.core.why import span
from ghostbot.probes import faults
from ghostbot.probes.finding import Finding
from ghostbot.probes.reader import Begin, Reader, Tape
from ghostbot.process.output import plain

MARKS_BYTES = 32 * 1024
MARKS_LINES = 50  # each costs 10 µs and more, and the last moment has fewer
SAID_MAX = 200
STALE_LOOKS = 3
CLOCK_S = 2.0  # a stamp without fractions, and a file's time, may lie so much before the truth


class Log:
    """Looks into a log."""

    def __init__(
        self,
        table: ProbeTable,
        tape: Tape,
        begin: Begin | None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the probe, its log, and when the process began; None for what Ghost does not run."""
        self._table = table
        self._tape = tape
        self._reader = Reader(tape, begin)
        self._begin = begin
        self._clock = clock
        self._pattern = re.compile(table.pattern) if table.pattern is not None else None
        self._matched: tuple[str, float] | None = None  # the last line, and when it was written
        self._marked: tuple[tuple[int, int, float], Reading] | None = None  # of which log
        self._reading: asyncio.Future[Finding] | None = None

    async def look(self) -> Finding:
        """Look once."""
        if self._reading is not None and not self._reading.done():
            return Finding(ok=None, said=f"cannot look: {self._tape.path} is still being read")
        loop, timeout_s = asyncio.get_running_loop(), self._table.timeout_s
        began = loop.time()
        self._reading = loop.run_in_executor(None, self._look)
        try:
            async with asyncio.timeout(timeout_s):
                found = await asyncio.shield(self._reading)
        except TimeoutError:
            said = f"cannot look: {self._tape.path} was not read within {timeout_s:g} s"
            return Finding(ok=None, said=said, took_s=loop.time() - began)
        return replace(found, took_s=loop.time() - began)

    # In a thread.

    def _look(self) -> Finding:
        try:
            written_at = self._tape.path.stat().st_mtime
            self._reader.span()  # a folder has a time too, and nothing to read
            found = self._judge(written_at)
        except FileNotFoundError:
            # Ghost tells by itself that a daemon's log was taken away, and its writer may be well.
            is_own = self._table.path is None
            return Finding(ok=None if is_own else False, said=f"there is no {self._tape.path}")
        except OSError as error:
            said = f"cannot look: cannot read {self._tape.path}: {faults.words(error)}"
            return Finding(ok=None, said=said)
        return found

    def _judge(self, written_at: float) -> Finding:
        """Return the worst of what is looked for."""
        found = []
        if self._pattern is not None:
            for raw in self._reader.unread():
                self._match(raw, written_at)
            found.append(self._by_pattern())
        elif self._table.silence_s is not None:
            found.append(self._by_silence(written_at))
        if self._table.markers:
            found.append(self._by_marks(written_at))
        order = {False: 0, None: 1, True: 2}
        return min(found, key=lambda one: order[one.ok])

    def _by_silence(self, written_at: float) -> Finding:
        silence_s = self._table.silence_s
        assert silence_s is not None, "asked for with a silence"
        since = max(written_at, self._begin.at if self._begin else 0.0)
        age_s = self._clock() - since
        if age_s > silence_s:
            return Finding(ok=False, said=f"nothing new in the log for {span(age_s)}", at=since)
        return Finding(ok=True, said=f"wrote {span(max(0.0, age_s))} ago", at=since)

    # A line that matches.

    def _by_pattern(self) -> Finding:
        silence_s, pattern = self._table.silence_s, self._table.pattern
        now = self._clock()
        if self._matched is None:
            begun = self._begin.at if self._begin else 0.0
            waits = silence_s is not None and now - begun <= silence_s
            said = f"no line of the log matches {pattern!r}"
            if self._begin is not None and not self._reader.is_known:  # an older one may
                return Finding(ok=None, said=f"{said} among the last ones")
            return Finding(ok=None if waits else False, said=said)
        line, at = self._matched
        if silence_s is not None and now - at > silence_s:
            said = f"no line of the log matched {pattern!r} for {span(now - at)}"
            return Finding(ok=False, said=said, at=at)
        return Finding(ok=True, said=f"the log says: {line}", at=at)

    def _match(self, raw: bytes, written_at: float) -> None:
        assert self._pattern is not None, "asked for with a pattern"
        text = plain(raw)
        if self._pattern.search(text) is None:
            return
        stamp = stamp_of(text, _local_s())
        at = min(stamp.at, written_at) if stamp else written_at
        if self._reader.is_known or self._begin is None or at >= self._begin.at - CLOCK_S:
            self._matched = (text.strip()[:SAID_MAX], at)

    # Marks.

    def _by_marks(self, written_at: float) -> Finding:
        table, now = self._table, self._clock()
        begin, end = self._reader.span()
        key = (begin, end, written_at)
        if self._marked is None or self._marked[0] != key:
            self._marked = key, self._read_marks(begin, end, written_at)
        fresh_s = max(table.silence_s or 0.0, STALE_LOOKS * table.every_s)
        return _finding(self._marked[1], now, fresh_s)

    def _read_marks(self, begin: int, end: int, written_at: float) -> Reading:
        start = max(begin, end - MARKS_BYTES)
        _, data = self._tape.after(start, MARKS_BYTES)
        lines = data.decode("utf-8", "replace").split("\n")
        if start > begin:
            del lines[0]  # only its end was read
        return reading(
            lines[-MARKS_LINES:],
            written_at=written_at,
            window_s=self._table.every_s,
            local_s=_local_s(),
            since=self._begin.at - CLOCK_S if self._begin else 0.0,
        )


def _finding(said: Reading, now: float, fresh_s: float) -> Finding:
    line = plain(said.line.encode())[:SAID_MAX]
    errors = tuple(plain(error.encode()) for error in said.errors)
    if said.at is None:
        words = "no mark and no status line in the log"
        return Finding(ok=None, said=words, mark=Mark.UNKNOWN, errors=errors)
    age_s = max(0.0, now - said.at)
    about = "" if said.is_sure else " (its time is malformed)"
    if age_s > fresh_s:
        words = f"the last mark is {span(age_s)} old{about}: {line}"
        return Finding(ok=None, said=words, at=said.at, mark=Mark.UNKNOWN, errors=errors)
    ok = {Mark.HEALTHY: True, Mark.WARNING: True, Mark.CRITICAL: False}.get(said.mark)
    words = f"the log says {said.mark}{about}: {line}"
    return Finding(ok=ok, said=words, at=said.at, mark=said.mark, errors=errors)


def _local_s() -> int:
    """Return how far local time is east of UTC now, in seconds."""
    return time.localtime().tm_gmtoff
