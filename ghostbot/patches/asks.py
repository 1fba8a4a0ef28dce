"""What a patch asks of a tree, as its format says it, before anything is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Said(NamedTuple):
    """A line of a hunk. `kind` is a blank (context), - or +; `end` None takes the file's own."""

    kind: str
    text: str
    end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """One edit by lines. It stands where its old lines do."""

    said: tuple[Said, ...]
    line: int | None  # of the patch, from 1
    named: int | None = None  # the file's line that it names, from 0; None is none to rely on
    anchors: tuple[str, ...] = ()  # lines that come before it, each after the other
    at_end: bool = False  # it ends where the file does
    old_open: bool = False  # the file's last line has no end
    recounted: bool = False  # its header counts other lines than it has

    @property
    def old(self) -> list[str]:
        """What it expects to find."""
        return [said.text for said in self.said if said.kind != "+"]

    @property
    def new(self) -> list[str]:
        """What it leaves."""
        return [said.text for said in self.said if said.kind != "-"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A whole file: `fresh` is one that may not be there yet."""

    path: str
    text: str
    fresh: bool
    mode: int | None = None
    line: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A file that goes. Where `hunks` is not None, they are all that it held."""

    path: str
    hunks: tuple[Hunk, ...] | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Hunks for one file, and perhaps another name or mode. `copy` leaves the old name."""

    path: str
    hunks: tuple[Hunk, ...] = ()
    to: str | None = None
    copy: bool = False
    old_mode: int | None = None
    mode: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A string for another: exactly `count` times, or wherever it stands (None)."""

    path: str
    old: str
    new: str
    count: int | None = 1
    regex: bool = False
    after: bool = False  # `new` is a line that is put after that of `old`
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """Lines put after line `after`, which is 0 for the head of the file."""

    path: str
    after: int
    text: str
    line: int | None = None


Ask = Write | Delete | Edit | Swap | Insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that one patch asks, in its order."""

    format: str
    asks: tuple[Ask, ...]
    skipped: tuple[str, ...] = field(default=())
