"""One log as one long tape: its archives and its live file, read and cut at offsets that stay true.

Rule 1: offsets count bytes since the log began. A file that was emptied or replaced by somebody
        else goes on where the one before it ended.
Rule 2: a cut loses nothing where the filesystem can collapse: the head is copied and synced, the
        mark written (`marks.py`), the head collapsed, the copy named as an archive, the mark
        written again. Killed in between, the next look finishes it or takes it back.
Rule 3: elsewhere the file is copied and emptied. What comes between the last look and the
        emptying is lost: it is guessed (`cutting.empty`), rounded up, and counted.
Rule 4: where a log grows faster than it can be copied, what would be the oldest archives goes
        uncopied, and is counted. The disk never holds more than was allowed, and what came since
        the last look.
Rule 5: reads and the moment of a cut exclude each other by a lock of threads, held for one block
        or one collapse: a mailbox would make every reader wait for the copying.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ghostbot.process import archives, cutting, fallocate, marks, settling
from ghostbot.process.archives import Archive
from ghostbot.process.cutting import Counts, Limits
from ghostbot.process.live import Found, Key, open_live
from ghostbot.process.marks import Mark
from ghostbot.process.timeline import Timeline

BLINK_S = 0.01  # in less a writer's rate cannot be told

log = logging.getLogger("ghost.logs")


class Tape:
    """One log. Everything here blocks."""

    def __init__(self, path: Path, limits: Limits) -> None:
        """Read nothing yet."""
        self.path = path
        self.limits = limits
        self.counts = Counts()
        self.writer: Path | None = None  # the daemon's descriptor, in proc(5)
        self.strayed = False  # the daemon writes to what is no longer named so
        self.rate = 0.0  # bytes a second, at the last look
        self.archives: list[Archive] = []  # the oldest first
        self.timeline = Timeline(path.with_name(f"{path.name}.times"))
        self._mark_path = path.with_name(f"{path.name}.at")
        self._lock = threading.RLock()
        self._mark: Mark | None = None  # None: not read yet
        self._key: Key | None = None
        self._size = 0  # of the live file, at the last look
        self._looked_at: float | None = None
        self._end_then = 0
        self._collapses = True  # until the filesystem says no
        self._is_cutting = False  # then nobody else writes the mark

    # Reading.

    @property
    def base(self) -> int:
        """Return where the live file begins."""
        return self._mark.base if self._mark else 0

    @property
    def size(self) -> int:
        """Return how long the live file was at the last look."""
        return self._size

    @property
    def disk_bytes(self) -> int:
        """Return what the log took on the disk at the last look."""
        return self._size + sum(archive.disk_bytes for archive in self.archives)

    def ends(self) -> tuple[int, int]:
        """Return the oldest offset that can be read, and where the log ends now."""
        with self._lock:
            found = self._open()
            if found is not None:
                os.close(found.fd)
            oldest = self.archives[0].start if self.archives else self.base
            return oldest, self.base + self._size

    @property
    def is_there(self) -> bool:
        """Tell whether anything was ever written."""
        return self._key is not None or bool(self.archives)

    def after(self, offset: int, size: int) -> tuple[int, bytes]:
        """Return where they begin, and up to `size` bytes from `offset` on.

        They begin later where the older ones are gone, and at the end of a log that is shorter.
        """
        with self._lock:
            found = self._open()
            try:
                for archive in self.archives:
                    if offset < archive.end:
                        at = max(offset, archive.start)
                        if held := self._all(archive, at, min(size, archive.end - at)):
                            return at, held
                at = min(max(offset, self.base), self.base + self._size)
                held = os.pread(found.fd, size, at - self.base) if found else b""
                return at, held
            finally:
                if found is not None:
                    os.close(found.fd)

    def before(self, end: int, size: int) -> tuple[int, bytes]:
        """Return where they begin, and up to `size` bytes that end at `end` at the latest."""
        with self._lock:
            found = self._open()
            try:
                if end > self.base and found is not None:
                    at = max(self.base, end - size)
                    return at, os.pread(found.fd, end - at, at - self.base)
                for archive in reversed(self.archives):
                    if archive.start < end:
                        last = min(end, archive.end)
                        at = max(archive.start, last - size)
                        if held := self._all(archive, at, last - at):
                            return at, held
                return end, b""
            finally:
                if found is not None:
                    os.close(found.fd)

    def _all(self, archive: Archive, offset: int, size: int) -> bytes:
        """Read until there is as much; a packed archive gives one member at a time."""
        parts: list[bytes] = []
        for _ in range(2):
            with suppress(FileNotFoundError):
                while size > 0 and (held := archive.read(offset, size)):
                    parts.append(held)
                    offset, size = offset + len(held), size - len(held)
                break
            archive = archives.find(self.path, archive.start) or archive  # just packed, or gone
        return b"".join(parts)

    # Looking.

    def look(self) -> None:
        """See how long the log is, and note when that was. Raises OSError."""
        with self._lock:
            first = self._looked_at is None
            found = self._open()
            if found is None:
                if self.path.is_dir():
                    raise IsADirectoryError(0, "it is a directory")
                return
            end = self.base + self._size
            # After the size was read: what is before `end` was written by then at the latest.
            now, wall = time.monotonic(), time.time()
            try:
                if first:  # what was written while nobody looked was written by then
                    wall = min(wall, os.fstat(found.fd).st_mtime)
            finally:
                os.close(found.fd)
        if self._looked_at is None:
            self._looked_at, self._end_then = now, end
        elif now - self._looked_at > BLINK_S:
            self.rate = max(0, end - self._end_then) / (now - self._looked_at)
            self._looked_at, self._end_then = now, end
        if self.strayed:  # perhaps with its folder, and without one nothing can be kept short
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
        oldest = self.archives[0].start if self.archives else self.base
        self.timeline.note(end, wall, oldest)

    def _open(self, *, write: bool = False) -> Found | None:
        """Open the live file and see whether it is still the same; the caller closes it."""
        self._begin()
        found = open_live(self.path, self._key, self.writer, write=write)
        if found is None:
            self.strayed = False
            return None
        if self._key is not None and (found.key != self._key or found.size < self._size):
            if self._is_cutting:  # whoever looks once the cut was made begins anew
                os.close(found.fd)
                return None
            self._begin_anew(found)
        self._key, self._size, self.strayed = found.key, found.size, found.strayed
        return found

    def _begin_anew(self, found: Found) -> None:
        """Go on behind what was: somebody emptied the file, or there is a new one."""
        base = max(self.base + self._size, self.timeline.last_offset)
        log.info("begun anew log=%s base=%d", self.path, base)
        self._save(replace(self._known(), base=base, inode=found.key[1]))
        self._size = found.size

    # What an earlier Ghost left.

    def _begin(self) -> None:
        """Read the mark, and settle a cut that was begun."""
        if self._mark is not None:
            return
        found = open_live(self.path, None, self.writer, write=False)
        try:
            mark = marks.read(self._mark_path)
            if mark is None and (self.timeline.last_offset or self._mark_path.exists()):
                mark = settling.guess(self.path, found, self.timeline.last_offset)
                marks.write(self._mark_path, mark)
            mark = mark or Mark()  # nobody looked after it yet: what lies beside it is not ours
            if mark.cut is not None:
                mark = settling.settle(self.path, mark, found)
                marks.write(self._mark_path, mark)
            settling.copy_of(self.path, mark.base).unlink(missing_ok=True)  # a cut not begun
            self.archives = [a for a in (archives.find(self.path, s) for s in mark.archives) if a]
            self._mark = mark
            if found is not None:
                self._catch_up(found)
        except OSError:
            self._mark = None  # the next look tries again
            raise
        finally:
            if found is not None:
                os.close(found.fd)

    def _catch_up(self, found: Found) -> None:
        """See what somebody did to the file while nobody looked."""
        mark = self._known()
        last = self.timeline.last_offset
        is_other = mark.inode is not None and mark.inode != found.key[1]
        if is_other or mark.base + found.size < last:
            base = max(mark.base, last, self.archives[-1].end if self.archives else 0)
            self._save(replace(mark, base=base, inode=found.key[1]))

    # Cutting.

    @property
    def is_long(self) -> bool:
        """Tell whether the live file is longer than it may be."""
        return self._size > self.limits.max_bytes

    def cut(self) -> bool:
        """Take one step towards what is allowed; tell whether there was one to take.

        Raises OSError where it cannot be done; nothing is lost then.
        """
        with self._lock:
            self._drop_to(self.limits.keep)
            found = self._open(write=True) if self.is_long else None
            self._is_cutting = found is not None
        if found is None:
            return False
        try:
            step = self._step(found.fd)
            if not 0 < step < self._size:
                return False
            pieces = (self._size - 1) // step  # archives that it would make
            with self._lock:
                self._drop_to(max(0, self.limits.keep - pieces))
            if not self._collapses:
                self._empty(found.fd)
            elif pieces > self.limits.keep:
                self._collapse(found.fd, step * (pieces - self.limits.keep), None)
            else:
                self._archive(found.fd, step)
        finally:
            self._is_cutting = False
            os.close(found.fd)
        return True

    def shrink(self) -> bool:
        """Drop the older half of the live file, uncopied; tell whether that was possible."""
        with self._lock:
            found = self._open(write=True)
            self._is_cutting = found is not None
        if found is None:
            return False
        try:
            block = fallocate.block_size(found.fd)
            half = self._size // 2 // block * block
            return half > 0 and self._collapses and self._collapse(found.fd, half, None)
        finally:
            self._is_cutting = False
            os.close(found.fd)

    def drop_oldest(self) -> int:
        """Remove the oldest archive, and return what that gives back."""
        with self._lock:
            if not self.archives:
                return 0
            oldest = self.archives.pop(0)
            oldest.remove()
            self.counts.dropped_archives += 1
            return oldest.disk_bytes

    def find_packed(self, start: int) -> None:
        """See that an archive was packed meanwhile."""
        with self._lock:
            for index, archive in enumerate(self.archives):
                if archive.start == start:
                    self.archives[index] = archives.find(self.path, start) or archive

    def _step(self, fd: int) -> int:
        """Return how much one archive takes: whole blocks, and less than the file has."""
        block = fallocate.block_size(fd)
        whole = max(block, self.limits.max_bytes // block * block)
        return min(whole, (self._size - 1) // block * block)

    def _archive(self, fd: int, size: int) -> None:
        """Move the head of the live file into an archive."""
        copy = self._copy()
        try:
            cutting.copy(fd, copy, 0, size)
        except OSError as error:
            copy.unlink(missing_ok=True)
            if not cutting.is_full(error):
                raise
            # The disk is full, and may be so because of this log: the oldest goes.
            if not self.drop_oldest():
                self._collapse(fd, size, None)
            return
        if not self._collapse(fd, size, self.base):
            copy.unlink(missing_ok=True)

    def _collapse(self, fd: int, size: int, archive: int | None) -> bool:
        """Take the head away; an archive from `archive` on has its copy, or nothing has."""
        mark, drops = replace(self._known(), inode=os.fstat(fd).st_ino), archive is None
        if not drops:
            cutting.flush(fd)  # else the collapse does so while the daemon waits
        try:
            begun = replace(mark, cut=marks.cut_of(fd, size, archive))
            marks.write(self._mark_path, begun, sync=not drops)
        except OSError as error:
            if not drops or not cutting.is_full(error):
                raise  # for dropping, a full disk is no hindrance but the reason
        with self._lock:
            if drops:
                fallocate.punch(fd, size)  # else it is written to the disk only to go
            made = fallocate.collapse(fd, size)
            if made:
                self._cut_made(mark, size, archive)
        if made and drops:
            self.counts.dropped_bytes += size
        # One that somebody emptied meanwhile is too short; any other cannot be collapsed.
        self._collapses = made or os.fstat(fd).st_size <= size
        self._save(self._known())
        return made

    def _empty(self, fd: int) -> None:
        """Copy the file, or its end where it is very long, and empty it."""
        mark, keeps, asked_at = self._known(), self.limits.keep > 0, time.monotonic()
        was = self._size
        most = self.limits.max_bytes * max(1, self.limits.keep)
        skip = max(0, self._size - most) if keeps else self._size
        start = mark.base + skip
        copy = self._copy()
        try:
            copied = skip + (cutting.copy(fd, copy, skip, None) if keeps else 0)
        except OSError as error:
            copy.unlink(missing_ok=True)
            if not cutting.is_full(error) or not self.drop_oldest():
                raise
            return
        archive = start if keeps else None
        mark = replace(mark, inode=os.fstat(fd).st_ino)
        marks.write(self._mark_path, replace(mark, cut=marks.cut_of(fd, copied, archive)))
        with self._lock:
            grown = os.fstat(fd).st_size - was
            rate = max(self.rate, grown / max(time.monotonic() - asked_at, BLINK_S))
            size, lost = cutting.empty(fd, copy if keeps else None, copied, rate)
            self._cut_made(mark, size, archive)
        self.counts.dropped_bytes += skip
        self.counts.lost_bytes += lost if keeps else 0
        self._save(self._known())

    def _cut_made(self, mark: Mark, size: int, archive: int | None) -> None:
        """Know that the head is gone, and name the copy of it. Under the lock."""
        starts = tuple(a.start for a in self.archives)
        if archive is not None:
            settling.name_copy(self.path, mark.base, archive)
            found = archives.find(self.path, archive)
            assert found is not None, "it was renamed just now"
            self.archives.append(found)
            starts = (*starts, archive)
        self._mark = Mark(mark.base + size, mark.inode, starts)
        self._size = max(0, self._size - size)
        self.counts.cuts += 1

    def _drop_to(self, count: int) -> None:
        while len(self.archives) > count:
            self.drop_oldest()

    def _copy(self) -> Path:
        return settling.copy_of(self.path, self.base)

    def _known(self) -> Mark:
        assert self._mark is not None, "it is read before anything is cut"
        return self._mark

    def _save(self, mark: Mark) -> None:
        self._mark = mark
        marks.write(self._mark_path, mark)
