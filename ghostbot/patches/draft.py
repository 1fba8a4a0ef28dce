"""The tree as it would be, while one patch's asks are carried out in memory, each after the other.

Rule 1: nothing is written. What was there is read once, and is the base of its change.
Rule 2: of each path only the end counts: added and then edited, it is an addition.
Rule 3: a move's base is what stood under its old name; under its new one nothing did.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ghostbot.core.patch import PLAIN, Change, Op, Place, Refused
from ghostbot.patches.files import FILE_BYTES, File, Files
from ghostbot.patches.paths import overlapping

RESULT_BYTES = FILE_BYTES  # more could not be read again, and so not be taken back
FILES = 50
READ_BYTES = 256 * 1024 * 1024  # that all edits of a patch together go through


@dataclass(slots=True)
class _Entry:
    """One path: what was there, what is there now, and from where that came."""

    base: File | None
    now: File | None
    source: str | None = None
    notes: set[str] = field(default_factory=set)
    made: bool = False  # by this patch: a second one under this name is a clash


class Draft:
    """All paths that one patch touches."""

    def __init__(self, files: Files) -> None:
        """Take the tree to read from."""
        self._files = files
        self._entries: dict[str, _Entry] = {}
        self._read = 0

    def checked(self, path: str) -> str:
        """Return the path as seen from the root. Raises Refused."""
        return self._files.checked(path)

    def now(self, path: str) -> File | None:
        """Return what stands at a path by now. Raises Refused."""
        now = self._entry(path).now
        self._read += len(now.data) if now else 0
        if self._read > READ_BYTES:
            words = "cannot edit files of that size so often at once: send fewer edits, or a diff"
            raise Refused("too_many", words, Place(path=path))
        return now

    def made(self, path: str) -> bool:
        """Tell whether this patch itself put a file there."""
        return self._entry(path).made

    def put(self, path: str, data: bytes, mode: int | None, *notes: str) -> None:
        """Let a file hold `data`; a mode of None is that of the file, or plain. Raises Refused."""
        entry = self._entry(path)
        if len(data) > RESULT_BYTES:
            why = f"it would be over {RESULT_BYTES // 1024 // 1024} MiB"
            raise Refused("too_large", f"cannot patch {path}: {why}", Place(path=path))
        kept = entry.now.mode if entry.now else PLAIN
        entry.made |= entry.now is None
        entry.now = File(data, kept if mode is None else mode)
        entry.notes.update(notes)

    def remove(self, path: str) -> None:
        """Let a path be empty."""
        self._entry(path).now = None

    def moved(self, source: str, target: str) -> None:
        """Note where the file at `target` came from, and let the old name be empty."""
        old, new = self._entry(source), self._entry(target)
        new.source = old.source or source
        new.notes |= old.notes
        old.now = None

    def note(self, path: str, *notes: str) -> None:
        """Say something of a path."""
        self._entry(path).notes.update(notes)

    def changes(self) -> tuple[Change, ...]:
        """Return what becomes of each path, in their order. Raises Refused: overlap."""
        moves = {path: source for path in self._entries if (source := self._moved_from(path))}
        gone = set(moves.values())
        found = [
            self._change(path, moves.get(path))
            for path, entry in sorted(self._entries.items())
            if entry.base != entry.now and path not in gone
        ]
        if clash := overlapping([*(change.path for change in found), *gone]):
            words = f"cannot patch both {clash[0]} and {clash[1]}: on a disk they may be one"
            raise Refused("overlap", words, Place(path=clash[1]))
        return tuple(found)

    def untouched(self) -> tuple[str, ...]:
        """Return the paths that are as the patch wants them already."""
        return tuple(path for path, one in sorted(self._entries.items()) if one.base == one.now)

    def _entry(self, path: str) -> _Entry:
        if path not in self._entries:
            if len(self._entries) >= 2 * FILES:
                words = f"cannot patch so many files at once: {FILES} is the most"
                raise Refused("too_many", words, Place(path=path))
            file = self._files.read(path)
            self._entries[path] = _Entry(file, file)
        return self._entries[path]

    def _moved_from(self, path: str) -> str | None:
        """Return the old name of a path to which a file of the tree has moved as a whole."""
        entry = self._entries[path]
        if entry.source is None or entry.base is not None or entry.now is None:
            return None
        old = self._entries[entry.source]
        first = [p for p, e in self._entries.items() if e.source == entry.source and e.now]
        return entry.source if old.base and old.now is None and first == [path] else None

    def _change(self, path: str, source: str | None) -> Change:
        entry = self._entries[path]
        base = self._entries[source].base if source else entry.base
        if source:
            op = Op.MOVE
        elif base is None:
            op = Op.ADD
        elif entry.now is None:
            op = Op.DELETE
        else:
            op = Op.MODE if base.data == entry.now.data else Op.UPDATE
        return Change(
            path=path,
            op=op,
            base=base.data if base else None,
            base_mode=base.mode if base else None,
            new=entry.now.data if entry.now else None,
            new_mode=entry.now.mode if entry.now else None,
            source=source,
            notes=tuple(sorted(entry.notes)),
        )
