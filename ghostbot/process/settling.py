"""Settling a cut that was begun by a Ghost that died in it, and a log whose mark is lost.

Rule 1: the copy of the head lies in NAME.log.BASE.tmp until the head is gone, and is an archive
        then. So a copy is dropped where the head is still there, and named where it is not.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from ghostbot.process import archives, marks
from ghostbot.process.live import Found
from ghostbot.process.marks import Mark

log = logging.getLogger("ghost.logs")


def copy_of(path: Path, base: int) -> Path:
    """Return where the head is copied to while a log that stands at `base` is cut."""
    return path.with_name(f"{path.name}.{base}.tmp")


def name_copy(path: Path, base: int, start: int) -> None:
    """Make the copy an archive. Raises OSError."""
    copy_of(path, base).rename(path.with_name(f"{path.name}.{start}"))


def settle(path: Path, mark: Mark, found: Found | None) -> Mark:
    """Finish the cut that the mark speaks of, or take it back. Raises OSError."""
    cut = mark.cut
    assert cut is not None, "the caller looked"
    if found is not None and mark.inode in (None, found.key[1]):
        made = marks.was_made(found.fd, cut)
    else:
        made = True  # the file is gone: the copy is all there is
    log.info("cut settled log=%s made=%s", path, made)
    if not made:
        return replace(mark, cut=None)
    end, starts = mark.base + cut.size, mark.archives
    if cut.archive is not None:
        if copy_of(path, mark.base).exists():
            name_copy(path, mark.base, cut.archive)
        archive = archives.find(path, cut.archive)
        if archive is not None:
            end, starts = max(end, archive.end), (*starts, cut.archive)
    return replace(mark, base=end, archives=starts, cut=None)


def guess(path: Path, found: Found | None, last: int) -> Mark:
    """Return what archives and index tell of a log whose mark is lost. Raises OSError.

    `last` is how long the log is known to have been.
    """
    chain = archives.guess(path)
    base = chain[-1].end if chain else 0
    copy = copy_of(path, base)
    if copy.exists() and not (found and marks.begins_with(found.fd, copy)):
        name_copy(path, base, base)
        chain += [a for a in [archives.find(path, base)] if a]
        base = chain[-1].end
    base = max(base, last - found.size if found else last)
    log.warning("mark lost log=%s base=%d archives=%d", path, base, len(chain))
    return Mark(base, found.key[1] if found else None, tuple(a.start for a in chain))
