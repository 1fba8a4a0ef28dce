"""A patch as Ghost knows it, whatever form it came in: which files become what, from what.

Rule 1: every format compiles to one Plan; policy, diff, approval, journal and log see only that.
Rule 2: bytes in, bytes out. A plan holds what is written, to the last byte and mode.
Rule 3: an approval is of a digest: the plan of any other bytes is another plan.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

PLAIN, EXECUTABLE = 0o100644, 0o100755  # the modes that a file may have


class Op(StrEnum):
    """What becomes of a file."""

    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"
    MOVE = "move"  # to `path`, from `source`
    MODE = "mode"  # only its mode changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file, seen from the root: what it was, and what it becomes. None is absence."""

    path: str
    op: Op
    base: bytes | None
    base_mode: int | None
    new: bytes | None
    new_mode: int | None
    source: str | None = None  # of a move: the path that is no more
    notes: tuple[str, ...] = ()  # "offset", "trailing", "indent", "punctuation", "overwrite", …

    @property
    def base_sha256(self) -> str | None:
        """Name the bytes that it was made for."""
        return None if self.base is None else hashlib.sha256(self.base).hexdigest()

    @property
    def new_sha256(self) -> str | None:
        """Name the bytes that it becomes."""
        return None if self.new is None else hashlib.sha256(self.new).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a patch does to one root, each path once, in the order of their paths."""

    root: str  # its name in ghost.toml
    format: str
    changes: tuple[Change, ...]
    skipped: tuple[str, ...] = ()  # what the patch asked for and is not done: shell lists

    def digest(self, policy: str = "") -> str:
        """Name this plan: SHA-256 of canonical JSON, with the checks and policy that it is for."""
        told = {
            "root": self.root,
            "policy": policy,
            "ops": [
                {
                    "path": change.path,
                    "op": change.op.value,
                    "source": change.source,
                    "base_sha256": change.base_sha256,
                    "base_mode": change.base_mode,
                    "new_sha256": change.new_sha256,
                    "new_mode": change.new_mode,
                }
                for change in self.changes
            ],
        }
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a patch, or in the file it is for, something is wrong. Lines and columns from 1."""

    path: str | None = None
    line: int | None = None
    column: int | None = None


class Refused(Exception):
    """A patch that is not applied: a stable code, the reason, and where."""

    def __init__(self, code: str, words: str, place: Place | None = None) -> None:
        """Take one of the codes of `CODES`, and words that say the way out."""
        assert code in CODES, code
        self.code = code
        self.words = words
        self.place = place or Place()
        super().__init__(words)


CODES = frozenset(
    {
        *("empty", "unknown_format", "mixed_formats", "invalid_json", "duplicate_key"),
        *("too_large", "too_many", "bad_path", "outside_root", "protected_path", "not_regular"),
        *("hard_link", "binary", "encoding", "mode", "no_match", "ambiguous", "exists", "missing"),
        *("empty_edit", "no_effect", "overlap", "regex_timeout", "regex_dangerous"),
        *("shell_refused", "elided", "prose", "instructions", "placeholder", "secret", "syntax"),
    }
)
