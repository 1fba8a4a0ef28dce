"""Files that daemons are made of: what changed, said once it is calm.

Rule 1: watchfiles (inotify and the like) tells what changed; nothing is polled.
Rule 2: a glob is absolute; `**` is any folders, `*` anything within a name, `?` one character.
Rule 3: what no program is made of never counts, whatever the globs say (`EXCLUDED`).
Rule 4: a folder that is not there yet, or is no longer, is watched as soon as it is there.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path

DEBOUNCE_MS = 400  # an editor's save is several changes
DELETED = 3  # watchfiles.Change
AGAIN_S = 1.0  # between looks for a folder that is not there
FOLDERS = frozenset(
    {
        *(".git", ".ghost", ".hg", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".svn", ".venv"),
        *("__pycache__", "data", "logs", "node_modules", "temp", "venv"),
    }
)
ENDINGS = (".log", ".tmp", ".bak", ".swp", ".pyc", "~")

Globs = Mapping[str, tuple[str, ...]]  # by daemon


def base(glob: str) -> Path:
    """Return the folder above everything that a glob may mean."""
    steps = []
    for step in Path(glob).parts[:-1]:
        if re.search(r"[*?\[]", step):
            break
        steps.append(step)
    return Path(*steps)


@cache
def pattern(glob: str) -> re.Pattern[str]:
    """Return a glob as a regular expression for whole paths."""
    steps = [step for step in glob.split("/")[1:] if step]
    found = ""
    for i, step in enumerate(steps):
        last = i == len(steps) - 1
        if step == "**":
            found += "(?:/[^/]+)+" if last else "(?:/[^/]+)*"
        else:
            found += "/" + _step(step)
    return re.compile(found)


def _step(step: str) -> str:
    found, at = "", 0
    while at < len(step):
        char = step[at]
        end = step.find("]", at + 2) if char == "[" else -1
        if char == "*":
            found += "[^/]*"
        elif char == "?":
            found += "[^/]"
        elif end > 0:
            inner = step[at + 1 : end].replace("\\", "\\\\")
            found += f"[{'^' + inner[1:] if inner[0] == '!' else inner}]"
            at = end
        else:
            found += re.escape(char)
        at += 1
    return found


def is_excluded(path: str, below: Path) -> bool:
    """Tell whether a path is of what never counts, as seen from the folder that is watched."""
    rest = os.path.relpath(path, below).split("/")
    return path.endswith(ENDINGS) or any(step in FOLDERS for step in rest[:-1])


def meant(path: str, globs: Globs) -> list[str]:
    """Return the daemons that a changed file is part of."""
    return [
        name
        for name, each in globs.items()
        if any(pattern(g).fullmatch(path) and not is_excluded(path, base(g)) for g in each)
    ]


async def changes(
    globs: Globs, stop: asyncio.Event, tell: Callable[[str | None], None] = lambda _: None
) -> AsyncIterator[dict[str, list[str]]]:
    """Give the changed files of each daemon, as they come, until `stop` is set.

    `tell` gets a line for people where the system cannot watch, None once it can.
    """
    from watchfiles import awatch  # noqa: PLC0415 - who watches nothing waits for nothing

    bases = {base(glob) for each in globs.values() for glob in each}
    while not stop.is_set():
        there = _outermost(folder for folder in bases if folder.is_dir())
        missing = {folder for folder in bases if not folder.is_dir()}
        until = asyncio.Event()
        watching = asyncio.create_task(_until_other(there, missing, stop, until), name="folders")
        try:
            if there:
                async for found in awatch(
                    *there,
                    watch_filter=partial(_counts, globs, there, until),
                    debounce=DEBOUNCE_MS,
                    stop_event=until,
                    ignore_permission_denied=True,
                ):
                    tell(None)
                    yield _by_daemon(sorted({path for _, path in found}), globs)
            else:
                await until.wait()
        except* (OSError, RuntimeError) as errors:  # its limits, a name that is no text
            why = errors.exceptions[0]
            why = why.exceptions[0] if isinstance(why, ExceptionGroup) else why
            tell(f"cannot watch files: {why}; daemons are not restarted when they change")
            await asyncio.sleep(AGAIN_S)
        finally:
            watching.cancel()


def _counts(
    globs: Globs, there: Iterable[Path], until: asyncio.Event, change: int, path: str
) -> bool:
    """Tell whether a change is of a daemon's; the end of a watched folder ends the watching."""
    if change == DELETED and Path(path) in there:
        until.set()
    return bool(meant(path, globs))


def _by_daemon(paths: Iterable[str], globs: Globs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        for name in meant(path, globs):
            found.setdefault(name, []).append(path)
    return found


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """Leave out what lies within another: it is watched with it."""
    found: list[Path] = []
    for folder in sorted(set(folders)):
        if not any(folder.is_relative_to(other) for other in found):
            found.append(folder)
    return found


async def _until_other(
    there: Iterable[Path], missing: Iterable[Path], stop: asyncio.Event, until: asyncio.Event
) -> None:
    """Set `until` when it is time to stop, or when a folder has come or gone."""
    known = {folder: _identity(folder) for folder in there}
    while not stop.is_set():
        try:
            async with asyncio.timeout(AGAIN_S):
                await stop.wait()
        except TimeoutError:
            if any(folder.is_dir() for folder in missing):
                break
            if any(_identity(folder) != was for folder, was in known.items()):
                break
    until.set()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
