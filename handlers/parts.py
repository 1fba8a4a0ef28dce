"""The parts that listeners about patches work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ghostbot.core.proposal import Proposal, Status
from ghostbot.patches.offer import Decider, Offer
from ghostbot.slack.agents import Agents
from ghostbot.slack.files import Files
from ghostbot.slack.listening import Listening
from ghostbot.slack.patches import Cards

HELD_MAX = 50


class Pipeline(Protocol):
    """The one way of a patch (patches/pipeline.py), as far as people in Slack ask for it."""

    async def submit(self, offer: Offer) -> tuple[Proposal, bool]:
        """Take an offer; True where it is new."""

    async def get(self, id: str) -> Proposal:  # noqa: A002 - the word of the API
        """Return one. Raises NoSuch."""

    async def find(
        self,
        *,
        root: str | None = None,
        status: Status | None = None,
        submitter: str | None = None,
        limit: int = 50,
    ) -> list[Proposal]:
        """Return those, the newest first."""

    async def diff(self, id: str) -> str:  # noqa: A002
        """Return what it changes."""

    async def approve(self, id: str, by: Decider, digest: str, tail: str | None = None) -> Proposal:  # noqa: A002
        """Store a yes."""

    async def reject(self, id: str, by: Decider, digest: str, why: str | None = None) -> Proposal:  # noqa: A002
        """Store the no."""

    async def revert(self, id: str, by: Decider) -> Proposal:  # noqa: A002
        """Propose the opposite."""


@dataclass(slots=True)
class Held:
    """Messages whose patches' root somebody is being asked for, by a word in their window."""

    messages: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def keep(self, word: str, message: Mapping[str, Any]) -> None:
        """Keep one; the oldest is let go."""
        self.messages[word] = message
        while len(self.messages) > HELD_MAX:
            del self.messages[next(iter(self.messages))]


@dataclass(frozen=True, slots=True)
class Patching:
    """The pipeline, what is said of it in Slack, and who may post into it."""

    pipeline: Pipeline
    cards: Cards
    files: Files
    agents: Agents
    roots: Callable[[], tuple[str, ...]]  # the names of those that may be patched
    listening: Listening | None = None  # None: what was posted while Ghost was away stays unread
    held: Held = field(default_factory=Held)
