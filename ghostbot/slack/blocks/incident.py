"""One trouble as one living message: what is wrong, why, since when, and what can be done now."""

from __future__ import annotations

import json

from ghostbot.core.incident import About, Incident, Phase, Step
from ghostbot.slack.blocks.logs import tail_of
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
from ghostbot.slack.blocks.text import count, cut, duration, escape, name, when

RESTART = "ghost_restart"
LOGS = "ghost_logs"
HEAL = "ghost_heal"

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
HEALABLE = frozenset({Phase.DOWN, Phase.BLOCKED, Phase.FAILED, Phase.SICK, Phase.UNHEALED})
RUNS = frozenset({About.DAEMON, About.TUNNEL})  # what Ghost runs can be restarted, and has a log


def alert(incident: Incident, host: str) -> Message:
    """Return the message of a trouble as it is now. Once it is over, nothing can be pressed."""
    sign, colour = MARKS[incident.phase]
    said = headline(incident)
    head = section(f"{sign} *{name(incident.daemon)}* {said} · {name(host)}")
    details = [fields(_facts(incident))]
    if incident.lines and not incident.is_over:
        shown, _ = tail_of(incident.lines[-LINES_SHOWN:], LINES_ROOM)
        details.append(preformatted(shown))
    details.extend(actions(_buttons(incident)))
    details.append(context(_foot(incident)))
    text = f"{sign} {name(incident.daemon)} {said} on {name(host)}"
    if not incident.is_over or incident.phase is Phase.CHANGED:
        text += f": {name(incident.cause, 300)}"
    return Message(text, (head,), colour, tuple(details))


def headline(incident: Incident) -> str:
    """Say how the trouble stands, as a clause after the name of what has it."""
    last = incident.steps[-1].what if incident.steps else ""
    daemon = incident.about is About.DAEMON
    match incident.phase:
        case Phase.RECOVERED if daemon:
            return "is done" if last == "done" else "is up again"
        case Phase.STOPPED if daemon:
            return "is held" if last == "held" else "was stopped"
        case Phase.SICK if incident.about is About.GHOST:
            return "has a trouble of its own"
    return CLAUSES[incident.phase]


def _facts(incident: Incident) -> dict[str, str]:
    if incident.phase is Phase.CHANGED:
        return {"Now": name(incident.cause, 500), "Since": when(incident.changed_at)}
    known = {"Why": name(incident.cause, 500), "Since": when(incident.opened_at)}
    if incident.deaths > 1:
        known["Deaths" if incident.about is About.DAEMON else "Times"] = f"{incident.deaths:,}"
    if incident.is_over:
        known["Lasted"] = duration(incident.changed_at - incident.opened_at)
    elif incident.next_try_at is not None:
        known["Next try"] = when(incident.next_try_at)
    return known


def _buttons(incident: Incident) -> list[Block]:
    if incident.is_over:
        return []
    if incident.about not in RUNS:
        return _heals(incident)
    ids = value(incident.id, incident.daemon)
    logs = button("Logs", LOGS, ids)
    if incident.phase in HEALABLE:
        return [button("Restart now", RESTART, ids, style="primary"), logs]
    return [logs]


def _heals(incident: Incident) -> list[Block]:
    if not incident.heals or incident.phase not in HEALABLE:
        return []
    return [button("Run heal", HEAL, value(incident.id, incident.daemon), style="primary")]


def value(incident: int, daemon: str) -> str:
    """Return what a button carries: ids, by which the present state is looked up."""
    return json.dumps({"incident": incident, "daemon": daemon})


def _foot(incident: Incident) -> str:
    last = incident.steps[-1].what if incident.steps else ""
    last = f" · {escape(cut(last, 300))}" if last not in {"", incident.cause} else ""
    return f"incident {incident.id} · {count(len(incident.steps), 'step')} in the thread{last}"


def step(what: Step) -> Message:
    """Return one thing that happened, for the thread."""
    said = f"{when(what.at)}  {escape(cut(what.what, 1_000))}"
    return Message(name(what.what, 300), (context(said),))


def last_lines(incident: Incident) -> Message:
    """Return the log's last lines before the death, for the thread."""
    shown, left = tail_of(incident.lines, THREAD_ROOM)
    said = f"The last {count(len(incident.lines) - left, 'line')} of *{name(incident.daemon)}*"
    text = f"the last lines of {name(incident.daemon)}"
    return Message(text, (context(said), preformatted(shown)))
