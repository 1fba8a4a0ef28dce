"""Puts the hunks of a patch into a file: each at the one place where it belongs.

Rule 1: context keeps its own bytes; a new line takes the end of the line that it replaces or
        stands beside, unless the patch says with which one it ends.
Rule 2: a hunk whose new lines are there already is dropped and said, never done twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ghostbot.core.patch import Place, Refused
from ghostbot.patches.asks import Hunk
from ghostbot.patches.lines import Line, Text, closed, end_beside, readable
from ghostbot.patches.matching import (
    TOLD,
    Hit,
    Lines,
    Nowhere,
    Several,
    Tier,
    shifted,
    straightened,
)

Form = Callable[[str], str]


@dataclass(slots=True)
class _File:
    """One file while hunks are put into it; all are matched against it as it was."""

    path: str
    text: Text
    lines: Lines
    floor: int = 0
    drifted: bool = False  # a hunk stood elsewhere than it said: what others name is no proof
    notes: set[str] = field(default_factory=set)
    splices: list[tuple[int, int, list[Line]]] = field(default_factory=list)
    _forms: dict[Form, dict[str, list[int]]] = field(default_factory=dict)

    def standing(self, form: Form) -> dict[str, list[int]]:
        """Return where each line stands, in one form of it."""
        if form not in self._forms:
            places: dict[str, list[int]] = {}
            for at, text in enumerate(self.lines.texts):
                places.setdefault(form(text), []).append(at)
            self._forms[form] = places
        return self._forms[form]


def place(path: str, text: Text, hunks: Sequence[Hunk]) -> tuple[Text, tuple[str, ...]]:
    """Return the file with the hunks in it, and what was forgiven. Raises Refused."""
    file = _File(path, text, Lines([line.text for line in text.lines]))
    for hunk in hunks:
        _put(file, hunk)
    made: list[Line] = []
    done = 0
    for start, stop, new in file.splices:
        made += [*text.lines[done:start], *new]
        done = stop
    made += text.lines[done:]
    return replace(text, lines=tuple(closed(made, text.end()))), tuple(sorted(file.notes))


def _put(file: _File, hunk: Hunk) -> None:
    floor, unique = _anchored(file, hunk)
    if not hunk.old:
        at = _bare(file, hunk, floor, unique=unique)
        _splice(file, hunk, Hit(at, Tier.EXACT))
        return
    hunk, found = _found(file, hunk, floor)
    if isinstance(found, Hit):
        if _done_at(file, hunk, found):
            _already(file, found.start + len(hunk.old))
        else:
            _splice(file, hunk, found)
    elif (
        isinstance(found, Nowhere)
        and _told_apart(hunk)
        and isinstance(there := file.lines.find(hunk.new, floor=file.floor), Hit)
        and there.tier is Tier.EXACT
    ):
        _already(file, there.start + len(hunk.new))
    else:
        raise _unplaced(file, hunk, found)


def _anchored(file: _File, hunk: Hunk) -> tuple[int, bool]:
    """Return the line after the last anchor, from 0, and whether each stands but once."""
    floor, unique = file.floor, True
    for anchor in hunk.anchors:
        for form in (str, str.rstrip, str.strip):
            hits = file.standing(form).get(form(anchor), ())
            first = bisect_left(hits, floor)
            if first < len(hits):
                floor, unique = hits[first] + 1, unique and first == len(hits) - 1
                break
        else:
            why = f"no line after line {floor} is {anchor!r}"
            raise _refused("no_match", file, hunk, f"its anchor stands nowhere: {why}")
    return floor, unique


def _bare(file: _File, hunk: Hunk, floor: int, *, unique: bool) -> int:
    """Return where lines go that replace nothing and stand beside nothing."""
    if hunk.anchors:
        if not unique:
            raise _refused("ambiguous", file, hunk, "its anchor stands at several places")
        return floor
    if hunk.named is None:
        if hunk.recounted:
            raise _refused("no_match", file, hunk, "it has no old lines, and a wrong header")
        return len(file.lines.texts)
    if not file.floor <= hunk.named <= len(file.lines.texts):
        size = len(file.lines.texts)
        raise _refused("no_match", file, hunk, f"the file has {size} lines, and it names others")
    if file.lines.texts:
        file.notes.add("unanchored")
    return hunk.named


def _found(file: _File, hunk: Hunk, floor: int) -> tuple[Hunk, Hit | Nowhere | Several]:
    """Search it, and once more without the blank line that a sender put after it."""
    named = None if file.drifted else hunk.named
    found = _search(file, hunk, floor, named)
    last = hunk.said[-1]
    if isinstance(found, Nowhere) and (last.kind, last.text) == (" ", "") and len(hunk.old) > 1:
        shorter = replace(hunk, said=hunk.said[:-1])
        again = _search(file, shorter, floor, named)
        if isinstance(again, Hit):
            file.notes.add("trailing")
            return shorter, again
    return hunk, found


def _search(file: _File, hunk: Hunk, floor: int, named: int | None) -> Hit | Nowhere | Several:
    found = file.lines.find(hunk.old, floor=floor, named=named, at_end=hunk.at_end)
    if hunk.anchors and isinstance(found, Several) and floor in found.starts:
        above = file.lines.texts[floor - 1]  # the anchor right above it is a line of context
        joined = file.lines.find([above, *hunk.old], floor=file.floor, at_end=hunk.at_end)
        if isinstance(joined, Hit) and joined.tier is Tier.EXACT:
            return Hit(floor, Tier.EXACT)
    if hunk.anchors and isinstance(found, Nowhere):  # the anchor may be its first line, too
        return file.lines.find(hunk.old, floor=floor - 1, at_end=hunk.at_end)
    return found


def _told_apart(hunk: Hunk) -> bool:
    """Tell whether its new lines prove, where they stand, that it was done."""
    added = any(said.kind == "+" and said.text.strip() for said in hunk.said)
    return added or (hunk.said[0].kind == " " == hunk.said[-1].kind)


def _done_at(file: _File, hunk: Hunk, hit: Hit) -> bool:
    """Tell whether lines that only add, at an end of what is known, stand there already."""
    if any(said.kind == "-" for said in hunk.said) or hit.tier is not Tier.EXACT:
        return False
    new, texts = hunk.new, file.lines.texts
    if hunk.said[-1].kind == "+" and hunk.said[0].kind == " ":
        return list(texts[hit.start : hit.start + len(new)]) == new
    if hunk.said[0].kind == "+" and hunk.said[-1].kind == " ":
        stop = hit.start + len(hunk.old)
        return stop >= len(new) and list(texts[stop - len(new) : stop]) == new
    return False


def _already(file: _File, floor: int) -> None:
    file.notes.add("already")
    file.floor = max(file.floor, floor)


def _splice(file: _File, hunk: Hunk, hit: Hit) -> None:
    stop = hit.start + len(hunk.old)
    there = file.text.lines[hit.start : stop]
    _vet(file, hunk, there)
    made, old = list[Line](), 0
    for n, said in enumerate(hunk.said):
        if said.kind == " ":
            made.append(there[old])
        elif said.kind == "+":
            made.append(_line(file, hunk, hit, n, hit.start + old))
        old += said.kind != "+"
    file.splices.append((hit.start, stop, made))
    file.floor = stop
    if hit.tier is not Tier.EXACT:
        file.notes.add(hit.tier.value)
    if hunk.named is not None and hit.start != hunk.named:
        file.notes.add("offset")
        file.drifted = True
    if hunk.recounted:
        file.notes.add("recounted")
    if hit.tier is Tier.EXACT and not hunk.old and not file.text.lines:
        file.notes.discard("unanchored")


def _vet(file: _File, hunk: Hunk, there: Sequence[Line]) -> None:
    texts = [*(line.text for line in there), *(s.text for s in hunk.said)]
    if not all(readable(text) for text in texts):
        why = "it touches bytes that are no UTF-8"
        raise _refused("encoding", file, hunk, why)
    if hunk.old_open and (not there or there[-1].end):
        why = "it says that the file ends without a newline, and it has one"
        raise _refused("no_match", file, hunk, why)


def _line(file: _File, hunk: Hunk, hit: Hit, n: int, at: int) -> Line:
    """Return a new line as the file would have written it."""
    said = hunk.said[n]
    text = shifted(said.text, hit)
    if text is None:
        why = f"{said.text!r} has too little indent to be moved with the lines around it"
        raise _refused("no_match", file, hunk, why)
    if hit.tier is Tier.PUNCTUATION:
        stop = hit.start + len(hunk.old)
        text = straightened(text, hunk.old, file.lines.texts[hit.start : stop])
    if said.end is not None:
        return Line(text, said.end)
    return Line(text, end_beside(file.text.lines, at, file.text.end()))


def _unplaced(file: _File, hunk: Hunk, found: Nowhere | Several | Hit) -> Refused:
    if isinstance(found, Several):
        where = ", ".join(str(at + 1) for at in found.starts[:TOLD])
        more = f" and {len(found.starts) - TOLD} more" if len(found.starts) > TOLD else ""
        why = f"its lines stand at lines {where}{more}; add lines around them until one is left"
        return _refused("ambiguous", file, hunk, why)
    return _refused(
        "no_match", file, hunk, "its old lines stand nowhere" + hint(file.lines, hunk.old)
    )


def hint(lines: Lines, old: Sequence[str]) -> str:
    """Say which lines come nearest, as the end of a sentence."""
    near = lines.near(old)
    if near is None:
        return "; not one of them is in the file"
    at, n = near
    there = lines.texts[at] if at < len(lines.texts) else ""
    return f"; nearest is line {at + 1}: {there[:200]!r}, where the patch has {old[n][:200]!r}"


def _refused(code: str, file: _File, hunk: Hunk, why: str) -> Refused:
    return Refused(
        code, f"cannot place a hunk in {file.path}: {why}", Place(path=file.path, line=hunk.line)
    )
