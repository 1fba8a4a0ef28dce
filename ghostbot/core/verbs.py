"""The verbs of Ghost: one row each, and what a typed line means.

Rule 1: the same words serve `/ghost …`, `@ghost …`, menus and windows.
Rule 2: one row here and one in `handlers/verbs.py` is all there is of a verb.
"""

from __future__ import annotations

from ghostbot.core import words
from ghostbot.core.rights import NEEDS, Role
from ghostbot.core.words import Ask, Misheard, Topic, Verb, did_you_mean

FIRST = ("status", "why", "logs", "restart", "patch", "silence")  # what people need first
ON_THE_MACHINE = frozenset({"up", "init", "install", "config", "doctor", "checks", "dashboard"})
NAMES = "NAME…|all|group:G"

_ROWS = (
    Verb("status", "status [NAME…]", "how the daemons are", words.some, Topic.LOOK),
    Verb("top", "top", "who takes most of the machine", words.nothing, Topic.LOOK),
    Verb(
        "why",
        "why NAME",
        "what happened to it, and what comes next",
        words.at_most_one,
        Topic.LOOK,
        chooses=True,
    ),
    Verb(
        "logs",
        "logs NAME [LINES] [grep WORD]",
        "the last lines of its log",
        words.logs,
        Topic.LOOK,
        chooses=True,
    ),
    Verb(
        "restart",
        f"restart {NAMES}",
        "stop and start again",
        words.some,
        Topic.DAEMONS,
        role=Role.OPERATOR,
        chooses=True,
    ),
    Verb(
        "stop",
        f"stop {NAMES}",
        "stop, and leave stopped",
        words.some,
        Topic.DAEMONS,
        role=Role.OPERATOR,
        chooses=True,
    ),
    Verb(
        "start",
        f"start {NAMES}",
        "start, with what it comes after",
        words.some,
        Topic.DAEMONS,
        role=Role.OPERATOR,
        chooses=True,
    ),
    Verb(
        "hold",
        "hold NAME… [for 2h]",
        "leave as it is; Ghost does not start it",
        words.hold,
        Topic.DAEMONS,
        role=Role.OPERATOR,
        chooses=True,
    ),
    Verb(
        "reset",
        "reset NAME…",
        "forgive its deaths, and try again now",
        words.some,
        Topic.DAEMONS,
        role=Role.OPERATOR,
        chooses=True,
    ),
    Verb(
        "incidents",
        "incidents",
        "the troubles, those that are not over first",
        words.nothing,
        Topic.TROUBLES,
    ),
    Verb(
        "ack",
        "ack ID",
        "say that you have a trouble in hand",
        words.one,
        Topic.TROUBLES,
        role=Role.OPERATOR,
    ),
    Verb(
        "silence",
        "silence NAME|all 1h",
        "new troubles wait so long, pages come through; `off` ends it",
        words.silence,
        Topic.TROUBLES,
        role=Role.OPERATOR,
        chooses=True,
    ),
    Verb(
        "run",
        "run [ACTION]",
        "do an action of ghost.toml, or list them",
        words.at_most_one,
        Topic.WORK,
        role=Role.OPERATOR,
    ),
    Verb(
        "patch",
        "patch [list|show ID|approve ID|reject ID [WHY]|revert ID]",
        "propose a change to files; see what waits, say yes or no, take it back",
        words.patch,
        Topic.WORK,
    ),
    Verb(
        "tasks",
        "tasks [cancel ID]",
        "long work that is queued, runs or ran",
        words.tasks,
        Topic.WORK,
    ),
    Verb(
        "drill",
        "drill NAME",
        "kill it on purpose, and see how it comes back",
        words.at_most_one,
        Topic.WORK,
        role=Role.OPERATOR,
        chooses=True,
    ),
    Verb("test", "test [NAME…|alert]", "every probe now, or a test alert", words.some, Topic.WORK),
    Verb("health", "health", "how Ghost's own parts are", words.nothing, Topic.GHOST),
    Verb("registry", "registry", "every daemon's record", words.nothing, Topic.LOOK),
    Verb(
        "backoff",
        "backoff",
        "who died of late, and when it is tried next",
        words.nothing,
        Topic.LOOK,
    ),
    Verb(
        "tunnels", "tunnels", "where each tunnel is reached from outside", words.nothing, Topic.LOOK
    ),
    Verb(
        "reload",
        "reload [now]",
        "what ghost.toml changes; `now` does it",
        words.only("now"),
        Topic.GHOST,
        role=Role.ADMIN,
    ),
    Verb(
        "upgrade",
        "upgrade",
        "become the installed version; the daemons run on",
        words.nothing,
        Topic.GHOST,
        role=Role.ADMIN,
    ),
    Verb(
        "sweep",
        "sweep [kill]",
        "what Ghost once started and no record knows",
        words.only("kill"),
        Topic.GHOST,
    ),
    Verb(
        "down",
        "down [now]",
        "stop the daemons, then Ghost itself",
        words.only("now"),
        Topic.GHOST,
        role=Role.ADMIN,
    ),
    Verb("events", "events [KIND]", "what happened, and who did it", words.some, Topic.LOOK),
    Verb("whoami", "whoami", "who you are to Ghost", words.nothing, Topic.GHOST, role=Role.NOBODY),
    Verb(
        "claim",
        "claim CODE",
        "become admin by Ghost's code",
        words.one,
        Topic.GHOST,
        role=Role.NOBODY,
    ),
    Verb(
        "help",
        "help [VERB|all]",
        "what there is, or more about one verb",
        words.at_most_one,
        Topic.GHOST,
    ),
)
VERBS = {verb.name: verb for verb in _ROWS}


def read(text: str) -> Ask | Misheard:
    """Read one line of typed words. Nothing at all means `help`."""
    typed = text.split()
    if not typed:
        return Ask("help")
    said = typed[0].lower()
    verb = VERBS.get(said)
    if verb is not None:
        return verb.takes(verb, typed[1:])
    if said in ON_THE_MACHINE:
        return Misheard(f"cannot {said} from here: `ghost {said}` is typed on the machine itself")
    return Misheard(f"cannot do “{typed[0]}”: no such verb{did_you_mean(said, VERBS)}; see `help`")


def needed(verb: str) -> Role:
    """Return who may do it: a verb, or two words as in `patch approve`. What is unknown: admins."""
    known = VERBS.get(verb)
    return known.role if known is not None else NEEDS.get(verb, Role.ADMIN)


def deed(ask: Ask) -> str:
    """Return what is asked for, as rights name it: a verb, or two words as in `patch approve`."""
    two = f"{ask.verb} {ask.names[0].lower()}" if ask.names else ""
    return two if two in NEEDS else ask.verb


def needed_for(ask: Ask) -> Role:
    """Return who may ask for it, words and all; what an action takes, it says itself."""
    return Role.VIEWER if ask.verb == "run" else needed(deed(ask))
