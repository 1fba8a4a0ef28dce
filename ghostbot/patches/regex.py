"""Regular expressions of patches: searched in a process that can be killed, judged by the effect.

Rule 1: a pattern is never called safe or dangerous for how it looks.
Rule 2: what matches nothing, over half of a file, or more often than was said, changes nothing.
"""

from __future__ import annotations

import json

from ghostbot.core.patch import Place, Refused
from ghostbot.patches.child import asked
from ghostbot.patches.matching import TOLD

WALL_S = 2.2  # it has 2 s of processor; this ends one that waits
SHARE = 0.5  # of a file that a pattern may cover


def spans(
    pattern: str, text: str, *, count: int | None, path: str, line: int | None
) -> list[tuple[int, int]]:
    """Return where a pattern matches: exactly `count` times. Raises Refused."""

    def refused(code: str, why: str) -> Refused:
        words = f"cannot replace {pattern[:200]!r} in {path}: {why}"
        return Refused(code, words, Place(path=path, line=line))

    encoded = [one.encode("utf-8", "surrogateescape") for one in (pattern, text)]
    head = f"{len(encoded[0])} {len(encoded[1])}\n".encode()
    answer = asked("regex_child.py", head + b"".join(encoded), wall_s=WALL_S)
    try:
        found = json.loads(answer)
    except ValueError:
        raise refused("regex_timeout", "its search took over 2 s") from None
    if "wrong" in found:
        raise refused("regex_dangerous", f"it is no regular expression to use: {found['wrong']}")
    hits = [(int(start), int(stop)) for start, stop in found["spans"]]
    if not hits:
        raise refused("no_match", "it matches nothing")
    if any(start == stop for start, stop in hits):
        raise refused("regex_dangerous", "it matches where nothing is")
    if sum(stop - start for start, stop in hits) > SHARE * len(text):
        raise refused("regex_dangerous", "it covers over half of the file")
    if count is not None and len(hits) != count:
        starts = ", ".join(str(text.count("\n", 0, start) + 1) for start, _ in hits[:TOLD])
        why = f"it matches {len(hits)} times, not {count}: at lines {starts}"
        raise refused("ambiguous", why)
    return hits
