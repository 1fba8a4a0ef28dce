"""The parts that listeners about patches work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ghostbot.patches.pipeline import Pipeline
from ghostbot.slack.agents import Agents
from ghostbot.slack.files import Files
from ghostbot.slack.listening import Listening
from ghostbot.slack.patches import Cards

HELD_MAX = 50


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
