"""Globs of paths, as the owner of a root writes them.

Rule 1: a glob is of a path as seen from the root. `*` and `?` stay in one folder, `**` does not.
Rule 2: what names a folder covers all that lies in it.
Rule 3: who forbids, forbids widely: there a glob without a slash is of a name at any depth, and
        case does not matter. Who allows, allows what is written, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_PARTS = re.compile(
    r"(?P<folders>\*\*/)|(?P<all>\*\*)|(?P<some>\*)|(?P<one>\?)|(?P<set>\[!?[^]/]+\])"
)
_MEANS = {"folders": "(?:[^/]+/)*", "all": ".*", "some": "[^/]*", "one": "[^/]"}


def covering(path: str, globs: Iterable[str], *, wide: bool = False) -> str | None:
    """Return the first glob that covers a path, or None; `wide` is for those that forbid."""
    return next((glob for glob in globs if _pattern(glob, wide).fullmatch(path)), None)


@lru_cache(maxsize=512)
def _pattern(glob: str, wide: bool) -> re.Pattern[str]:  # noqa: FBT001  a cache takes no keywords
    words = glob.removeprefix("./").removeprefix("/")
    if wide and "/" not in words.rstrip("/"):
        words = f"**/{words}"
    made, done = "", 0
    words = words.rstrip("/")
    for found in _PARTS.finditer(words):
        made += re.escape(words[done : found.start()]) + _meaning(found)
        done = found.end()
    made += re.escape(words[done:])
    return re.compile(f"{made}(?:/.*)?", re.DOTALL | (re.IGNORECASE if wide else 0))


def _meaning(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind != "set":
        return _MEANS[kind]
    inside = found[0][1:-1]
    negated = inside.startswith("!")
    signs = inside.removeprefix("!").replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[")
    return f"(?!/)[{'^' if negated else ''}{signs}]"
