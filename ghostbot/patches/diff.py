"""What a plan does, to be read by people: made from the bytes that are there and will be.

Rule 1: it is never made from what was sent, which may say one thing and do another.
Rule 2: nothing in it is unseen: controls, and what turns letters around, are written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from ghostbot.core.patch import Change, Op, Plan

CONTEXT = 3
WORK_MOST = 4_000_000  # pairs of lines; comparing more of them takes seconds

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)

Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Count:
    """How many lines come and go."""

    added: int
    removed: int


class _Compared(SequenceMatcher[bytes]):
    """Two files of which we compare only what differs; difflib groups it."""

    def __init__(self, old: list[bytes], new: list[bytes]) -> None:
        super().__init__(None, (), ())
        self._opcodes = _opcodes(old, new)

    def get_opcodes(self) -> list[Opcode]:  # type: ignore[override]  # it names the tags
        return self._opcodes


def visible(text: str) -> str:
    """Write out what is not seen: `\\x1b`, `\\u202e`; a byte that is no UTF-8 is `\\xff`."""
    return UNSEEN.sub(_written_out, text)


def unified(plan: Plan) -> str:
    """Return the whole diff, as git draws it, with everything visible."""
    return "".join(f"{line}\n" for change in plan.changes for line in _file(change))


def count(change: Change) -> Count:
    """Count the lines of one file that come and go."""
    old, new = _lines(change.base), _lines(change.new)
    added = removed = 0
    for tag, i, j, k, m in _opcodes(old, new):
        if tag != "equal":
            removed, added = removed + j - i, added + m - k
    return Count(added, removed)


def _file(change: Change) -> Iterator[str]:
    old, new = visible(change.source or change.path), visible(change.path)
    yield f"diff --git a/{old} b/{new}"
    if change.op is Op.ADD:
        yield f"new file mode {change.new_mode:o}"
    elif change.op is Op.DELETE:
        yield f"deleted file mode {change.base_mode:o}"
    elif change.base_mode != change.new_mode:
        yield f"old mode {change.base_mode:o}"
        yield f"new mode {change.new_mode:o}"
    if change.op is Op.MOVE:
        yield f"rename from {old}"
        yield f"rename to {new}"
    if change.base == change.new:
        return
    yield "--- /dev/null" if change.base is None else f"--- a/{old}"
    yield "+++ /dev/null" if change.new is None else f"+++ b/{new}"
    yield from _hunks(change)


def _hunks(change: Change) -> Iterator[str]:
    old, new = _lines(change.base), _lines(change.new)
    matcher = _Compared(old, new)
    quiet = _all_crlf(old) and _all_crlf(new)  # then its line ends are no news
    for group in matcher.get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from _drawn(" ", old[i:j], quiet=quiet)
                continue
            yield from _drawn("-", old[i:j], quiet=quiet)
            yield from _drawn("+", new[k:m], quiet=quiet)


def _drawn(sign: str, lines: list[bytes], *, quiet: bool) -> Iterator[str]:
    for line in lines:
        whole = line.endswith(b"\n")
        bare = line.removesuffix(b"\n")
        if quiet and whole:
            bare = bare.removesuffix(b"\r")
        yield sign + visible(bare.decode("utf-8", "surrogateescape"))
        if not whole:
            yield "\\ No newline at end of file"


def _lines(data: bytes | None) -> list[bytes]:
    """Split after each newline, and nowhere else, as git does."""
    return [] if not data else re.findall(rb"[^\n]*\n|[^\n]+", data)


def _all_crlf(lines: list[bytes]) -> bool:
    return all(line.endswith(b"\r\n") for line in lines if line.endswith(b"\n"))


def _opcodes(old: list[bytes], new: list[bytes]) -> list[Opcode]:
    """Compare two files; what is equal at both ends is not looked at twice."""
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    most -= head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    codes: list[Opcode] = []
    if head:
        codes.append(("equal", 0, head, 0, head))
    codes += [
        (tag, i + head, j + head, k + head, m + head) for tag, i, j, k, m in _inner(left, right)
    ]
    if tail:
        codes.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return codes


def _inner(left: list[bytes], right: list[bytes]) -> list[Opcode]:
    if not left and not right:
        return []
    if len(left) * len(right) > WORK_MOST:
        return [("replace", 0, len(left), 0, len(right))]
    return list(SequenceMatcher(None, left, right, autojunk=False).get_opcodes())


def _range(start: int, stop: int) -> str:
    """Write a range of lines as POSIX's diff -u does."""
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if "\udc80" <= found[0] <= "\udcff":  # PEP 383: a byte that could not be decoded
        return f"\\x{code & 0xFF:02x}"
    if found[0] > "\uffff":
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if found[0] > "\xff" else f"\\x{code:02x}"
