"""Roots that need a person: a patch was taken back there, and not all of it could be.

Rule 1: such a root takes no further patch, whoever brings it, until a person says it is mended.
Rule 2: a mark is a file, so that it holds without a Ghost and over its restarts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ghostbot.errors import Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What happened to a root, and by which patch. Its backups are kept."""

    patch: str
    root: str  # its path
    at: float  # epoch seconds
    left: tuple[str, ...]  # "path: why it is not as it was"


class Marked(Failed):
    """The root waits for a person."""

    code = "needs_attention"


def mark(state_dir: Path, found: Mark) -> None:
    """Mark a root; an earlier mark of it stays."""
    path = _path(state_dir, found.root)
    if marked(state_dir, found.root) is not None:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temp = path.with_suffix(".tmp")
    temp.write_text(json.dumps(asdict(found)))  # ASCII: paths may be no Unicode
    temp.rename(path)


def marked(state_dir: Path, root: str | Path) -> Mark | None:
    """Return the mark of a root, or None."""
    path = _path(state_dir, root)
    try:
        return _read(path)
    except FileNotFoundError:
        return None


def marks(state_dir: Path) -> Iterator[Mark]:
    """Give those of all roots."""
    for path in sorted((state_dir / "patches" / "marks").glob("*.json")):
        yield _read(path)


def clear(state_dir: Path, root: str | Path) -> Mark | None:
    """Take a root's mark away: a person says that it is mended. Return what was marked."""
    found = marked(state_dir, root)
    _path(state_dir, root).unlink(missing_ok=True)
    return found


def refuse_marked(state_dir: Path, root: str | Path, name: str) -> None:
    """Raise Marked where a root waits for a person; `name` is what to clear it by."""
    found = marked(state_dir, root)
    if found is not None:
        left = f" ({'; '.join(found.left[:3])})" if found.left else ""
        raise Marked(
            f"cannot patch {name}: {found.patch} was taken back there, and not all of it could"
            f" be{left}; mend it, then say so with `ghost patch clear {name}`"
        )


def _read(path: Path) -> Mark:
    told = path.read_text()
    try:
        found = json.loads(told)
        return Mark(**found | {"left": tuple(found["left"])})
    except (ValueError, LookupError, TypeError):
        return Mark(patch="a patch", root="?", at=path.stat().st_mtime, left=())


def _path(state_dir: Path, root: str | Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:32]
    return state_dir / "patches" / "marks" / f"{name}.json"
