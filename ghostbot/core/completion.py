"""What somebody probably means by the letters typed so far: known names, the best first.

Rule 1: what was typed exactly comes first, then what begins with it, then what has a part that
        does, then what holds it, then what holds its letters in order, then what is spelled alike.
Rule 2: among equals the order of the known names stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

TYPED_MAX = 100  # a longer word is no name
_PARTS = re.compile(r"[-_.:]")


def complete(typed: str, known: Sequence[str], most: int) -> list[str]:
    """Return the known names that `typed` may mean, at most so many; nothing typed means all."""
    word = typed.strip().lower()[:TYPED_MAX]
    if not word:
        return list(known[:most])
    ranked = [(rank, name) for name in known if (rank := _rank(word, name.lower())) is not None]
    found = [name for _, name in sorted(ranked, key=lambda pair: pair[0])]
    if not found:
        lower = {name.lower(): name for name in known}
        found = [lower[one] for one in get_close_matches(word, lower, n=most, cutoff=0.5)]
    return found[:most]


def _rank(word: str, name: str) -> int | None:
    """Return how well a name fits, 0 best; None: not at all."""
    if name == word:
        return 0
    if name.startswith(word):
        return 1
    if any(part.startswith(word) for part in _PARTS.split(name)):
        return 2
    if word in name:
        return 3
    letters = iter(name)
    return 4 if all(letter in letters for letter in word) else None
