"""A log that is not Ghost's: read by its name, over its rotations, at offsets that stay true.

Rule 1: offsets count bytes since it was first looked at. A file that was replaced or emptied goes
        on where the one before it ended; what was in that one and not yet read is gone.
"""

from __future__ import annotations

import os
from pathlib import Path

from ghostbot.process.live import Found, Key, open_live


class File:
    """One file, as a Source (process/output.py). Everything here blocks, and raises OSError."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self.path = path
        self.base = 0  # where the file begins that has this name now
        self._key: Key | None = None
        self._size = 0

    def ends(self) -> tuple[int, int]:
        """Return where the file begins, and where it ends now."""
        os.close(self._open().fd)
        return self.base, self.base + self._size

    def after(self, offset: int, size: int) -> tuple[int, bytes]:
        """Return where they begin, and up to `size` bytes from `offset` on."""
        found = self._open()
        try:
            at = min(max(offset, self.base), self.base + self._size)
            return at, os.pread(found.fd, size, at - self.base)
        finally:
            os.close(found.fd)

    def before(self, end: int, size: int) -> tuple[int, bytes]:
        """Return where they begin, and up to `size` bytes that end at `end` at the latest."""
        end = min(end, self.ends()[1])
        at = max(self.base, end - size)
        return self.after(at, end - at)

    def _open(self) -> Found:
        found = open_live(self.path, None, None, write=False)
        if found is None:
            raise FileNotFoundError(2, "no such file", str(self.path))
        if self._key is not None and (found.key != self._key or found.size < self._size):
            self.base += self._size
        self._key, self._size = found.key, found.size
        return found
