"""Writing `.env`: some variables set, all else left as it stands.

Rule 1: the file is whole or as it was: it is written beside, and put in its place at once.
Rule 2: nobody but its owner may read it, from the first byte on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ghostbot.errors import Failed

MODE = 0o600

_SETS = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")


def put(path: Path, words: Mapping[str, str]) -> None:
    """Set variables in the file at `path`, which is made where there is none. Raises Failed.

    A link stays one. The words must need no quotes.
    """
    target = Path(os.path.realpath(path))
    try:
        old = target.read_text(encoding="utf-8") if target.exists() else ""
        _replace(target, _with(old, words))
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise Failed(f"cannot write {path}: {why}") from error


def _with(old: str, words: Mapping[str, str]) -> str:
    """Return the text with these set: where they stood first, or at the end."""
    left, lines = dict(words), []
    for line in old.splitlines():
        found = _SETS.match(line)
        if found is None or found[1] not in words:
            lines.append(line)
        elif found[1] in left:
            lines.append(f"{found[1]}={left.pop(found[1])}")
    lines += [f"{name}={word}" for name, word in left.items()]
    return "".join(f"{line}\n" for line in lines)


def _replace(target: Path, text: str) -> None:
    beside = target.with_name(f"{target.name}.{os.getpid()}.new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            with suppress(OSError):  # root writes for another: it stays his
                known = target.stat()
                os.fchown(file.fileno(), known.st_uid, known.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
