"""What Ghost says of itself: its parts, a look right now, a plan, what was swept, its end."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ghostbot.core.plan import Plan
from ghostbot.core.snapshot import Part
from ghostbot.guards.rounds import Round
from ghostbot.orders import Outcome
from ghostbot.probes.finding import Finding
from ghostbot.process.sweep import Swept
from ghostbot.slack.blocks.menus import says
from ghostbot.slack.blocks.message import (
    Block,
    Message,
    actions,
    context,
    preformatted,
    section,
    sections,
)
from ghostbot.slack.blocks.text import clean, count, cut, duration, escape, name

ROOM, BLOCKS = 9_000, 30
SAID_MAX = 200
LINES_ROOM = 6_000  # characters on the wire
NOTES_ROOM = 2_500
WITHOUT_SHOWN = 20
SIGNS = {"ok": "🟢", "active": "🟢", "unknown": "⚪"}  # anything else is red
LOOKS = {True: "🟢", False: "🔴", None: "⚪"}


def health(parts: Sequence[Part]) -> Message:
    """Return Ghost's own parts, those in trouble first."""
    bad = [part for part in parts if part.is_bad]
    head = f"{count(len(bad), 'part')} of Ghost in trouble" if bad else "Ghost itself is well"
    lines = [_part(part) for part in sorted(parts, key=lambda part: not part.is_bad)]
    blocks, _ = sections(lines, room=ROOM, blocks=BLOCKS)
    return Message(head, (section(f"*{head}*"), *blocks))


def _part(part: Part) -> str:
    age = "" if part.age_s is None else f" · {duration(part.age_s)} ago"
    said = escape(cut(part.said, SAID_MAX))
    return f"{SIGNS.get(part.state, '🔴')} *{name(part.name)}* {part.state}: {said}{age}"


def tested(found: Sequence[tuple[Round, Finding]], without: Sequence[str]) -> Message:
    """Return what a look right now found, what failed first."""
    bad = sum(finding.ok is False for _, finding in found)
    head = f"{bad} of {count(len(found), 'look')} failed" if bad else _all_well(len(found))
    lines = [_look(*one) for one in sorted(found, key=lambda one: one[1].ok is not False)]
    blocks, left = sections(lines, room=ROOM, blocks=BLOCKS)
    feet = []
    if without:
        feet.append(f"no probe, or not running: {name(', '.join(without[:WITHOUT_SHOWN]), 150)}")
    feet += [f"… and {left} more"] if left else []
    feet.append("it counts for nothing: nothing is restarted for it")
    return Message(head, (section(f"*{head}*"), *blocks, context(" · ".join(feet))))


def _all_well(looks: int) -> str:
    return f"{count(looks, 'look')}, none failed" if looks else "There is nothing to look at"


def _look(one: Round, finding: Finding) -> str:
    took = f" in {finding.took_s * 1000:,.0f} ms" if finding.took_s else ""
    said = escape(cut(finding.said, SAID_MAX))
    return f"{LOOKS[finding.ok]} *{name(one.subject)}* {name(one.table.label)}: {said}{took}"


def alerted(told_s: float | None) -> Message:
    """Return how long a test alert took."""
    if told_s is None:
        return _plain("Nobody was told: there is no channel to tell it in, see `status`.")
    return _plain(f"🟢 Told after {told_s * 1000:,.0f} ms: look into the channel.")


def plan(found: Plan, warnings: Sequence[str]) -> Message:
    """Return what ghost.toml changes, and ask whether that is to be done."""
    blocks: list[Block] = [section("*What a reload would do*"), _lines(found.lines())]
    if warnings:
        notes = [f"⚠️ {escape(cut(warning, SAID_MAX))}" for warning in warnings]
        blocks += sections(notes, room=NOTES_ROOM, blocks=3)[0]
    if found.is_empty:
        return Message("nothing has changed", (section("Nothing has changed."), *blocks[2:]))
    sure = f"{count(len(found.removed), 'daemon')} stopped, {len(found.restarted)} restarted, "
    sure += f"{len(found.added)} started."
    row = actions([says("Reload now", "reload now", style="primary", sure=sure)])
    return Message("what a reload would do", (*blocks, *row))


def reloaded(
    found: Plan, outcomes: Sequence[Outcome], who: str, *, going_on: bool = False
) -> Message:
    """Return what a reload did, what failed first."""
    if going_on:
        head = f"🟡 {who} is still reloading ghost.toml; see `status`"
        return Message(head, (section(head), _lines(found.lines())))
    if found.is_empty:
        return _plain(f"{who} reloaded ghost.toml: nothing has changed.")
    failed = [o for o in outcomes if not o.ok]
    sign = "❌" if failed else "🟢"
    head = f"{sign} {who} reloaded ghost.toml"
    told = [f"❌ *{name(o.name)}* {escape(cut(o.said, SAID_MAX))}" for o in failed]
    blocks, left = sections(told, room=NOTES_ROOM, blocks=3)
    more = [context(f"… and {left} more that failed")] if left else []
    return Message(head, (section(head), *blocks, *more, _lines(found.lines())))


def mistakes(found: Sequence[str]) -> Message:
    """Return every mistake in ghost.toml."""
    head = f"Nothing was done: {count(len(found), 'mistake')} in ghost.toml"
    return Message(head, (section(f"*{head}*"), _lines(found)))


def _lines(lines: Sequence[str]) -> Block:
    shown: list[str] = []
    room = LINES_ROOM
    for line in lines:
        short = clean(cut(line, SAID_MAX))
        room -= len(json.dumps(short))
        if room < 0:
            break
        shown.append(short)
    left = len(lines) - len(shown)
    return preformatted("\n".join([*shown, *([f"… and {left} more"] if left else [])]))


def swept(found: Swept, *, killed: bool) -> Message:
    """Return what runs without a record, or what became of it."""
    if not found.strays:
        return _plain("Nothing that Ghost started runs without a record.")
    left = {stray.proc.pid for stray in found.left}
    lines = [
        f"{'' if not killed else 'lives on  ' if s.proc.pid in left else 'ended  '}"
        f"{s.proc.pid}  {s.daemon}  {duration(s.age_s)}  {cut(s.command, 120)}"
        for s in found.strays
    ]
    head = f"{count(len(lines), 'process')}".replace("processs", "processes")
    what = f"{head} that no record knows"
    sure = f"{head}: TERM now, and KILL for what is left."
    row = () if killed else actions([says("End them", "sweep kill", style="danger", sure=sure)])
    return Message(what, (section(f"*{what}*"), _lines(lines), *row))


def end(alive: int) -> Message:
    """Ask whether Ghost is really to end."""
    what = f"stops {count(alive, 'daemon')}, then Ghost itself"
    said = f"This {what}. Nobody can start it again from here: that takes `ghost up` there."
    sure = f"It {what}."
    row = actions([says("Stop everything", "down now", style="danger", sure=sure)])
    return Message(said, (section(said), *row))


def _plain(mrkdwn: str) -> Message:
    return Message(mrkdwn, (section(mrkdwn),))
