"""Orders of people: what each asks of a daemon, and whether it came true, in words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, assert_never

from ghostbot.core import why
from ghostbot.core.daemon import Daemon, Hold, Order, Reset, Restart, Start, State, Stop, Wanted
from ghostbot.core.rights import Role
from ghostbot.core.snapshot import DaemonView

RESETS = (State.BACKOFF, State.BLOCKED)  # where a reset starts what is not running


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `id` is `local:USER` or a Slack user id; `name` is for people to read.

    `role` is what they may; `groups` are those of daemons that an operator is limited to.
    """

    id: str
    name: str
    role: Role
    groups: frozenset[str] | None = None


def local(name: str) -> Actor:
    """Return a person of this machine: whoever may open Ghost's files may do everything."""
    return Actor(f"local:{name}", name, Role.ADMIN)


class Doing(StrEnum):
    """The orders that can be given to many at once."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    HOLD = "hold"
    RESET = "reset"


STARTS = frozenset({Doing.START, Doing.RESTART})  # what must come up first comes up with them


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order to one daemon. `said` is a clause: "is up", "did not start: …"."""

    name: str
    ok: bool
    said: str
    view: DaemonView


Outcomes = tuple[Outcome, ...]


class Queue(Protocol):
    """Restarts many, as one task of the executor's."""

    def __call__(self, names: Sequence[str], actor: Actor, *, wait: bool) -> Awaitable[Outcomes]:
        """Queue it; with `wait`, return what came of it."""


def event_of(doing: Doing, actor: Actor, for_s: float | None, asked: float | None = None) -> Order:
    """Return what is said to a daemon's watchdog; `asked` is when (monotonic), if not now."""
    if asked is None:
        asked = asyncio.get_running_loop().time()
    match doing:
        case Doing.START:
            return Start(asked)
        case Doing.STOP:
            return Stop(by=actor.name)
        case Doing.RESTART:
            return Restart(asked)
        case Doing.HOLD:
            until = None if for_s is None else asyncio.get_running_loop().time() + for_s
            return Hold(until, actor.name)
        case Doing.RESET:
            return Reset()
    assert_never(doing)


def at_once(doing: Doing, event: Order) -> str:
    """Say what became of an order that is true as soon as it was read."""
    if doing is Doing.RESET:
        return "is reset: its deaths are forgiven"
    assert isinstance(event, Hold), "the only other one"
    if event.until is None:
        return "is held until somebody starts it"
    left_s = event.until - asyncio.get_running_loop().time()
    return f"is held for {why.span(round(left_s))}"


def stopped(d: Daemon) -> tuple[bool, str] | None:
    """Say whether a stop came true; None: not yet known."""
    if d.state is State.DOWN:
        return True, "is down"
    if d.wanted is Wanted.UP:
        return False, "was started again meanwhile"
    return None


def started(d: Daemon) -> tuple[bool, str] | None:
    """Say whether a start came true; None: not yet known."""
    if d.is_ready:
        return True, "is done" if d.done else "is up"
    match d.state:
        case State.BACKOFF | State.BLOCKED:
            more = "; its breaker is open" if d.state is State.BLOCKED else ""
            return False, f"did not come up: {d.fault}{more}"
        case State.DOWN if d.fault:
            return False, f"did not come up: {d.fault}"
        case State.DOWN:
            return False, "was stopped meanwhile"
    return None
