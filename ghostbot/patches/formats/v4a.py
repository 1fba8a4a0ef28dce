"""Reads `*** Begin Patch`, as Codex writes it, and the chunks that OpenAI's operations hold.

Rule 1: what surrounds a patch is no part of it: words, fences, a here-document.
Rule 2: a marker stands at the start of its line: with a blank before it, it is a file's own text.
Rule 3: an anchor is a line of the file that stands before the change; several narrow it down.
"""

from __future__ import annotations

from collections.abc import Sequence

from ghostbot.core.patch import Place, Refused
from ghostbot.patches.asks import Ask, Asked, Delete, Edit, Hunk, Said, Write

FORMAT = "v4a"
BEGIN, END = "*** Begin Patch", "*** End Patch"
END_OF_FILE = "*** End of File"
_ADD, _DELETE, _UPDATE = "*** Add File: ", "*** Delete File: ", "*** Update File: "
_MOVE = "*** Move to: "
_ENVIRONMENT = "*** Environment ID: "


def read(text: str) -> Asked:
    """Return what a text with one or more such patches asks. Raises Refused."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    asks: list[Ask] = []
    at = 0
    while (start := _marker(lines, at, BEGIN)) is not None:
        stop = _marker(lines, start + 1, END)
        if stop is None:
            raise _refused("unknown_format", f"it does not end in {END!r}", len(lines))
        asks += _files(lines, start + 1, stop)
        at = stop + 1
    if not asks:
        why = "it names no file" if BEGIN in text else f"it does not begin with {BEGIN!r}"
        raise _refused("empty" if BEGIN in text else "unknown_format", why, 1)
    return Asked(format=FORMAT, asks=tuple(asks))


def _marker(lines: Sequence[str], at: int, marker: str) -> int | None:
    return next((n for n in range(at, len(lines)) if lines[n].rstrip() == marker), None)


def _files(lines: Sequence[str], at: int, stop: int) -> list[Ask]:
    asks: list[Ask] = []
    if at < stop and lines[at].strip().startswith(_ENVIRONMENT):
        at += 1
    while at < stop:
        if not lines[at].strip():
            at += 1
            continue
        end = at + 1
        while end < stop and not _is_file(lines[end]):
            end += 1
        asks.append(_file(lines, at, end))
        at = end
    return asks


def _is_file(line: str) -> bool:
    return line.startswith((_ADD, _DELETE, _UPDATE))


def _file(lines: Sequence[str], at: int, end: int) -> Ask:
    head, number = lines[at].strip(), at + 1
    body = lines[at + 1 : end]
    if head.startswith(_ADD):
        text = added(body, number + 1)
        return Write(path=head.removeprefix(_ADD), text=text, fresh=True, line=number)
    if head.startswith(_DELETE):
        if any(line.strip() for line in body):
            raise _refused("unknown_format", "a file that goes has no lines", number + 1)
        return Delete(path=head.removeprefix(_DELETE), line=number)
    if not head.startswith(_UPDATE):
        why = f"{head[:80]!r} is none of Add File, Delete File, Update File"
        raise _refused("unknown_format", why, number)
    move = None
    if body and body[0].strip().startswith(_MOVE):
        move, body, at = body[0].strip().removeprefix(_MOVE), body[1:], at + 1
    hunks = chunks(body, at + 2)
    if not hunks and move is None:
        raise _refused("empty_edit", "the update holds no change", number)
    path = head.removeprefix(_UPDATE)
    return Edit(path=path, hunks=tuple(hunks), to=move, line=number)


def added(body: Sequence[str], number: int) -> str:
    """Return the text of a new file, each line of which begins with +; `number` is the first."""
    body = _without_blanks(body)
    for n, line in enumerate(body):
        if not line.startswith("+"):
            raise _refused("unknown_format", "a line of a new file begins with +", number + n)
    return "".join(f"{line[1:]}\n" for line in body)


def _without_blanks(body: Sequence[str]) -> Sequence[str]:
    stop = len(body)
    while stop and not body[stop - 1].strip():
        stop -= 1
    return body[:stop]


def chunks(body: Sequence[str], number: int) -> list[Hunk]:
    """Return the hunks of one file; `number` is the line of the patch that `body` begins at."""
    found: list[Hunk] = []
    anchors: list[str] = []
    said: list[Said] = []
    first = number

    def close(*, at_end: bool) -> None:
        if said and not any(one.kind != " " for one in said):
            raise _refused("empty_edit", "the hunk changes nothing", first)
        if said:
            hunk = Hunk(said=tuple(said), line=first, anchors=tuple(anchors), at_end=at_end)
            found.append(hunk)
            anchors.clear()
            said.clear()

    for n, line in enumerate(_without_blanks(body), start=number):
        if line.startswith("@@"):
            close(at_end=False)
            if anchor := line[2:].removeprefix(" ").removesuffix(" @@"):
                anchors.append(anchor)
        elif line.rstrip() == END_OF_FILE:
            close(at_end=True)
        else:
            first = first if said else n
            said.append(_said(line, n))
    close(at_end=False)
    if anchors:
        raise _refused("empty_edit", "an anchor is followed by no change", number + len(body) - 1)
    return found


def _said(line: str, number: int) -> Said:
    if not line:
        return Said(" ", "")
    if line[0] not in " -+":
        why = f"{line[:80]!r} begins with no blank, - or +"
        raise _refused("unknown_format", why, number)
    return Said(line[0], line[1:])


def _refused(code: str, why: str, line: int) -> Refused:
    return Refused(code, f"cannot read the patch: line {line}: {why}", Place(line=line))
