"""What a plan would do that nobody should: put secrets into files, or leave out what stays.

Rule 1: only lines that are new are judged. What stood there before is not this patch's doing.
Rule 2: a secret is named by its kind and its place, and shown to nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ghostbot.core.patch import Change, Place, Refused
from ghostbot.patches import secrets

# They turn the letters around them, so that what is read is not what runs (Unicode UAX #9).
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_PARTS = r"(?:code|file|function|class|method|implementation|module|imports?|content)"
_ELIDED = re.compile(
    rf"\s*+(?://|#|/\*+|<!--|--|;|\*|\{{/\*)?\s*+(?:\.\.\.|…)\s*+(?:the |your |keep )*"
    rf"(?:existing {_PARTS}|rest of (?:the |your )?{_PARTS}|(?:remaining|previous|unchanged|same) "
    rf"{_PARTS})\b",
    re.IGNORECASE,
)


def vet(change: Change) -> None:
    """Look at the lines that a change adds. Raises Refused: secret, encoding, elided."""
    for line, text in _added(change):
        if (kind := secrets.found(text)) is not None:
            why = f"line {line} would hold a secret ({kind}); keep it out of files"
            raise _refused("secret", change, why, line)
        if turn := _TURNS.search(text):
            why = f"line {line} would hold U+{ord(turn[0]):04X}, which turns letters around"
            raise _refused("encoding", change, why, line)
        if _ELIDED.match(text):
            why = f"line {line} stands for lines that were left out; send them"
            raise _refused("elided", change, why, line)


def _added(change: Change) -> Iterator[tuple[int, str]]:
    """Give the lines that are new, with their numbers in the new file."""
    if change.new is None:
        return
    before = Counter(_lines(change.base or b""))
    for number, text in enumerate(_lines(change.new), start=1):
        if before[text] > 0:
            before[text] -= 1
        else:
            yield number, text


def _lines(data: bytes) -> list[str]:
    return re.split("\r\n|\n|\r", data.decode("utf-8", "replace"))


def _refused(code: str, change: Change, why: str, line: int) -> Refused:
    return Refused(code, f"cannot patch {change.path}: {why}", Place(path=change.path, line=line))
