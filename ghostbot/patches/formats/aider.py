"""Reads SEARCH/REPLACE blocks, as Aider has them written.

Rule 1: a file's name stands within the three lines above its block, or is that of the block before.
Rule 2: a divider that could be one of two is refused: headings are drawn with the same signs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from ghostbot.core.patch import Place, Refused
from ghostbot.patches.asks import Ask, Asked, Edit, Hunk, Insert, Said

FORMAT = "aider"
HEAD = re.compile(r"<{5,9} SEARCH>?\s*\Z")
_DIVIDER = re.compile(r"={5,9}\s*\Z")
_TAIL = re.compile(r">{5,9} REPLACE\s*\Z")
_FENCE = re.compile(r"`{3,}|~{3,}")
_SHELL = re.compile(r"(?:`{3,}|~{3,})\s*(?:ba|z|fi)?sh\b|(?:`{3,}|~{3,})\s*(?:shell|console)\b")
ABOVE = 3  # lines in which the name stands
COMPARED = 20_000  # pairs of equal lines; beyond, only what both ends share is context


def read(text: str) -> Asked:
    """Return what the blocks ask, in their order. Raises Refused."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    asks: list[Ask] = []
    path: str | None = None
    at = 0
    while at < len(lines):
        if HEAD.match(lines[at]):
            path = _name(lines, at) or path
            if path is None:
                raise _refused("bad_path", "no file's name stands above the block", at + 1)
            ask, at = _block(lines, at, path)
            asks.append(ask)
        elif _SHELL.match(lines[at]) and not _holds_block(lines, at):
            raise _refused("shell_refused", "commands are not run; send the change", at + 1)
        else:
            at += 1
    if not asks:
        raise _refused("empty", "it holds no SEARCH block", 1)
    return Asked(format=FORMAT, asks=tuple(asks))


def _holds_block(lines: Sequence[str], at: int) -> bool:
    for line in lines[at + 1 :]:
        if HEAD.match(line):
            return True
        if _FENCE.match(line):
            break
    return False


def _name(lines: Sequence[str], at: int) -> str | None:
    """Return the name above a block; None where what stands there is none."""
    for line in reversed(lines[max(0, at - ABOVE) : at]):
        if not line.strip() or _FENCE.match(line):
            continue
        if _TAIL.match(line):
            return None
        marked = re.search(r"`([^`]+)`", line)
        name = marked[1] if marked else line.strip().strip("#*:`").strip()
        return name if name and (marked or not re.search(r"\s", name)) else None
    return None


def _block(lines: Sequence[str], at: int, path: str) -> tuple[Ask, int]:
    """Return what the block at `at` asks, and the line after it."""
    signs = len(lines[at]) - len(lines[at].lstrip("<"))
    stop = next((n for n in range(at + 1, len(lines)) if _TAIL.match(lines[n])), None)
    if stop is None:
        raise _refused("unknown_format", "the block has no `>>>>>>> REPLACE`", at + 1)
    dividers = [n for n in range(at + 1, stop) if _DIVIDER.match(lines[n])]
    if len(dividers) > 1:
        dividers = [n for n in dividers if len(lines[n].strip()) == signs]
    if len(dividers) != 1:
        why = "two lines could divide it" if dividers else "no line `=======` divides it"
        raise _refused("ambiguous" if dividers else "unknown_format", why, at + 1)
    old, new = list(lines[at + 1 : dividers[0]]), list(lines[dividers[0] + 1 : stop])
    return _ask(path, old, new, at + 1), stop + 1


def _ask(path: str, old: list[str], new: list[str], line: int) -> Ask:
    if old == new:
        raise _refused("empty_edit", "both sides of the block are the same", line)
    if not any(text.strip() for text in old):
        text = "".join(f"{text}\n" for text in new)
        return Insert(path=path, after=-1, text=text, line=line)
    return Edit(path=path, hunks=(hunk(old, new, line),), line=line)


def hunk(old: Sequence[str], new: Sequence[str], line: int | None) -> Hunk:
    """Return a block as a hunk: what both sides share is context, and keeps its bytes."""
    said: list[Said] = []
    for kind, a, b, c, d in _compared(old, new):
        if kind == "equal":
            said += [Said(" ", text) for text in old[a:b]]
        else:
            said += [Said("-", text) for text in old[a:b]]
            said += [Said("+", text) for text in new[c:d]]
    return Hunk(said=tuple(said), line=line)


def _compared(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    there = Counter(new)
    if sum(there[line] for line in old) <= COMPARED:
        return list(SequenceMatcher(None, old, new, autojunk=False).get_opcodes())
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    most -= head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    stop, end = len(old) - tail, len(new) - tail
    return [
        ("equal", 0, head, 0, head),
        ("replace", head, stop, head, end),
        ("equal", stop, len(old), end, len(new)),
    ]


def _refused(code: str, why: str, line: int) -> Refused:
    return Refused(code, f"cannot read the blocks: line {line}: {why}", Place(line=line))
