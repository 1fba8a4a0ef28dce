"""What a summary says became of a piece of work. It is shown, and never trusted as health.

Rule 1: the first status line outside of code decides, by its words, or else by its marks.
Rule 2: without one, the marks of the whole text do.
Rule 3: a `pass` is disputed where the same text tells of a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ghostbot.core.marks import BAD, GOOD, Word, repaired, status_of, word_of

MIXED, UNKNOWN = "mixed", "unknown"
_UNTRUE = re.compile(r"\"?\bsuccess\b\"?\s*:\s*false\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What it says: pass, fail, partial, pending, mixed or unknown."""

    word: str
    is_disputed: bool = False  # a pass, in a text that tells of a failure too


def verdict(text: str) -> Verdict:
    """Read a summary in Markdown."""
    whole = "\n".join(repaired(line) for line in text.splitlines())
    said = next((s for line in _outside_code(whole) if (s := status_of(line)) is not None), None)
    word = _by_words(said) or _by_marks(whole if said is None else said)
    failed = any(mark in whole for mark in BAD) or _UNTRUE.search(whole) is not None
    return Verdict(word, word == Word.PASS and failed)


def _by_words(said: str | None) -> str | None:
    return word_of(said) if said is not None else None


def _by_marks(text: str) -> str:
    good, bad = (any(mark in text for mark in marks) for marks in (GOOD, BAD))
    if good and bad:
        return MIXED
    if good:
        return Word.PASS
    return Word.FAIL if bad else UNKNOWN


def _outside_code(text: str) -> Iterator[str]:
    fence = None
    for line in text.splitlines():
        mark = line.lstrip()[:3]
        if fence is None and mark in ("```", "~~~"):
            fence = mark
        elif mark == fence:
            fence = None
        elif fence is None:
            yield line
