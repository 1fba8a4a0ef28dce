"""What a patch may ask of the tree it is for while it is planned: names and bytes, no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

FILE_BYTES = 5 * 1024 * 1024  # the most that is read, and so the most that is written


@dataclass(frozen=True, slots=True)
class File:
    """A regular file as it is: all its bytes, and its mode as git writes it (0o100644)."""

    data: bytes
    mode: int


class Files(Protocol):
    """A root, seen by those who plan. Nothing here writes."""

    def checked(self, path: str) -> str:
        """Return the path as seen from the root, in the one form that plans use.

        Raises Refused: bad_path, outside_root, protected_path.
        """
        ...

    def read(self, path: str) -> File | None:
        """Return what stands at a checked path; None where nothing does.

        Raises Refused: not_regular, hard_link, too_large, and what `checked` raises.
        """
        ...
