"""One hunk of a unified diff: where it ends, what it holds, and what its header is worth.

Rule 1: a header is believed that counts the lines right, and whose two line numbers agree.
Rule 2: a body that its header miscounts ends at the next hunk or file, whichever comes first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ghostbot.core.patch import Place, Refused
from ghostbot.patches.asks import Hunk, Said

_HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_SIGNATURE = re.compile(r"-- ?\Z")  # how git ends a mail, before its version
_VERSION = re.compile(r"\d+\.\d+")
KINDS = " -+"
DIGITS = 9  # of a line number; no file has more lines


def pair(lines: Sequence[str], at: int) -> bool:
    """Tell whether the two lines of a file's names stand here."""
    return lines[at].startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ ")


def read(lines: Sequence[str], at: int, shift: int) -> tuple[Hunk, int, int]:
    """Return the hunk at `at`, where the next thing stands, and the shift that it leaves.

    `shift` is by how much the hunks before it in this file moved what comes after them.
    """
    header = _HEADER.match(lines[at])
    counts = _counts(header)
    stop = _counted(lines, at + 1, counts) if counts else None
    right = stop is not None
    if stop is None:
        stop = _open_ended(lines, at + 1)
    body = lines[at + 1 : stop]
    said, old_open = _said(body, at + 2, cr=not lines[at].endswith("\r"))
    kinds = [one.kind for one in said]
    if kinds.count(" ") == len(kinds):
        raise _refused("empty_edit", "the hunk changes nothing", at + 1)
    named = _named(header, shift) if header and right else None
    added = kinds.count("+") - kinds.count("-")
    hunk = Hunk(
        said=tuple(said),
        line=at + 1,
        named=named,
        at_end=any(line.startswith("\\") for line in body),
        old_open=old_open,
        recounted=header is not None and not right,
    )
    return hunk, stop, shift + added


def _counts(header: re.Match[str] | None) -> tuple[int, int] | None:
    if header is None or any(len(word) > DIGITS for word in header.groups() if word):
        return None
    return int(header[2] or 1), int(header[4] or 1)


def _named(header: re.Match[str], shift: int) -> int | None:
    """Return the line that the header names, from 0, where its two numbers agree."""
    counts = _counts(header)
    assert counts is not None, "it was counted"
    old, new = int(header[1]), int(header[3])
    # with no lines, a number is that of the line before
    first = old - 1 if counts[0] else old
    after = new - 1 if counts[1] else new
    return first if first + shift == after and first >= 0 else None


def _counted(lines: Sequence[str], at: int, counts: tuple[int, int]) -> int | None:
    """Return where a body ends that has as many lines as are said; None where it has not."""
    old, new = counts
    while (old > 0 or new > 0) and at < len(lines):
        kind = lines[at][:1].replace("\r", "")
        if kind in {"", " "}:
            old, new = old - 1, new - 1
        elif kind == "-":
            old -= 1
        elif kind == "+":
            new -= 1
        elif kind != "\\":
            return None
        at += 1
    if old or new:
        return None
    while at < len(lines) and lines[at].startswith("\\"):
        at += 1
    return at if _is_end(lines, at) else None


def _is_end(lines: Sequence[str], at: int) -> bool:
    """Tell whether a body may end here: what follows is none of it."""
    while at < len(lines) and not lines[at].strip("\r"):
        at += 1
    if at == len(lines) or pair(lines, at) or _signed(lines, at):
        return True
    return lines[at][:1] not in {" ", "-", "+", "\\"}


def _open_ended(lines: Sequence[str], at: int) -> int:
    """Return where a body ends of which nobody knows how many lines it has."""
    start = at
    while at < len(lines) and lines[at][:1] in {" ", "-", "+", "\\", "", "\r"}:
        if pair(lines, at) and (at + 2 == len(lines) or lines[at + 2].startswith("@@")):
            break
        if _signed(lines, at):
            break
        at += 1
    stop = at
    while stop > start and not lines[stop - 1].strip("\r"):  # blank lines between two parts
        stop -= 1
    if at < len(lines) and lines[at][:1] not in {"@", "d", "-", "i", "O", "I", "="}:
        why = "no line of a hunk begins so; each begins with a blank, - or +"
        raise _refused("unknown_format", why, at + 1)
    return stop


def _signed(lines: Sequence[str], at: int) -> bool:
    rest = [line for line in lines[at + 1 : at + 5] if line.strip()]
    return (
        _SIGNATURE.match(lines[at].rstrip("\r")) is not None
        and len(rest) == 1
        and _VERSION.match(rest[0]) is not None
        and at + 5 >= len(lines)
    )


def _said(body: Sequence[str], number: int, *, cr: bool) -> tuple[list[Said], bool]:
    """Return the lines of a body, and whether the old file's last one has no end.

    Where a CR counts and one line has it, each line says with what it ends.
    """
    tells = cr and any("\r" in line for line in body if not line.startswith("\\"))
    said: list[Said] = []
    old_open = False
    for n, line in enumerate(body):
        if line.startswith("\\"):
            if not said or n == 0:
                raise _refused("unknown_format", "it is about no line", number + n)
            old_open |= said[-1].kind != "+"
            said[-1] = said[-1]._replace(end="")
        elif "\r" in line:
            said += _lines(line, tells=tells)
        else:
            said.append(_line(line or " ", "\n" if tells else None))
    return said, old_open


def _line(line: str, end: str | None) -> Said:
    return Said(line[0], line[1:], end) if line[0] in KINDS else Said(" ", line, end)


def _lines(line: str, *, tells: bool) -> list[Said]:
    kind, text = (line[0], line[1:]) if line[0] in KINDS else (" ", line)
    end = None
    if text.endswith("\r"):
        text, end = text[:-1], "\r\n"
    *parts, last = text.split("\r")
    found = [Said(kind, part, "\r") for part in parts]
    return [*found, Said(kind, last, (end or "\n") if tells else None)]


def _refused(code: str, why: str, line: int) -> Refused:
    return Refused(code, f"cannot read the diff: line {line}: {why}", Place(line=line))
