"""Where the lines of a patch stand in a file: at exactly one place, or nowhere.

Rule 1: a tier is tried over the whole range before the next one is: exact, trailing blanks,
        one shift of the indent, punctuation. Nothing is ever found by likeness.
Rule 2: two places are as bad as none, unless the patch names one of them by its line and the
        match is exact.
Rule 3: what is compared is the text of lines, never what ends them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

_DASHES = dict.fromkeys((*range(8208, 8214), 8722), "-")
_QUOTES = dict.fromkeys(range(8216, 8220), "'")
_DOUBLE = dict.fromkeys(range(8220, 8224), '"')
_BLANKS = dict.fromkeys((160, *range(8194, 8203), 8239, 8287, 12288), " ")
ASCII = _DASHES | _QUOTES | _DOUBLE | _BLANKS
BLANK = " \t"
TOLD = 10  # places that are named
SHIFTED = 1_000_000  # pairs of lines whose indents are compared for one hunk


class Tier(StrEnum):
    """How like two lines are that count as one. The names are the notes of a change."""

    EXACT = "exact"
    TRAILING = "trailing"
    INDENT = "indent"
    PUNCTUATION = "punctuation"


@dataclass(frozen=True, slots=True)
class Hit:
    """The place where old lines stand, from 0, and what was forgiven."""

    start: int
    tier: Tier
    shift: str = ""  # of the indent: what the file has more (or less) than the patch
    less: bool = False


@dataclass(frozen=True, slots=True)
class Nowhere:
    """They stand nowhere."""


@dataclass(frozen=True, slots=True)
class Several:
    """They stand at more than one place, from 0."""

    starts: tuple[int, ...]


def _plain(text: str) -> str:
    return text if text.isascii() else text.translate(ASCII)


_FORMS: dict[Tier, Callable[[str], str]] = {
    Tier.EXACT: str,
    Tier.TRAILING: lambda text: text.rstrip(BLANK),
    Tier.INDENT: lambda text: text.strip(BLANK),  # only where to look; the shift is judged
    Tier.PUNCTUATION: _plain,
}


@dataclass(slots=True)
class Lines:
    """The texts of a file's lines, and for each tier where each of them stands."""

    texts: Sequence[str]
    _places: dict[Tier, dict[str, list[int]]] = field(default_factory=dict)

    def find(
        self, old: Sequence[str], *, floor: int = 0, named: int | None = None, at_end: bool = False
    ) -> Hit | Nowhere | Several:
        """Return where `old`, which is not empty, stands at or after `floor`."""
        assert old, "no lines stand everywhere"
        if named is not None and named >= floor and self._stand(old, Tier.EXACT, named):
            ends = named + len(old) == len(self.texts)
            if ends or not at_end:  # of however many
                return Hit(named, Tier.EXACT)
        for tier in Tier:
            hits = self._hits(old, tier, floor)
            if at_end:
                hits = [hit for hit in hits if hit.start + len(old) == len(self.texts)]
            if len(hits) == 1:
                return hits[0]
            if hits:
                return Several(tuple(hit.start for hit in hits))
        return Nowhere()

    def _hits(self, old: Sequence[str], tier: Tier, floor: int) -> list[Hit]:
        form = _FORMS[tier]
        wanted = [form(text) for text in old]
        if tier is Tier.INDENT and not any(wanted):
            return []
        places = self._indexed(tier)
        rarest = min(range(len(wanted)), key=lambda n: len(places.get(wanted[n], ())))
        firsts = [at - rarest for at in places.get(wanted[rarest], ()) if at - rarest >= floor]
        if len(firsts) > 1 and len(wanted) > 1:
            starts = self._followed(wanted, tier, set(firsts))
        else:
            starts = [at for at in firsts if self._stand(wanted, tier, at)]
        if tier is not Tier.INDENT:
            return [Hit(at, tier) for at in starts]
        if len(starts) * len(old) > SHIFTED:  # equal lines without end are no place
            return []
        shifted = (self._shift(old, at) for at in starts)
        return [hit for hit in shifted if hit is not None]

    def _indexed(self, tier: Tier) -> dict[str, list[int]]:
        if tier not in self._places:
            form, places = _FORMS[tier], dict[str, list[int]]()
            for at, text in enumerate(self.texts):
                places.setdefault(form(text), []).append(at)
            self._places[tier] = places
        return self._places[tier]

    def _stand(self, wanted: Sequence[str], tier: Tier, at: int) -> bool:
        if at < 0 or at + len(wanted) > len(self.texts):
            return False
        form = _FORMS[tier]
        return all(form(self.texts[at + n]) == text for n, text in enumerate(wanted))

    def _followed(self, wanted: Sequence[str], tier: Tier, firsts: set[int]) -> list[int]:
        """Search as Knuth, Morris and Pratt do: a file of equal lines takes no longer."""
        form, back = _FORMS[tier], _fallbacks(tuple(wanted))
        found, matched = [], 0
        low = max(0, min(firsts))
        for at in range(low, min(len(self.texts), max(firsts) + len(wanted))):
            text = form(self.texts[at])
            while matched and (matched == len(wanted) or wanted[matched] != text):
                matched = back[matched - 1]
            if wanted[matched] == text:
                matched += 1
            if matched == len(wanted):
                found.append(at - matched + 1)
        return [at for at in found if at in firsts]

    def _shift(self, old: Sequence[str], at: int) -> Hit | None:
        """Return the hit, where one string of blanks makes all lines equal."""
        shifts = set()
        for text, there in zip(old, self.texts[at : at + len(old)], strict=True):
            if not text.strip(BLANK):
                continue
            if there.endswith(text):
                shifts.add((there[: len(there) - len(text)], False))
            elif text.endswith(there):
                shifts.add((text[: len(text) - len(there)], True))
            else:
                return None
        if len(shifts) != 1:
            return None
        (shift, less) = shifts.pop()
        return None if shift.strip(BLANK) else Hit(at, Tier.INDENT, shift, less)

    def near(self, old: Sequence[str]) -> tuple[int, int] | None:
        """Return the line of the file, and that of `old`, where the likest place differs first."""
        places, votes = self._indexed(Tier.INDENT), Counter[int]()
        for n, text in enumerate(old):
            bare = text.strip(BLANK)
            for at in places.get(bare, ())[:TOLD] if bare else ():
                votes[at - n] += 1
        if not votes:
            return None
        start = min(votes, key=lambda at: (-votes[at], at))
        for n, text in enumerate(old):
            if not 0 <= start + n < len(self.texts):
                continue
            if self.texts[start + n] != text:
                return start + n, n
        return (max(start, 0), 0)


@lru_cache(maxsize=16)
def _fallbacks(wanted: tuple[str, ...]) -> list[int]:
    back, matched = [0], 0
    for text in wanted[1:]:
        while matched and wanted[matched] != text:
            matched = back[matched - 1]
        matched += wanted[matched] == text
        back.append(matched)
    return back


def shifted(text: str, hit: Hit) -> str | None:
    """Return a new line with the shift of its hit; None where it cannot be taken off."""
    if not text.strip(BLANK) or not hit.shift:
        return text
    if not hit.less:
        return hit.shift + text
    return text.removeprefix(hit.shift) if text.startswith(hit.shift) else None


def straightened(new: str, old: Sequence[str], there: Sequence[str]) -> str:
    """Return a new line with the marks that the file's lines have in place of the patch's."""
    marks: dict[str, set[str]] = {}
    for text, in_file in zip(old, there, strict=True):
        for one, other in zip(text, in_file, strict=True):
            if ord(one) in ASCII:
                marks.setdefault(one, set()).add(other)
    sure = {ord(one): others.copy().pop() for one, others in marks.items() if len(others) == 1}
    return new.translate(sure)
