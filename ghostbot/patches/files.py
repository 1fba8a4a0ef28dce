"""What a plan is made from: the files of a root, as they are when somebody asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class File:
    """A regular file. `mode` is PLAIN or EXECUTABLE, as its owner may run it."""

    data: bytes
    mode: int


class Files(Protocol):
    """Reads the files of one root."""

    def read(self, path: str) -> File | None:
        """Return the file, or None where there is none.

        Raises Refused for paths that no patch may touch: `bad_path`, `outside_root`,
        `protected_path`, `not_regular`, `hard_link`, `mode`, `too_large`.
        """
        ...
