"""A piece of long work, from the queue to its end: pure.

Rule 1: what is over stays over: no event brings a task back.
Rule 2: what was running when Ghost ended is interrupted. It is not run again, as nobody knows how
        far it came; what was still queued is.
Rule 3: what a task keeps of its words and output is bounded, whatever it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

SAID_MAX = 500  # characters of a line; more is no line
OUTPUT_MAX = 8_000  # characters kept of what a command wrote: the end tells most


class State(StrEnum):
    """Where a task is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"
    INTERRUPTED = "interrupted"


OVER = frozenset(State) - {State.QUEUED, State.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work. Instants are UTC epoch seconds."""

    id: int
    kind: str  # action, heal, order, …: what it is counted with
    title: str  # for people: "run deploy", "restart 12 daemons"
    by: str  # who asked
    state: State = State.QUEUED
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    said: str = ""  # how it goes; the last word once it is over
    output: str = ""  # the end of what a command wrote
    limit: str | None = None  # of those with the same limit one runs at a time
    timeout_s: float = 600.0
    args: Mapping[str, str] = field(default_factory=dict)  # what it takes to begin it once more

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class Began: ...


@dataclass(frozen=True, slots=True)
class Said:
    """It tells how it goes, or hands over what a command wrote."""

    what: str | None = None
    output: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """It came to an end, with a last word."""

    state: State
    said: str


@dataclass(frozen=True, slots=True)
class Found:
    """A new Ghost finds it in the store; `again` says that it knows how to begin it."""

    again: bool


Event = Began | Said | Ended | Found


def step(task: Task, event: Event, at: float) -> Task:
    """Return the task after `event` at `at`; the same one where that changes nothing."""
    match event, task.state:
        case Began(), State.QUEUED:
            return replace(task, state=State.RUNNING, started_at=at)
        case Said(what, output), State.RUNNING:
            said = task.said if what is None else line(what)
            kept = task.output if output is None else tail(output)
            return replace(task, said=said, output=kept)
        case Ended(state, said), State.RUNNING | State.QUEUED:
            assert state in OVER, "an end is one of those that are over"
            return _ended(task, state, said, at)
        case Found(), State.RUNNING:
            how = f": {task.said}" if task.said else ""
            return _ended(task, State.INTERRUPTED, f"Ghost ended while it ran{how}", at)
        case Found(again=False), State.QUEUED:
            return _ended(task, State.INTERRUPTED, "Ghost ended before it began", at)
    return task


def _ended(task: Task, state: State, said: str, at: float) -> Task:
    return replace(task, state=state, said=line(said), ended_at=at)


def line(text: str) -> str:
    """Return `text` as one line of bounded length."""
    one = " ".join(text.split())
    return one if len(one) <= SAID_MAX else f"{one[: SAID_MAX - 1]}…"


def tail(text: str) -> str:
    """Return the end of what a command wrote."""
    return text if len(text) <= OUTPUT_MAX else f"…{text[1 - OUTPUT_MAX :]}"
