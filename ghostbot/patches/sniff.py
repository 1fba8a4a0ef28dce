"""Which format a patch is in: told by its first marker, never by trying one after the other.

Rule 1: JSON is told by its keys, text by the first marker at the start of a line.
Rule 2: a Markdown fence around a patch is taken off; several diffs are one; two formats are none.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from ghostbot.core.patch import Place, Refused
from ghostbot.patches.asks import Asked
from ghostbot.patches.formats import aider, edits, json_text, original, shell, unified, v4a

FORMATS = (unified.FORMAT, v4a.FORMAT, aider.FORMAT, edits.EDITS, edits.OPERATIONS, original.FORMAT)
_TEXTS = {unified.FORMAT: unified.read, v4a.FORMAT: v4a.read, aider.FORMAT: aider.read}
_FENCE = re.compile(r"^(?P<mark>`{3,}+|~{3,}+)(?P<said>[^\n`]*)$", re.MULTILINE)
_MARKS = re.compile(
    r"^(?:(?P<v4a>\*\*\* Begin Patch)|(?P<aider><{5,9} SEARCH)"
    r"|(?P<diff>diff --git |--- [^\n]+\n\+\+\+ ))",
    re.MULTILINE,
)
_SPANS = {
    v4a.FORMAT: (re.compile(r"\*\*\* Begin Patch"), re.compile(r"\*\*\* End Patch")),
    aider.FORMAT: (re.compile("<{5,9} SEARCH"), re.compile(">{5,9} REPLACE")),
}
NESTED = 2  # a text in JSON in JSON


def read(text: str, format_: str | None, *, ignore_shell: bool = False, depth: int = 0) -> Asked:
    """Return what a text asks. Raises Refused."""
    if format_ is not None and format_ not in FORMATS:
        known = ", ".join(FORMATS)
        raise _refused("unknown_format", f"there is no format {format_!r}; known are {known}", 1)
    if text.lstrip().startswith(v4a.BEGIN):
        text = "\n" * text[: len(text) - len(text.lstrip())].count("\n") + text.lstrip()
    if not text.strip() or format_ in _TEXTS:
        return _text(text, format_)
    bare = _unfenced_json(text)
    if format_ is None and (bare is None or _MARKS.search(text[: len(text) - len(bare.lstrip())])):
        return _text(text, format_)
    return _json(text if bare is None else bare, format_, ignore_shell=ignore_shell, depth=depth)


def _unfenced_json(text: str) -> str | None:
    """Return the JSON of a text; None where it holds none."""
    if text.lstrip()[:1] in {"{", "["}:
        return text
    fenced = [one for one in _fences(text) if text[slice(*one)].lstrip()[:1] in {"{", "["}]
    if not fenced or _MARKS.search(text):
        return None
    if len(fenced) > 1:
        line = text.count("\n", 0, fenced[1][0])
        raise _refused("mixed_formats", "two fences hold JSON; send one", line)
    # what stands before it becomes empty lines, so that lines are told as they were sent
    start, stop = fenced[0]
    return "\n" * text.count("\n", 0, start) + text[start:stop]


def _fences(text: str) -> list[tuple[int, int]]:
    """Return where the inside of each fence begins and ends. One that never ends is none."""
    rows = list(_FENCE.finditer(text))
    ends: dict[str, list[int]] = {}  # which rows may close a fence of that mark
    for n, row in enumerate(rows):
        if not row["said"].strip(" \t\r"):
            ends.setdefault(row["mark"], []).append(n)
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(rows):
        later = ends.get(rows[at]["mark"], [])
        nearest = bisect_right(later, at)
        if nearest == len(later):
            at += 1
            continue
        found.append((rows[at].end() + 1, rows[later[nearest]].start()))
        at = later[nearest] + 1
    return found


def _text(text: str, format_: str | None) -> Asked:
    if not text.strip():
        # a blank file that is sent as JSON is broken JSON; anything else is just empty
        if text:
            raise json_text.invalid("it is blank", 1, len(text.split("\n", 1)[0]) + 1)
        raise _refused("empty", "it holds nothing", 1)
    found = {mark.lastgroup or "" for mark in _MARKS.finditer(text)} if format_ is None else set()
    if format_ is None:
        format_ = _one(text, found)
    if format_ == unified.FORMAT:
        text = _unfenced_diffs(text)
    return _TEXTS[format_](text)


def _one(text: str, found: set[str]) -> str:
    if not found:
        if shell.is_command(text):
            raise _refused("shell_refused", "commands are not run; send the change", 1)
        raise _refused("prose", "it is words, and no patch is in them", 1)
    first = _MARKS.search(text)
    assert first is not None, "one was found"
    held = _outside(text, first.lastgroup or "")
    if other := _MARKS.search(held):
        line = text.count("\n", 0, text.find(other[0])) + 1
        raise _refused("mixed_formats", "it holds patches of two formats; send one", line)
    return first.lastgroup or ""


def _outside(text: str, format_: str) -> str:
    """Return what is no part of patches of one format, in which another may be talked about."""
    if format_ not in _SPANS:
        return re.sub(r"^(?:diff --git |--- [^\n]+\n\+\+\+ )", "", text, flags=re.MULTILINE)
    begin, end = _SPANS[format_]
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        if not inside:
            inside = begin.match(line) is not None
            kept.append("" if inside else line)
        elif end.match(line):
            inside = False
    return "\n".join(kept)


def _unfenced_diffs(text: str) -> str:
    """Blank all but the fences' insides, where the first diff stands in one."""
    first = _MARKS.search(text)
    fences = _fences(text)
    if first is None or not any(start <= first.start() < stop for start, stop in fences):
        return text
    made, done = "", 0
    for start, stop in fences:
        if _MARKS.search(text[start:stop]):
            made += "\n" * text.count("\n", done, start) + text[start:stop]
            done = stop
    return made


def _json(text: str, format_: str | None, *, ignore_shell: bool, depth: int) -> Asked:
    value = json_text.read(text)
    if format_ == original.FORMAT or (format_ is None and original.is_one(value)):
        words = original.inner(value)
        if words is not None and depth < NESTED and _MARKS.search(words):
            return _inner(words, value, ignore_shell=ignore_shell, depth=depth)
        return original.read(value, ignore_shell=ignore_shell)
    kind = format_ or edits.kind(value)
    if kind is None:
        words = next((value[k] for k in ("input", "diff") if _is_text(value, k)), None)
        if words is not None and depth < NESTED:
            return _inner(words, value, ignore_shell=ignore_shell, depth=depth)
        return original.read(value, ignore_shell=ignore_shell) if _tells(value) else _unknown()
    return edits.read(value, kind)


def _inner(words: str, value: object, *, ignore_shell: bool, depth: int) -> Asked:
    """Read a patch that JSON holds as a text; what stands beside it may be commands, too."""
    found = tuple(shell.steps(value))
    if found and not ignore_shell:
        keys = ", ".join(found)
        raise _refused("shell_refused", f"commands are not run: {keys}; take them out", 1)
    asked = read(words, None, ignore_shell=ignore_shell, depth=depth + 1)
    return Asked(format=asked.format, asks=asked.asks, skipped=(*found, *asked.skipped))


def _is_text(value: object, key: str) -> bool:
    return isinstance(value, dict) and isinstance(value.get(key), str)


def _tells(value: object) -> bool:
    """Tell whether JSON of no known form instructs or commands somebody."""
    told = ("phases", "actions", "executionSteps", "tasks", "steps", "instructions")
    known = isinstance(value, dict) and any(key in value for key in told)
    return known or next(shell.steps(value), None) is not None


def _unknown() -> Asked:
    raise _refused("unknown_format", "its keys are those of no known form", 1)


def _refused(code: str, why: str, line: int) -> Refused:
    return Refused(code, f"cannot read the patch: line {line}: {why}", Place(line=line))
