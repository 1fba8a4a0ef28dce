"""A patch that a person carried out at the machine, past the pipeline: `ghost patch apply`."""

from __future__ import annotations

from dataclasses import dataclass

from ghostbot.core.proposal import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What became of it, as the command line told Ghost."""

    id: str  # of its journal, by which `ghost patch revert` knows it
    status: Status
    root: str  # its name in ghost.toml
    by: str  # the name of who did it
    files: tuple[str, ...]
    reason: str | None = None
    is_unattended: bool = False  # with --yes: nobody looked at it first
    is_verified: bool = True  # with the checks of its root
