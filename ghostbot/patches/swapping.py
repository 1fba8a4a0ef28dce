"""Replaces strings in a file: as often as was said, or not at all.

Rule 1: line ends are compared as one, and new lines end as those that they stand in.
Rule 2: a string of whole lines may be found by its lines as a hunk is; part of a line may not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate

from ghostbot.core.patch import Place, Refused
from ghostbot.patches import regex
from ghostbot.patches.asks import Insert, Swap
from ghostbot.patches.files import FILE_BYTES
from ghostbot.patches.formats.aider import hunk
from ghostbot.patches.lines import Text, closed, readable, split
from ghostbot.patches.matching import TOLD, Lines
from ghostbot.patches.placing import hint, place

_REGEX = re.compile(r"\.[*+]|\\[.()\[\]sdwSDWbB]|\[\^|\(\?|\.\*\?")
_ENDS = re.compile("\r\n|\r")


def swap(ask: Swap, path: str, text: Text) -> tuple[Text, tuple[str, ...]]:
    """Return the file with the strings replaced, and what was forgiven. Raises Refused."""
    old, new = _ENDS.sub("\n", ask.old), _ENDS.sub("\n", ask.new)
    whole = "".join([line.text + ("\n" if line.end else "") for line in text.lines])
    if ask.regex:
        hits = regex.spans(ask.old, whole, count=ask.count, path=path, line=ask.line)
    else:
        hits = _literal(whole, old, overlapping=ask.count == 1)
        if not hits:
            return _by_lines(ask, path, text, old, new)
        if ask.count is not None and len(hits) != ask.count:
            raise _ambiguous(ask, path, whole, hits)
    if not all(readable(part) for part in (new, *(whole[a:b] for a, b in hits))):
        raise _refused("encoding", ask, path, "it touches bytes that are no UTF-8")
    if len(whole) + len(hits) * len(new) - sum(b - a for a, b in hits) > FILE_BYTES:
        raise _refused("too_large", ask, path, f"it would be over {FILE_BYTES // 1024**2} MiB")
    made = _spliced(text, hits, new, after=ask.after)
    if ask.regex and not made.encoded():
        raise _refused("regex_dangerous", ask, path, "it leaves the file empty")
    many = () if ask.count == 1 else (f"matches:{len(hits)}",)
    return made, (*many, "regex") if ask.regex else many


def _literal(whole: str, old: str, *, overlapping: bool) -> list[tuple[int, int]]:
    hits: list[tuple[int, int]] = []
    at = whole.find(old)
    while at >= 0:
        hits.append((at, at + len(old)))
        at = whole.find(old, at + (1 if overlapping else len(old)))
        if overlapping and len(hits) > 100 * TOLD:
            break
    return hits


def _spliced(text: Text, hits: list[tuple[int, int]], new: str, *, after: bool) -> Text:
    """Put `new` in place of each hit, or after the line that it ends in."""
    plain = list(accumulate((len(t) + (1 if e else 0) for t, e in text.lines), initial=0))
    exact = list(accumulate((len(t) + len(e) for t, e in text.lines), initial=0))
    source = "".join([part for line in text.lines for part in line])
    made: list[str] = []
    done = 0
    for start, stop in hits:
        row = bisect_right(plain, start) - 1
        end = text.lines[row].end or text.end()
        put = new
        if after:
            last = bisect_right(plain, stop - 1) - 1
            start = stop = plain[last + 1]  # noqa: PLW2901 - the place moves behind its line
            put = f"{new.removesuffix(chr(10))}\n"
            put = put if text.lines[last].end else f"\n{put}"
        begin, finish = _exact(plain, exact, start), _exact(plain, exact, stop)
        made += [source[done:begin], put.replace("\n", end)]
        done = finish
    made.append(source[done:])
    return replace(text, lines=tuple(split("".join(made))))


def _exact(plain: list[int], exact: list[int], at: int) -> int:
    """Return where a place of the plain text is in the one with its own line ends."""
    row = min(bisect_right(plain, at) - 1, len(plain) - 1)
    return exact[row] + at - plain[row]


def _by_lines(ask: Swap, path: str, text: Text, old: str, new: str) -> tuple[Text, tuple[str, ...]]:
    """Find a string of whole lines by its lines, as a hunk is found."""
    wanted = [line.text for line in split(old)]
    lines = Lines([line.text for line in text.lines])
    if not any(one.strip() for one in wanted) or ask.count != 1:
        raise _nowhere(ask, path, lines, wanted)
    whole = old.endswith("\n") == new.endswith("\n") or not new
    if not whole or ask.after:
        raise _nowhere(ask, path, lines, wanted)
    given = hunk(wanted, [line.text for line in split(new)], ask.line)
    try:
        return place(path, text, [given])
    except Refused as refused:
        if refused.code != "no_match":
            raise
        raise _nowhere(ask, path, lines, wanted) from None


def insert(ask: Insert, path: str, text: Text) -> Text:
    """Return the file with lines put after the one that is named; -1 is the last."""
    after = len(text.lines) if ask.after < 0 else ask.after
    if after > len(text.lines):
        why = f"it names line {after}, and the file has {len(text.lines)}"
        words = f"cannot put lines into {path}: {why}"
        raise Refused("no_match", words, Place(path=path, line=ask.line))
    end = text.lines[after - 1].end if after else ""
    new = [line._replace(end=end or text.end()) for line in split(ask.text)]
    made = [*text.lines[:after], *new, *text.lines[after:]]
    return replace(text, lines=tuple(closed(made, text.end())))


def _ambiguous(ask: Swap, path: str, whole: str, hits: list[tuple[int, int]]) -> Refused:
    where = ", ".join(str(whole.count("\n", 0, start) + 1) for start, _ in hits[:TOLD])
    more = f" and {len(hits) - TOLD} more" if len(hits) > TOLD else ""
    why = f"it stands {len(hits)} times, not {ask.count}: at lines {where}{more}"
    return _refused("ambiguous", ask, path, f"{why}; add text around it until one is left")


def _nowhere(ask: Swap, path: str, lines: Lines, wanted: list[str]) -> Refused:
    why = f"it stands nowhere{hint(lines, wanted)}"
    if found := _REGEX.search(ask.old):
        why += f'; it looks like a regular expression (`{found[0]}`): say "mode": "regex" for one'
    return _refused("no_match", ask, path, why)


def _refused(code: str, ask: Swap, path: str, why: str) -> Refused:
    words = f"cannot replace {ask.old[:200]!r} in {path}: {why}"
    return Refused(code, words, Place(path=path, line=ask.line))
