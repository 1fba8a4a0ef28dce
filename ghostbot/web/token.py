"""web.token: the one secret of the private door, made once, and read by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

NAME = "web.token"
BYTES = 32  # 256 bits: nobody guesses it, so no door need count the guesses
MODE = 0o600


def token(state_dir: Path) -> str:
    """Return the token in `state_dir`, made where there is none. Raises OSError."""
    path = state_dir / NAME
    found = _read(path)
    if found is None:
        found = secrets.token_urlsafe(BYTES)
        _write(path, found)
    return found


def _read(path: Path) -> str | None:
    try:
        held = path.read_bytes().decode("ascii", "replace").strip()
        if len(held) < BYTES:  # cut short by a crash, or emptied by hand
            return None
        if path.stat().st_mode & 0o077:
            path.chmod(MODE)
    except FileNotFoundError:
        return None
    return held


def _write(path: Path, made: str) -> None:
    """Write it whole or not at all, never readable by others meanwhile."""
    draft = path.with_name(f"{NAME}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
    with os.fdopen(fd, "w") as file:
        file.write(f"{made}\n")
        file.flush()
        os.fsync(fd)
    draft.replace(path)


def same(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), expected.encode())
