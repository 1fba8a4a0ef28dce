"""Keeps a copy of a file that makes no sense, so that what was in it can be looked at."""

from __future__ import annotations

import shutil
from pathlib import Path

COPIES = 20  # of one file; a disk is not filled with the same mistake


def keep_aside(path: Path) -> Path | None:
    """Copy `path` to the first free `path.corrupt-<n>`; None where that cannot be done."""
    for number in range(1, COPIES + 1):
        copy = path.with_name(f"{path.name}.corrupt-{number}")
        if copy.exists():
            continue
        try:
            shutil.copy2(path, copy)
        except OSError:
            return None
        return copy
    return None
