"""Reads unified diffs, git's among them, and those whose hunks have no numbers.

Rule 1: lines are counted here; what a header says of them is compared, not believed.
Rule 2: the prefixes a/ and b/ are taken off by what the headers say, once, and never by trying.
Rule 3: a line's own CR counts where the patch's other lines have none; else it came on the way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ghostbot.core.patch import EXECUTABLE, PLAIN, Place, Refused
from ghostbot.patches.asks import Ask, Asked, Delete, Edit, Hunk, Write
from ghostbot.patches.formats import hunks
from ghostbot.patches.formats.names import Names, named

FORMAT = "diff"
_MODES = {"100644": PLAIN, "100755": EXECUTABLE}
_SKIPPED = re.compile(r"index |similarity index |dissimilarity index ")


@dataclass(slots=True)
class _Section:
    """What one file's headers say."""

    line: int
    git: str | None = None
    old: str | None = None
    new: str | None = None
    moved: dict[str, str] = field(default_factory=dict)  # "rename from" and its like
    modes: dict[str, str] = field(default_factory=dict)
    hunks: list[Hunk] = field(default_factory=list)


def read(text: str) -> Asked:
    """Return what a diff asks. Raises Refused."""
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if lines and all(line.endswith("\r") for line in lines):
        lines = [line[:-1] for line in lines]
    asks = tuple(_ask(section) for section in _sections(lines))
    if not asks:
        raise _refused("empty", "it holds no file", 1)
    return Asked(format=FORMAT, asks=asks)


def _sections(lines: Sequence[str]) -> list[_Section]:
    found: list[_Section] = []
    section: _Section | None = None
    at, shift = 0, 0
    while at < len(lines):
        line = lines[at].rstrip("\r")
        if line.startswith("diff --git "):
            section = _Section(at + 1, git=line.removeprefix("diff --git "))
            found.append(section)
        elif hunks.pair(lines, at):
            if section is None or section.old is not None or section.hunks:
                section = _Section(at + 1)
                found.append(section)
            section.old, section.new = line[4:], lines[at + 1].rstrip("\r")[4:]
            at += 1
            shift = 0
        elif section is not None and line.startswith("@@"):
            if section.old is None:
                raise _refused("unknown_format", "a hunk stands before any file's name", at + 1)
            hunk, at, shift = hunks.read(lines, at, shift)
            section.hunks.append(hunk)
            continue
        elif section is not None:
            _header(section, line, at + 1)
        elif line.startswith("@@ -"):
            raise _refused("unknown_format", "a hunk stands before any file's name", at + 1)
        at += 1
    return found


def _header(section: _Section, line: str, number: int) -> None:
    if line.startswith("GIT binary patch") or re.match(r"Binary files .* differ$", line):
        raise _refused("binary", "it changes a binary file; send that another way", number)
    for key in ("rename from", "rename to", "copy from", "copy to"):
        if line.startswith(f"{key} "):
            section.moved[key] = line[len(key) + 1 :]
    for key in ("old mode", "new mode", "new file mode", "deleted file mode"):
        if line.startswith(f"{key} "):
            section.modes[key] = _mode(line[len(key) + 1 :].strip(), number)


def _mode(word: str, number: int) -> str:
    if word not in _MODES:
        why = f"the mode {word} is none that a file may have here (100644 or 100755)"
        raise _refused("mode", why, number)
    return word


def _ask(section: _Section) -> Ask:
    names = _named(section)
    mode = section.modes.get("new mode") or section.modes.get("new file mode")
    old_mode = section.modes.get("old mode")
    if names.old is None:
        assert names.new is not None, "one of the two is a file"
        return _fresh(section, names.new, _MODES[mode] if mode else None)
    if names.new is None:
        return Delete(path=names.old, hunks=tuple(section.hunks), line=section.line)
    moved = names.old != names.new
    if not section.hunks and not moved and mode is None:
        raise _refused("empty_edit", f"it says nothing about {names.new}", section.line)
    return Edit(
        path=names.old,
        hunks=tuple(section.hunks),
        to=names.new if moved else None,
        copy="copy to" in section.moved,
        old_mode=_MODES[old_mode] if old_mode else None,
        mode=_MODES[mode] if mode else None,
        line=section.line,
    )


def _named(section: _Section) -> Names:
    try:
        return named(
            git=section.git,
            old=section.old,
            new=section.new,
            moved=section.moved,
            fresh="new file mode" in section.modes,
            gone="deleted file mode" in section.modes,
        )
    except ValueError as error:
        raise _refused("bad_path", str(error), section.line) from None


def _fresh(section: _Section, path: str, mode: int | None) -> Write:
    """Return a new file: all its lines are new ones."""
    said = [line for hunk in section.hunks for line in hunk.said]
    if any(line.kind != "+" for line in said):
        raise _refused("missing", f"{path} is new, and yet has old lines", section.line)
    text = "".join(line.text + ("\n" if line.end is None else line.end) for line in said)
    return Write(path=path, text=text, fresh=True, mode=mode, line=section.line)


def _refused(code: str, why: str, line: int) -> Refused:
    return Refused(code, f"cannot read the diff: line {line}: {why}", Place(line=line))
