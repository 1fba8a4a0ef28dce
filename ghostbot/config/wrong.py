"""What is wrong in a file, and where: the words that readers of values speak in."""

from __future__ import annotations

import re
from collections.abc import Iterable

Place = tuple[str | int, ...]  # ("daemon", "web", "after", 0)

BARE = re.compile(r"[A-Za-z0-9_-]+")  # TOML 1.0, bare keys
WIDTH = 64  # more of a value would break the line it is told on
HUGE = 10**18  # no key takes more, and str() of an integer of 4300 digits raises


class Wrong(ValueError):
    """A value that cannot be used: for each mistake its place below the value, and words."""

    def __init__(self, words: str = "", *, each: Iterable[tuple[Place, str]] = ()) -> None:
        """Take either the words for the value itself or, in `each`, those for what it holds."""
        self.each = tuple(each) or (((), words),)
        super().__init__("; ".join(said for _, said in self.each))

    def below(self, step: str | int) -> list[tuple[Place, str]]:
        """Return the same mistakes as seen from the value that holds this one at `step`."""
        return [((step, *place), words) for place, words in self.each]


def spelled(place: Place) -> str:
    """Spell a place as a person would write it in TOML: `daemon."my app".after[0]`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + quoted(step)
    return text


def quoted(key: str) -> str:
    """Quote a key where TOML wants that; it never breaks a line."""
    if BARE.fullmatch(key):
        return key
    return '"' + plain(key).replace('"', '\\"') + '"'


def plain(words: str) -> str:
    """Return words that no terminal obeys: what cannot be printed is spelled as TOML does."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in words)


def shown(value: object) -> str:
    """Show an offending value on one line, as TOML spells it, cut where it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        cut = value if len(value) <= WIDTH else value[: WIDTH - 1] + "…"
        return f'"{cut}"' if BARE.fullmatch(cut) or not cut else quoted(cut)
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) > HUGE:
        return "a huge number"
    return str(value)
