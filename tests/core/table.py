"""Draws the table of states and events by running step(): `python -m tests.core.table --write`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL

from ghostbot.core.daemon import (
    Adopted,
    Cleared,
    Daemon,
    Drilled,
    Effect,
    Elapsed,
    Event,
    Exited,
    Gated,
    Gone,
    Hold,
    Proc,
    Ready,
    Renew,
    Reset,
    Restart,
    Resumed,
    Sick,
    Signal,
    Spawn,
    Spawned,
    Start,
    State,
    Stop,
    Unspawned,
    Wanted,
    step,
)
from ghostbot.core.restart import Policy, Record

PAGE = Path(__file__).parents[2] / "ARCHITECTURE.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
P, NOW = Proc(7, 7, "boot"), 1000.0
RUNS = (State.STARTING, State.UP, State.STOPPING, State.KILLING)


def at(state: State, wanted: Wanted = Wanted.UP, **more: object) -> Daemon:
    """Return a daemon in a state that it can really be in."""
    rests = state in (State.DOWN, State.WAITING)
    d = Daemon(
        "web",
        Policy(),
        state=state,
        wanted=wanted,
        proc=P if state in RUNS else None,
        gate=("db",) if state is State.WAITING else (),
        record=Record(unforgiven=1, deaths=(NOW,), trips=int(state is State.BLOCKED)),
        deadline=None if rests else NOW,
    )
    return replace(d, **more)  # type: ignore[arg-type]


ROWS = {
    "down": at(State.DOWN, Wanted.DOWN),
    "down, held": at(State.DOWN, Wanted.HELD),
    "waiting": at(State.WAITING),
    "starting, spawning": at(State.STARTING, proc=None, deadline=None),
    "starting": at(State.STARTING),
    "up": at(State.UP),
    "up, held": at(State.UP, Wanted.HELD),
    "stopping, to restart": at(State.STOPPING),
    "stopping, unwanted": at(State.STOPPING, Wanted.DOWN),
    "stopping, at fault": at(State.STOPPING, fault="exited 1"),
    "killing, unwanted": at(State.KILLING, Wanted.DOWN),
    "backoff": at(State.BACKOFF),
    "blocked": at(State.BLOCKED),
}
EVENTS: dict[str, Event] = {
    "Start": Start(),
    "Stop": Stop(),
    "Restart": Restart(),
    "Hold": Hold(),
    "Reset": Reset(),
    "Renew": Renew("memory over 100 MB"),
    "Renew, afresh": Renew("app.py changed", afresh=True),
    "Spawned": Spawned(P),
    "Unspawned": Unspawned("no such file", own=False),
    "Unspawned, own": Unspawned("process slots", own=True),
    "Adopted": Adopted(P),
    "Ready": Ready(P),
    "Sick": Sick(P, "500"),
    "Exited": Exited(P, 1),
    "Exited, left": Exited(P, 1, left=True),
    "Gone": Gone(P),
    "Drilled": Drilled(P),
    "Gated": Gated("cache"),
    "Cleared": Cleared(),
    "Elapsed": Elapsed(),
    "Resumed": Resumed(),
}


def cell(d: Daemon, event: Event) -> str:
    """Say in one cell what an event does to a daemon: new state, new wish, effects."""
    after, effects = step(d, event, NOW)
    words = [after.state.value] if after.state is not d.state else []
    if after.wanted is not d.wanted:
        words.append(f"want {after.wanted.value}")
    words += [w for e in effects if (w := _effect(e))]
    if not words:
        return "=" if after != d else "·"
    return ", ".join(words)


def _effect(effect: Effect) -> str | None:
    match effect:
        case Spawn():
            return "**spawn**"
        case Signal(_, signal):
            return "**KILL**" if signal is SIGKILL else "**TERM**"
    return None


def table() -> str:
    """Return the whole table in Markdown: a row an event, a column a state."""
    head = "| | " + " | ".join(ROWS) + " |"
    lines = [head, "|---" * (len(ROWS) + 1) + "|"]
    for name, event in EVENTS.items():
        lines.append(f"| {name} | " + " | ".join(cell(d, event) for d in ROWS.values()) + " |")
    return "\n".join(lines)


def written() -> str:
    """Return the table that stands in ARCHITECTURE.md."""
    page = PAGE.read_text(encoding="utf-8")
    return page.split(BEGIN)[1].split(END)[0].strip()


if __name__ == "__main__":
    if "--write" in sys.argv:
        text = PAGE.read_text(encoding="utf-8")
        head, rest = text.split(BEGIN)
        tail = rest.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n{table()}\n{END}{tail}", encoding="utf-8")
    else:
        sys.stdout.write(table() + "\n")
