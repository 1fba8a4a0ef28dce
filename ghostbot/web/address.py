"""The address of ghost.sock, however deep its folder lies.

unix(7) ends socket paths at 107 bytes, and macOS at 103. A deeper folder is reached through its
own descriptor on Linux, and elsewhere through a short private folder that points to it.
It imports little, as the command line waits for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET = "ghost.sock"
LINUX = sys.platform.startswith("linux")
LIMIT_BYTES = 107 if LINUX else 103  # sun_path without its final NUL


@contextmanager
def address(state_dir: Path) -> Iterator[str]:
    """Give a path by which the socket in `state_dir` can be bound or connected to, for a while."""
    plain = str(state_dir / SOCKET)
    if len(os.fsencode(plain)) <= LIMIT_BYTES:
        yield plain
    elif LINUX:
        folder = os.open(state_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{folder}/{SOCKET}"
        finally:
            os.close(folder)
    else:
        with _short(state_dir) as pointer:
            yield f"{pointer}/{SOCKET}"


@contextmanager
def _short(state_dir: Path) -> Iterator[str]:
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - rarely needed, and slow to import

    with TemporaryDirectory(prefix="ghost-", dir="/tmp") as folder:
        pointer = f"{folder}/s"
        Path(pointer).symlink_to(state_dir.absolute(), target_is_directory=True)
        yield pointer
