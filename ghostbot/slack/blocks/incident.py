"""One trouble as one living message: what is wrong, why, since when, and what can be done now."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ghostbot.core.incident import (
    BY_WEIGHT,
    STEPS_KEPT,
    About,
    Call,
    Incident,
    Part,
    Person,
    Phase,
    Step,
)
from ghostbot.core.meaning import meaning
from ghostbot.slack.blocks.forms import menu, option, select
from ghostbot.slack.blocks.logs import tail_of
from ghostbot.slack.blocks.menus import ASK, SAY
from ghostbot.slack.blocks.message import (
    Block,
    Message,
    actions,
    button,
    context,
    fields,
    preformatted,
    section,
)
from ghostbot.slack.blocks.patch_words import REVERT
from ghostbot.slack.blocks.text import count, cut, duration, escape, name, when

RESTART = "ghost_restart"
LOGS = "ghost_logs"
HEAL = "ghost_heal"
ACK = "ghost_ack"
SILENCE = "ghost_silence"

SILENCE_S = 3_600.0  # what a button of an earlier Ghost asks for
SILENCES = (("30 min", 1_800), ("1 h", 3_600), ("4 h", 14_400), ("1 day", 86_400))
NAMED = 3  # of several daemons, in the headline; the rest stand below
PARTS_SHOWN = 12
DEEDS_SHOWN = 3  # of people, in the message; the thread has all

LINES_SHOWN = 6  # of the log, in the message; the thread has the rest
LINES_ROOM = 1_500  # characters
THREAD_ROOM = 9_000

MARKS = {
    Phase.DOWN: ("🔴", "#a30200"),
    Phase.RESTARTING: ("🟡", "#daa038"),
    Phase.RECOVERED: ("🟢", "#2eb886"),
    Phase.BLOCKED: ("⛔", "#a30200"),
    Phase.FAILED: ("🔴", "#a30200"),
    Phase.STOPPED: ("⚪", "#dddddd"),
    Phase.SICK: ("🔴", "#a30200"),
    Phase.HEALING: ("🟡", "#daa038"),
    Phase.UNHEALED: ("⛔", "#a30200"),
    Phase.CHANGED: ("🔗", "#439fe0"),
}
CLAUSES = {
    Phase.DOWN: "died",
    Phase.RESTARTING: "is starting again",
    Phase.RECOVERED: "is well again",
    Phase.BLOCKED: "is blocked",
    Phase.FAILED: "died and is not started again",
    Phase.STOPPED: "is followed no more",
    Phase.SICK: "is sick",
    Phase.HEALING: "is sick and being healed",
    Phase.UNHEALED: "is sick, and it is up to people now",
    Phase.CHANGED: "has another address",
}
SEVERAL = {
    Phase.DOWN: "died together",
    Phase.RESTARTING: "are starting again",
    Phase.RECOVERED: "are up again",
    Phase.STOPPED: "are followed no more",
}
OF_SEVERAL = {  # how one and how many of them are
    Phase.BLOCKED: ("is blocked", "are blocked"),
    Phase.FAILED: ("is not started again", "are not started again"),
}
HEALABLE = frozenset({Phase.DOWN, Phase.BLOCKED, Phase.FAILED, Phase.SICK, Phase.UNHEALED})
RUNS = frozenset({About.DAEMON, About.TUNNEL})  # what Ghost runs can be restarted, and has a log


def alert(incident: Incident, host: str) -> Message:
    """Return the message of a trouble as it is now. Once it is over, nothing can be pressed."""
    sign, colour = MARKS[incident.phase]
    said = headline(incident)
    head = section(f"{sign} {title(incident)} {said} · {name(host)}")
    details = [section(_why(incident)), fields(_facts(incident))]
    if incident.parts:
        details.append(section(_parts(incident.parts)))
    if incident.lines and not incident.is_over:
        shown, _ = tail_of(incident.lines[-LINES_SHOWN:], LINES_ROOM)
        details.append(preformatted(shown))
    details.extend(actions(_buttons(incident)))
    details.extend(context(line) for line in _feet(incident))
    text = f"{sign} {_plain_title(incident)} {said} on {name(host)}"
    if not incident.is_over or incident.phase is Phase.CHANGED:
        text += f": {name(incident.cause, 300)}"
    return Message(text, (head,), colour, tuple(details))


def title(incident: Incident) -> str:
    """Name whom it is about."""
    return _joined([f"*{name(one)}*" for one in incident.names])


def _plain_title(incident: Incident) -> str:
    return _joined([name(one) for one in incident.names])


def _joined(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def headline(incident: Incident) -> str:
    """Say how the trouble stands, as a clause after the name of what has it."""
    last = incident.steps[-1].what if incident.steps else ""
    daemon = incident.about is About.DAEMON
    if incident.into:
        return f"is part of incident {incident.into}"
    if len(incident.parts) > 1:
        return _of_several(incident)
    match incident.phase:
        case Phase.RECOVERED if daemon:
            return "is done" if last == "done" else "is up again"
        case Phase.STOPPED if daemon:
            how = last.split(" by ")[0] in ("held", "stopped")
            return f"was {name(last, 100)}" if how else "was stopped"
        case Phase.SICK if incident.about is About.GHOST:
            return "has a trouble of its own"
    return CLAUSES[incident.phase]


def _of_several(incident: Incident) -> str:
    """Say how those stand that died together, and how many of them are worst off."""
    phases = [part.phase for part in incident.parts]
    alike = phases.count(incident.phase)
    if incident.phase in OF_SEVERAL:
        one, many = OF_SEVERAL[incident.phase]
        how = f"one {one}" if alike == 1 else f"{alike:,} {many}"
        return f"died together, and {f'all {many}' if alike == len(phases) else how}"
    said = SEVERAL.get(incident.phase, CLAUSES[incident.phase])
    stopped = phases.count(Phase.STOPPED)
    if incident.phase is Phase.RECOVERED and stopped:
        return f"{said}, but for {stopped:,} that {'was' if stopped == 1 else 'were'} stopped"
    return said


def _why(incident: Incident) -> str:
    """Say what happened, and what happened just before it: the first thing that people ask."""
    if incident.phase is Phase.CHANGED:
        return name(incident.cause, 500)
    just_before = [f"patch {incident.patch} was applied"] if incident.patch else []
    if incident.changed:
        just_before.append(incident.changed)
    said = why(incident.cause)
    if how := _blocked(incident):
        said = f"{name(incident.cause, 500)} · {name(how)}: it is tried again ever more seldom"
    return f"{said}\n*Just before:* {name('; '.join(just_before), 500)}" if just_before else said


def _blocked(incident: Incident) -> str:
    """Return why a breaker is open, as the last step that opened one says it; or nothing."""
    if incident.phase is not Phase.BLOCKED:
        return ""
    said = [step.what.partition("; blocked: ")[2] for step in incident.steps]
    return next((how for how in reversed(said) if how), "")


def _facts(incident: Incident) -> dict[str, str]:
    if incident.phase is Phase.CHANGED:
        return {"Since": when(incident.changed_at)}
    known = {"Since": when(incident.opened_at)}
    if incident.next_try_at is not None and not incident.is_over:
        known["Next try"] = when(incident.next_try_at)
    if incident.is_over:
        known["Lasted"] = duration(incident.changed_at - incident.opened_at)
    if incident.deaths > max(1, len(incident.parts)):
        known["Deaths" if incident.about is About.DAEMON else "Times"] = f"{incident.deaths:,}"
    if incident.restarts and not incident.parts:  # of several, the deaths say it
        known["Restarts"] = f"{incident.restarts:,}"
    if incident.is_over:
        return known
    if incident.acked is not None:
        known["In hand"] = f"{person(incident.acked.by)}, {when(incident.acked.at)}"
    if incident.silenced is not None:
        silent = incident.silenced
        known["Silent until"] = f"{when(silent.until)}, by {person(silent.by)}"
    return known


def why(cause: str) -> str:
    """Return a cause, and what it usually means where its words do not say it."""
    usual = meaning(cause)
    return name(cause, 500) + (f"\n_{escape(usual)}_" if usual else "")


def person(by: Person) -> str:
    """Return somebody as Slack shows people, or their name where they are none of Slack's."""
    return f"<@{by.id}>" if by.id.isalnum() and by.id.isascii() else name(by.name)


def _parts(parts: tuple[Part, ...]) -> str:
    worst_first = sorted(parts, key=lambda part: -BY_WEIGHT.index(part.phase))
    lines = [
        f"{MARKS[p.phase][0]} *{name(p.name)}* {CLAUSES[p.phase]}: {name(p.cause, 100)}"
        for p in worst_first[:PARTS_SHOWN]
    ]
    if len(parts) > PARTS_SHOWN:
        lines.append(f"… and {len(parts) - PARTS_SHOWN} more")
    return "\n".join(lines)


def _buttons(incident: Incident) -> list[Block]:
    if incident.is_over:
        return []
    ids = value(incident.id, incident.daemon)
    row = []
    if incident.about not in RUNS:
        row += _heals(incident)
    elif incident.phase in HEALABLE:
        label = "Restart them now" if incident.parts else "Restart now"
        row.append(button(label, RESTART, ids, style="primary"))
    if incident.acked is None:
        row.append(button("Acknowledge", ACK, ids))
    if incident.silenced is None:
        row.append(_silence(incident))
    if incident.about in RUNS:
        row.append(button("Logs", LOGS, ids))
        row.append(menu(SAY, _more(incident)))
    if incident.patch:
        of_patch = json.dumps({"patch": incident.patch})
        row.append(button(f"Revert {incident.patch}", REVERT, of_patch, style="danger"))
    return row


def _silence(incident: Incident) -> Block:
    """Return the menu of how long a trouble is to be silent."""
    ids = {"incident": incident.id, "daemon": incident.daemon}
    spans = [option(said, json.dumps({**ids, "for": s})) for said, s in SILENCES]
    return select(SILENCE, spans, hint="Silence …")


def _more(incident: Incident) -> list[tuple[str, str]]:
    """Return what else makes sense now, as lines that could be typed."""
    name_of = incident.daemon
    lines = [("Why", f"why {name_of}")]
    if incident.phase is Phase.BLOCKED and not incident.parts:
        lines.append(("Reset: forgive, try again", f"reset {name_of}"))
    return [*lines, ("Hold …", f"{ASK}hold {name_of}"), ("Stop …", f"{ASK}stop {name_of}")]


def _heals(incident: Incident) -> list[Block]:
    if not incident.heals or incident.phase not in HEALABLE:
        return []
    return [button("Run heal", HEAL, value(incident.id, incident.daemon), style="primary")]


def value(incident: int, daemon: str) -> str:
    """Return what a button carries: ids, by which the present state is looked up."""
    return json.dumps({"incident": incident, "daemon": daemon})


def _feet(incident: Incident) -> list[str]:
    """Return the small print: what people did, and where the rest is."""
    last = incident.steps[-1].what if incident.steps else ""
    how = _blocked(incident)
    known = last in {"", incident.cause} or headline(incident).endswith(last)
    known = known or bool(how and last.endswith(how))
    last = "" if known else f" · {escape(cut(last, 300))}"
    deeds = [s for s in incident.steps if s.by is not None][-DEEDS_SHOWN:]
    done = " · ".join(f"{_deed(s)}, {when(s.at, '{time}')}" for s in deeds)
    steps, is_long = len(incident.steps), len(incident.steps) >= STEPS_KEPT
    said = "the steps are" if is_long else count(steps, "step")
    foot = f"incident {incident.id} · {said} in the thread"
    if deeds and incident.steps[-1] is deeds[-1]:
        last = ""  # it stands in the line above
    return [*([done] if done else []), foot + last]


def _deed(step: Step) -> str:
    """Return what happened, with who did it where somebody did."""
    what = escape(cut(step.what, 1_000))
    return f"{person(step.by)} {what}" if step.by is not None else what


def step(what: Step) -> Message:
    """Return one thing that happened, for the thread."""
    plain = f"{what.by.name} {what.what}" if what.by is not None else what.what
    return Message(name(plain, 300), (context(f"{when(what.at)}  {_deed(what)}"),))


def call(incident: Incident, what: Step, mention: str = "") -> Message:
    """Return a step that is to be noticed: a page, which names people, or a reminder.

    `mention` is Slack's markup for whom a page names.
    """
    sign, _ = MARKS[incident.phase]
    said = f"{sign} {title(incident)}: {escape(cut(what.what, 1_000))}"
    if what.call is Call.PAGE and mention:
        said = f"{mention} {said}"
    body = (section(said), context(f"incident {incident.id}, {when(what.at)}"))
    return Message(said, body)


def last_lines(incident: Incident) -> Message:
    """Return the log's last lines before the death, for the thread."""
    shown, left = tail_of(incident.lines, THREAD_ROOM)
    said = f"The last {count(len(incident.lines) - left, 'line')} of *{name(incident.daemon)}*"
    text = f"the last lines of {name(incident.daemon)}"
    return Message(text, (context(said), preformatted(shown)))
