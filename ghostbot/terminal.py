"""What the terminal of `ghost up` shows: where everything is, then a line for each turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import assert_never

from ghostbot.bus import Bus, Feed, Turned
from ghostbot.config.model import Config
from ghostbot.core import incident
from ghostbot.core.daemon import Daemon, State
from ghostbot.veil import hide

MARKS = {"good": "\x1b[32m●\x1b[0m", "bad": "\x1b[31m●\x1b[0m", "between": "\x1b[33m●\x1b[0m"}
PLAYGROUND = "  Playground   "  # before its address; `ghost up --detach` looks for it
PLAIN = {"good": "●", "bad": "✗", "between": "○"}


def say(line: str = "") -> None:
    """Print a line at once. A terminal that is gone is no reason to stop supervising."""
    try:
        sys.stdout.write(hide(line) + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        pass


def welcome(
    config: Config,
    notes: Iterable[str],
    *,
    page_url: str | None,
    slack: str | None,
    code: str | None = None,
) -> None:
    """Say where everything is, and what to type first.

    `page_url` is the playground's; `slack` says why there is no Slack, where there is none;
    `code` makes the first admin.
    """
    for note in notes:
        say(f"note: {note}")
    count = len(config.daemons)
    daemons = "the one daemon" if count == 1 else f"the {count} daemons"
    say(f"Ghost keeps {daemons} of {config.path.name} on {config.ghost.name}.")
    if page_url:
        say("")
        say(f"{PLAYGROUND}{page_url}")
        say(f"               open it in a browser and type:  {config.slack.command} status")
    elif slack:
        say(f"  Slack is {slack}: the daemons run without it; see `ghost slack setup`.")
    if code:
        say(f"  Admin        whoever types  {config.slack.command} claim {code}  within 10 minutes")
    if config.web.listen:
        say(f"  API          http://{config.web.listen[0]}:{config.web.listen[1]}/health")
    say("  Terminal     ghost status, ghost logs NAME, ghost restart NAME")
    say("")
    say("Ctrl-C stops the daemons and Ghost; pressed twice, it leaves the daemons running.")
    say("")


async def narrate(bus: Bus, out: Callable[[str], None] = say, *, kept: Feed | None = None) -> None:
    """Say each change of a daemon in a line, for ever; first what was `kept`."""
    marks = MARKS if sys.stdout.isatty() else PLAIN
    with bus.listen(kept) as feed:
        while True:
            fact = await feed.get()
            if told := words(fact):
                kind, text = told
                clock = time.strftime("%H:%M:%S", time.localtime(fact.at))
                out(f"  {clock} {marks[kind]} {fact.after.name:<18} {text}")


def words(fact: Turned) -> tuple[str, str] | None:
    """Say what a turn means to someone who watches, and whether it is good; None: nothing."""
    before, after = fact.before, fact.after
    if after.state is before.state:
        return None
    if incident.is_death(before, after):
        return "bad", _death(after)
    match after.state:
        case State.STARTING:
            return ("between", "starting") if after.proc is None else None
        case State.UP:
            return "good", f"up, pid {after.proc.pid}" if after.proc else "up"
        case State.WAITING:
            return "between", f"waiting for {', '.join(after.gate)}"
        case State.STOPPING:
            return "between", f"stopping: {after.fault}" if after.fault else "stopping"
        case State.KILLING:
            return "between", "does not stop: killing it and all that it started"
        case State.DOWN:
            return ("good", "done") if after.done else ("between", "down")
        case State.BACKOFF | State.BLOCKED:
            return None  # only ever reached by a death
    assert_never(after.state)


def _death(after: Daemon) -> str:
    wait_s = max(0.0, after.deadline - after.since) if after.deadline is not None else 0.0
    if after.state is State.BLOCKED:
        return f"{after.fault}; blocked, tried again in {wait_s:.0f} s"
    if after.state is State.BACKOFF:
        return f"{after.fault}; starting again in {wait_s:.1f} s"
    return f"{after.fault}; not started again"
