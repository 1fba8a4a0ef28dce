"""What Ghost answers, in words: each outcome and each refusal, once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any

from slack_bolt.response import BoltResponse

from ghostbot.core.daemon import ALIVE
from ghostbot.core.incident import About, Incident, phase_in
from ghostbot.core.task import Task
from ghostbot.core.verbs import VERBS
from ghostbot.core.words import Ask, did_you_mean
from ghostbot.errors import BadRequest, ConfigError, GhostError, NotAllowed
from ghostbot.ghost import Ghost
from ghostbot.orders import Actor, Doing, Outcome
from ghostbot.slack.blocks import help as helps
from ghostbot.slack.blocks import incident as incidents
from ghostbot.slack.blocks import logs as log_blocks
from ghostbot.slack.blocks import own as owns
from ghostbot.slack.blocks import status as statuses
from ghostbot.slack.blocks import why as whys
from ghostbot.slack.blocks.menus import May, row
from ghostbot.slack.blocks.message import Message, section
from ghostbot.slack.blocks.text import count, cut, escape, name
from ghostbot.slack.places import Place
from ghostbot.slack.presses import AlreadyPressed
from handlers.means import Means

DIGITS = 16  # a longer number is no task's
NAMED_MAX = 20  # outcomes told one by one

PROGRESS = {
    Doing.START: "is starting",
    Doing.STOP: "is stopping",
    Doing.RESTART: "is restarting",
    Doing.HOLD: "is holding",
    Doing.RESET: "is resetting",
}
DONE = {
    Doing.START: "started",
    Doing.STOP: "stopped",
    Doing.RESTART: "restarted",
    Doing.HOLD: "held",
    Doing.RESET: "reset",
}

LISTS = {  # by the code of NoSuch: the verb that shows what there is
    "no_such_daemon": "status",
    "no_such_action": "run",
    "no_such_task": "tasks",
    "no_such_incident": "incidents",
    "no_such_patch": "patch list",
}

log = logging.getLogger("ghost.slack")


def status(ghost: Ghost, names: Sequence[str], may: May) -> Message:
    """Return the house, one daemon in detail with what may be done, or some of them."""
    if not names:
        return statuses.house(ghost.house())
    meant = ghost.names(names, "show")
    if len(meant) == 1:
        view = ghost.daemon(meant[0])
        return statuses.daemon(view, row(view, may))
    return statuses.house(ghost.house(), [ghost.daemon(one) for one in meant])


async def why(ghost: Ghost, asked: str) -> Message:
    """Return what happened to a daemon, and what comes next."""
    return whys.why(await ghost.why(asked))


async def logs(ghost: Ghost, ask: Ask, place: Place) -> None:
    """Tell the last lines of a daemon's log, and put those that do not fit there into a file."""
    (daemon,) = ask.names
    tail = await ghost.logs(daemon, lines=ask.lines, grep=ask.grep)
    files = place.takes_files
    message, left = log_blocks.logs(daemon, tail, grep=ask.grep, as_file=files)
    await place.tell(message)
    if left and files:
        title = f"the last {count(len(tail.lines), 'line')} of {daemon}"
        await place.put(f"{daemon}.log", log_blocks.whole(tail, ask.grep), title)


def help_for(names: Sequence[str], may: Collection[str], command: str) -> Message:
    """Return the first verbs, all, or one. Raises BadRequest for a verb that is none."""
    if not names:
        return helps.first(may, command)
    verb = names[0].lower()
    if verb == "all":
        return helps.every(may, command)
    if verb not in VERBS:
        raise BadRequest(f"cannot explain “{names[0]}”: no such verb{did_you_mean(verb, VERBS)}")
    return helps.verb(VERBS[verb], command)


def under_way(doing: Doing, names: Sequence[str], actor: Actor) -> Message:
    """Say what has been asked for, and by whom."""
    what = f"{person(actor)} {PROGRESS[doing]} {listed(names)} …"
    return plain(what)


def came_of(doing: Doing, outcomes: Sequence[Outcome], actor: Actor) -> Message:
    """Say what became of it, for each daemon."""
    who = person(actor)
    if len(outcomes) == 1:
        (one,) = outcomes
        did = DONE[doing] if one.ok else f"wanted to {doing.value}"
        return plain(f"{sign(one)} {who} {did} *{name(one.name)}*: {escape(cut(one.said, 500))}")
    well = sum(o.ok for o in outcomes)
    head = f"{who} {DONE[doing]} {well} of {count(len(outcomes), 'daemon')}"
    # What did not come true is what people must read: it stands first.
    told = sorted(outcomes, key=lambda o: o.ok)[:NAMED_MAX]
    lines = [f"{sign(o)} *{name(o.name)}* {escape(cut(o.said, 100))}" for o in told]
    if len(outcomes) > NAMED_MAX:
        lines.append(f"… and {len(outcomes) - NAMED_MAX} more")
    return plain("\n".join([head, *lines]))


def number(word: str, what: str = "task") -> int:
    """Return the number of a task or an incident. Raises BadRequest."""
    if not (word.isascii() and word.isdigit() and len(word) < DIGITS):
        raise BadRequest(f"cannot find {what} “{cut(word, 50)}”: name it by its number")
    return int(word)


def running(action: str, actor: Actor) -> Message:
    """Say that an action has been asked for, and by whom."""
    return plain(f"{person(actor)} is running *{name(action)}* …")


def drilling(daemon: str, actor: Actor) -> Message:
    """Say that a daemon is killed on purpose, and by whom."""
    return plain(f"{person(actor)} is drilling *{name(daemon)}*: killed on purpose …")


def cancelled(task: Task, actor: Actor) -> Message:
    """Say that a task is being ended, and by whom."""
    return plain(f"{person(actor)} cancelled task {task.id}: *{name(task.title)}*")


def healing(check: str, actor: Actor) -> Message:
    """Say that a check is being healed, and by whom."""
    return plain(f"{person(actor)} has *{name(check)}* healed …")


def cared(said: str, actor: Actor) -> Message:
    """Say what somebody did about a trouble."""
    return plain(f"{person(actor)}: {escape(cut(said, 300))}")


def cared_already(said: str) -> Message:
    """Say that nothing had to be done."""
    return plain(f"Nothing was done: {escape(cut(said, 300))}.")


def sign(outcome: Outcome) -> str:
    """Return the mark of an outcome: how the daemon is where it came true."""
    return statuses.mark(outcome.view) if outcome.ok else "❌"


def person(actor: Actor) -> str:
    """Return the asker as Slack shows people, or their name where they are none of Slack's."""
    return f"<@{actor.id}>" if actor.id.isalnum() else name(actor.name)


def listed(names: Sequence[str]) -> str:
    """Return daemons in words."""
    if len(names) > NAMED_MAX:
        return count(len(names), "daemon")
    return ", ".join(f"*{name(one)}*" for one in names)


def to_restart(incident: Incident, ghost: Ghost) -> tuple[str, ...]:
    """Return whom a restart makes sense for: not where it is over, or somebody was first."""
    return tuple(
        name
        for name in incident.names
        if phase_in(incident, name) in incidents.HEALABLE
        # A sick tunnel is alive, and a restart is what it needs.
        and (incident.about is not About.DAEMON or ghost.daemon(name).state not in ALIVE)
    )


def stale(daemon: str, incident: Incident | None) -> Message:
    """Say that a button was pressed too late, and that nothing was done."""
    if incident is None:
        now = "is not known any more"
    else:
        said = incidents.headline(incident)
        if incident.phase in incidents.HEALABLE:
            said = "is being started already"
        now = f"has moved on: *{name(incident.daemon)}* {said}"
    return plain(f"Nothing was done: this trouble {now}. See `status {name(daemon)}`.")


def refresh(means: Means, incident: Incident | None) -> None:
    """Draw a trouble's message again, as it is now."""
    if incident is not None:
        means.notifier.alert(incident)


def loading() -> Message:
    """Return what a window shows until it is filled."""
    return plain("One moment …")


def sorry(error: Exception, trouble: str) -> Message:
    """Say what went wrong: Ghost's own refusals in their words, all else with an id of the log."""
    if isinstance(error, NotAllowed | AlreadyPressed):
        sign = "🔒 " if isinstance(error, NotAllowed) else ""
        return plain(f"{sign}{error}")  # written by Ghost alone; it may name people and channels
    if isinstance(error, ConfigError):
        return owns.mistakes(error.mistakes)
    if isinstance(error, GhostError):
        return plain(escape(cut(str(error), 1_000)) + _where_to_look(error))
    if isinstance(error, TimeoutError):
        return plain(f"That took too long; it may still happen (`{trouble}` in the log).")
    return plain(f"Something went wrong in Ghost: `{trouble}` in its log says what.")


def _where_to_look(error: GhostError) -> str:
    """Name the verb that lists what there is, where somebody named what there is not."""
    verb = LISTS.get(error.code)
    known = verb is None or "did you mean" in str(error) or "; see " in str(error)
    return "" if known else f"; see `{verb}`"


def not_known(trouble: str) -> Message:
    """Say that what was asked means nothing here: it was another Ghost's, or an older one's."""
    said = "This Ghost does not know that button or command; nothing was done"
    return plain(f"{said} (`{trouble}` in its log).")


def plain(mrkdwn: str) -> Message:
    """Return a message of a few lines. What was not written by Ghost is escaped in it."""
    return Message(mrkdwn, (section(mrkdwn),))


def acked(text: str, body: dict[str, Any]) -> BoltResponse:
    """Return an ack, with words where Slack shows them: it does for commands."""
    if "command" not in body:
        return BoltResponse(status=200, body="")
    return BoltResponse(status=200, body={"response_type": "ephemeral", "text": text})
