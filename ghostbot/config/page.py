"""One file being read: where its keys stand, and what is wrong with it so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ghostbot.config.command import command
from ghostbot.config.keys import ALONE, ELSEWHERE, HOMES, LATER, Keys
from ghostbot.config.values import Reader, name
from ghostbot.config.variables import expand_all
from ghostbot.config.wrong import Place, Wrong, plain, shown, spelled
from ghostbot.core.words import did_you_mean


class Page:
    """Collects every mistake and warning, each once, each with its place."""

    def __init__(self, name: str, lines: Mapping[Place, int], environ: Mapping[str, str]) -> None:
        """Take the file's name as people are shown it, and the line of each of its places."""
        self.name = name
        self.lines = lines
        self.environ = environ
        self._mistakes: dict[tuple[Place, str], None] = {}  # a set that keeps its order
        self._warnings: dict[tuple[Place, str], None] = {}

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Return the mistakes in the order of their lines."""
        return self._told(self._mistakes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings in the order of their lines."""
        return self._told(self._warnings)

    def wrong(self, place: Place, words: str) -> None:
        """Note a mistake: nothing runs with it."""
        self._mistakes[place, words] = None

    def warn(self, place: Place, words: str) -> None:
        """Note what is probably not meant, and runs all the same."""
        self._warnings[place, words] = None

    def is_wrong(self, *place: str | int) -> bool:
        """Tell whether a mistake is known at `place` or below it."""
        return any(at[: len(place)] == place for at, _ in self._mistakes)

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest table around what is not written."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def said_at(self, name: str, key: str) -> Place:
        """Return where a daemon's `key` is said: in its own table, or in [defaults]."""
        own: Place = ("daemon", name, key)
        shared: Place = ("defaults", key)
        return shared if own not in self.lines and shared in self.lines else own

    def unknown(self, place: Place, keys: Mapping[str, object], kind: str) -> None:
        """Note a key that is none of `keys`."""
        self.wrong(place, _unknown(str(place[-1]), keys, kind))

    def table(self, place: Place, raw: object, keys: Keys, kind: str) -> dict[str, Any]:
        """Read one table of a `kind`, and return what of it could be read."""
        if not isinstance(raw, dict):
            self.wrong(place, f"{shown(raw)} is no table: write [{spelled(place)}]")
            return {}
        found = {}
        for key, value in raw.items():
            at = (*place, key)
            if key not in keys:
                self.unknown(at, keys, kind)
                continue
            try:
                found[key] = self._read(keys[key], value)
            except Wrong as wrong:
                for below, words in wrong.each:
                    self.wrong(at + below, words)
        return found

    def named(self, kind: str, raw: object) -> list[tuple[str, Place, object]]:
        """Return each table of `[kind.NAME]`: its name, its place, and what it holds."""
        if not isinstance(raw, dict):
            self.wrong((kind,), f"{shown(raw)} is no table: write [{kind}.NAME]")
            return []
        for each in raw:
            try:
                name(each)
            except Wrong as wrong:
                self.wrong((kind, each), str(wrong))
        return [(each, (kind, each), item) for each, item in raw.items()]

    def _read(self, read: Reader, value: object) -> Any:
        """Read one value. A command is split before its variables are put in.

        So a variable that holds blanks stays one argument, and no quote in it ends another.
        """
        if read is not command:
            return read(expand_all(value, self.environ))
        words = read(value)
        try:
            return tuple(expand_all(list(words), self.environ))
        except Wrong as wrong:
            if isinstance(value, list):
                raise
            raise Wrong(each=[((), words) for _, words in wrong.each]) from None

    def _told(self, found: Mapping[tuple[Place, str], None]) -> tuple[str, ...]:
        rows = sorted(found, key=lambda row: self.line(row[0]))
        return tuple(
            f"{self.name}:{self.line(at)}: {spelled(at)}: {plain(words)}" for at, words in rows
        )


def _unknown(key: str, keys: Mapping[str, object], kind: str) -> str:
    """Say what is wrong with a key that is none of `keys`."""
    full = ".".join(filter(None, ("daemon" if kind == "defaults" else kind, key)))
    if full in LATER:
        return "not supported yet"
    if kind == "defaults" and key in ALONE:
        return "every daemon needs its own: write it in [daemon.NAME]"
    if kind in ("daemon", "defaults") and key in ELSEWHERE:
        return f"unknown key (did you mean {ELSEWHERE[key]}?)"
    if homes := [name for name, others in HOMES.items() if key in others]:
        return f"unknown key here (it belongs in [{homes[-1]}])"
    what = "unknown key" if kind else "unknown table"
    if near := did_you_mean(key, keys):
        return what + near
    return f"{what} (known are {', '.join(sorted(keys))})"
