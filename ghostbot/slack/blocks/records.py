"""What is known of all daemons at once: who takes most, their records, breakers and tunnels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ghostbot.core.daemon import Daemon
from ghostbot.core.snapshot import House, Machine
from ghostbot.core.why import Budgets, budgets
from ghostbot.core.why import why as explain
from ghostbot.guards.tunnels import TunnelView
from ghostbot.slack.blocks.message import Message, context, section, sections
from ghostbot.slack.blocks.status import mark
from ghostbot.slack.blocks.text import count, duration, escape, name, when

ROOM, BLOCKS = 10_000, 40
TOP_SHOWN = 15
SIDES = {True: "🟢 answers", False: "🔴 does not answer", None: "⚪ not known"}
MIB = 2**20


def top(shown: House, machine: Machine | None) -> Message:
    """Return the daemons that take most, and what the machine has left."""
    alive = [v for v in shown.daemons if v.pid is not None]
    most = sorted(alive, key=lambda v: (v.cpu_percent or 0.0, v.rss_bytes or 0), reverse=True)
    lines = [
        f"{mark(v)} *{name(v.name)}*  "
        f"{'–' if v.cpu_percent is None else f'{v.cpu_percent:.0f} % CPU'} · "
        f"{'–' if v.rss_bytes is None else f'{v.rss_bytes / MIB:,.0f} MiB'}"
        for v in most[:TOP_SHOWN]
    ]
    more = f" · {len(most) - TOP_SHOWN} more take less" if len(most) > TOP_SHOWN else ""
    total = sum(v.rss_bytes or 0 for v in alive) / MIB
    head = f"*{name(shown.host)}*  {count(len(alive), 'daemon')} running, {total:,.0f} MiB together"
    blocks, _ = sections(lines, room=ROOM, blocks=BLOCKS)
    return Message(
        f"{name(shown.host)}: who takes most",
        (section(head), *blocks, context(f"{_machine(machine)}{more}")),
    )


def _machine(machine: Machine | None) -> str:
    if machine is None:
        return "the machine was not looked at yet"
    load = "" if machine.load is None else f"load {machine.load[0]:.2f} on {machine.cores} cores · "
    memory = f"{machine.memory_available / 2**30:.1f} of {machine.memory_total / 2**30:.1f} GiB"
    disk = f"{machine.disk_free / 2**30:.1f} of {machine.disk_total / 2**30:.1f} GiB"
    return f"{load}{memory} memory free · {disk} disk free"


def registry(records: Sequence[Daemon], offset: float) -> Message:
    """Return every record; `offset` is the wall clock minus the monotonic one."""
    return _listed([_record(d, offset) for d in records], "the records", "no daemon has a record")


def _record(d: Daemon, offset: float) -> str:
    facts = [d.state.value]
    if d.since:
        facts.append(f"since {when(d.since + offset)}")
    if d.proc is not None:
        facts.append(f"pid {d.proc.pid}")
    facts.append(f"wanted {d.wanted.value}" + (f" by {name(d.by)}" if d.by else ""))
    facts.append(count(d.starts, "start"))
    if d.exits:
        facts.append(f"{count(len(d.exits), 'exit')} known")
    return f"*{name(d.name)}*  {' · '.join(facts)}"


def backoff(records: Iterable[Daemon], now: float) -> Message:
    """Return the daemons with deaths not yet forgiven, and when each is tried next."""
    found = [(d, budgets(d, now)) for d in records]
    near = [(d, b) for d, b in found if b.unforgiven or b.breaker != "closed"]
    lines = [_budget(d, b, now) for d, b in near]
    return _listed(lines, "who died of late", "No daemon has a death that is not forgiven.")


def _budget(d: Daemon, b: Budgets, now: float) -> str:
    sign = "🟠" if b.breaker == "closed" else "🔴"
    deaths = f"{b.recent} of {count(b.max_restarts, 'death')} within {b.window_s:g} s"
    return (
        f"{sign} *{name(d.name)}*  breaker {b.breaker} · {deaths}\n{escape(explain(d, now).next)}"
    )


def tunnels(found: Sequence[TunnelView]) -> Message:
    """Return every tunnel: where it is reached from outside, and how both of its ends are."""
    none = 'There is no tunnel in ghost.toml: write one as a daemon with `kind = "tunnel"`.'
    return _listed([_tunnel(view) for view in found], "the tunnels", none)


def _tunnel(view: TunnelView) -> str:
    stale = "" if view.is_current or not view.url else f" (its last; it is {view.state.value})"
    where = f"`{escape(view.url)}`{stale}" if view.url else "no address yet"
    age = "never looked at" if view.age_s is None else f"looked at {duration(view.age_s)} ago"
    often = f" · {view.reconnects} reconnects in the last hour" if view.reconnects else ""
    sides = f"outside {SIDES[view.public]} · inside {SIDES[view.local]} · {age}{often}"
    said = f"\n{name(view.said, 200)}" if view.said and view.public is not True else ""
    return f"*{name(view.name)}*  {where}\n{sides}{said}"


def _listed(lines: Sequence[str], text: str, none: str) -> Message:
    if not lines:
        return Message(none, (section(none),))
    blocks, left = sections(lines, room=ROOM, blocks=BLOCKS)
    if left:
        blocks.append(context(f"… and {left} more: on the machine, `ghost` shows all"))
    return Message(text, tuple(blocks))
