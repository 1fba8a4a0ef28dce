"""Summaries that programs write in Markdown: each is read once, and people are told what it says.

Rule 1: a text is shown, and never trusted as health: no verdict starts, stops or heals anything.
Rule 2: what lay there when summaries were first looked for is old; a file that changes is told in
        its own message again.
Rule 3: many at once are one message: nobody reads thirty.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from ghostbot.config.model import SummariesTable
from ghostbot.core.marks import repaired
from ghostbot.core.verdict import Verdict, verdict

REST_S = 1.0  # a file that has not changed for so long is whole
LOOK_S = 30.0
DEBOUNCE_MS = 300
FILE_BYTES = 2 * 1024 * 1024
KNOWN = "summaries.json"
STEM_MAX = 60  # letters of a sender's own id in a file's name

log = logging.getLogger("ghost.summaries")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Summary:
    """One summary. `at` is when it was written (epoch seconds)."""

    name: str
    verdict: Verdict
    text: str
    at: float


Say = Callable[[Sequence[Summary], str | None], None]  # what is new, and the channel it is for


class Summaries:
    """Looks for new summaries, and takes those that are sent."""

    def __init__(
        self,
        table: Callable[[], SummariesTable | None],
        state_dir: Path,
        say: Say = lambda _found, _channel: None,
    ) -> None:
        """Take what ghost.toml says, asked again after `rewire`, and whom to tell."""
        self._table = table
        self._state_dir = state_dir
        self._say = say
        self._turn = asyncio.Event()
        self._rewired = asyncio.Event()

    def rewire(self) -> None:
        """Take what ghost.toml says now."""
        self._rewired.set()

    async def take(self, sent_id: str | None, text: str) -> tuple[Summary, bool] | None:
        """Keep a summary that was sent; True where it is new. None: there is no place for any."""
        table = self._table()
        if table is None:
            return None
        made = Summary(_name(sent_id, text), verdict(text), text, time.time())
        is_new = await asyncio.to_thread(_keep, table, made)
        self._turn.set()
        return made, is_new

    async def run(self) -> None:
        """Look until cancelled. Raises OSError where the folder cannot be read."""
        while True:
            self._rewired.clear()
            table = self._table()
            async with asyncio.TaskGroup() as tasks:
                going = []
                if table is not None:
                    await asyncio.to_thread(table.dir.mkdir, parents=True, exist_ok=True)
                    going.append(tasks.create_task(self._notice(table), name="summary watcher"))
                    going.append(tasks.create_task(self._follow(table), name="summaries"))
                await self._rewired.wait()
                for task in going:
                    task.cancel()

    async def _notice(self, table: SummariesTable) -> None:
        from watchfiles import awatch  # noqa: PLC0415 - who has no summaries waits for nothing

        while True:
            try:
                async for _ in awatch(table.dir, recursive=False, debounce=DEBOUNCE_MS):
                    self._turn.set()
            except* (OSError, RuntimeError) as error:  # inotify's limits, a name that is no text
                log.debug("summaries not watched why=%s", error.exceptions)
            self._turn.set()
            await asyncio.sleep(LOOK_S)

    async def _follow(self, table: SummariesTable) -> None:
        shelf = _Shelf(table, self._state_dir / KNOWN)
        await _whole(shelf.begin)
        while True:
            self._turn.clear()
            found = await _whole(shelf.look)
            if found:
                for one in found:
                    log.info("summary name=%r says=%s", one.name, one.verdict.word)
                self._say(found, table.channel)
                await _whole(partial(shelf.note, found))
            try:
                async with asyncio.timeout(REST_S if shelf.rests else LOOK_S):
                    await self._turn.wait()
            except TimeoutError:
                continue


async def _whole(work: Callable[[], T]) -> T:
    """Work in a thread; where this is cancelled, it ends when the work has.

    Whoever comes next writes the same file.
    """
    done = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        with suppress(OSError):
            await done
        raise


@dataclass(slots=True)
class _Shelf:
    """The folder, and which of its files were told. Blocks."""

    table: SummariesTable
    kept_in: Path
    known: dict[str, str] = field(default_factory=dict)  # stamps by name
    rests: bool = False  # something is still to rest
    _seen: dict[str, str] = field(default_factory=dict)  # stamps of what is new, by name

    def begin(self) -> None:
        """Read what was told; where nothing is known, all that is there is old."""
        try:
            found = json.loads(self.kept_in.read_text(encoding="utf-8"))
            self.known = dict(found["told"]) if found["dir"] == str(self.table.dir) else {}
            if self.known or found["dir"] == str(self.table.dir):
                return
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.known = {name: _stamp(held) for name, held in self._files()}
        self._write()

    def look(self) -> list[Summary]:
        """Return what is new, or has changed, and rests."""
        self.rests, self._seen = False, {}
        found, now, there = [], time.time(), dict[str, str]()
        for name, held in self._files():
            there[name] = stamp = _stamp(held)
            if self.known.get(name) == stamp:
                continue
            if 0 <= now - held.st_mtime < REST_S:
                self.rests = True
                continue
            with suppress(OSError):
                text = (self.table.dir / name).read_bytes()[:FILE_BYTES].decode("utf-8", "replace")
                found.append(Summary(name, verdict(text), text, held.st_mtime))
                self._seen[name] = stamp
        self.known = {name: stamp for name, stamp in self.known.items() if name in there}
        return sorted(found, key=lambda one: one.at)

    def note(self, told: Sequence[Summary]) -> None:
        """Keep what was told, and put it away where there is an archive."""
        for one in told:
            self.known[one.name] = self._seen[one.name]
        self._write()
        if (archive := self.table.archive) is None:
            return
        archive.mkdir(parents=True, exist_ok=True)
        for one in told:
            with suppress(OSError):  # somebody was quicker
                shutil.move(self.table.dir / one.name, _free(archive, one.name))
                del self.known[one.name]  # the next of that name is another

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        with os.scandir(self.table.dir) as entries:
            for entry in entries:
                with suppress(OSError):
                    held = entry.stat(follow_symlinks=False)
                    plain = stat.S_ISREG(held.st_mode) and not entry.name.startswith(".")
                    if plain and entry.name.lower().endswith(".md"):
                        yield entry.name, held

    def _write(self) -> None:
        draft = self.kept_in.with_name(f"{KNOWN}.tmp")
        told = {"dir": str(self.table.dir), "told": self.known}
        draft.write_bytes(json.dumps(told).encode("utf-8", "surrogateescape"))
        draft.replace(self.kept_in)


def _stamp(held: os.stat_result) -> str:
    return f"{held.st_mtime_ns}:{held.st_size}"


def _free(folder: Path, name: str) -> Path:
    """Return a path that is not taken."""
    made, number = folder / name, 1
    while made.exists():
        number += 1
        made = folder / f"{Path(name).stem}-{number}.md"
    return made


def _name(sent_id: str | None, text: str) -> str:
    """Return the name of a file: what a sender calls it, made harmless, and what tells it apart."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", sent_id or "summary").strip("-")[:STEM_MAX] or "summary"
    return f"{stem}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}.md"


def _keep(table: SummariesTable, made: Summary) -> bool:
    """Write a summary into the folder; False where it was there, or in the archive. Blocks."""
    folders = [table.dir, *([table.archive] if table.archive else [])]
    if any((folder / made.name).exists() for folder in folders):
        return False
    table.dir.mkdir(parents=True, exist_ok=True)
    draft = table.dir / f".{made.name}.tmp"
    draft.write_text(made.text, encoding="utf-8", errors="replace")
    draft.replace(table.dir / made.name)
    return True


def lines(text: str, most: int) -> list[str]:
    """Return the first lines of a summary that say something, as they were meant."""
    found = (repaired(line).rstrip() for line in text.splitlines())
    return [line for line in found if line.strip()][:most]
