"""From what people type to what they mean: text to verb, and the nearest name.

The same words serve `/ghost …`, `@ghost …` and every error with a "did you mean".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd])")
UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SPAN_MAX_S = 365 * 86400.0  # a longer one is a slip of the keyboard
TROUBLED = {"incidents": 0, "ack": 1, "silence": 2}  # verbs about troubles, and their words
OFF = "off"
LOG_LINES = 20  # what `logs` shows unless told
LOG_LINES_MAX = 200  # more does not fit one message; the CLI has no such end


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of Ghost: how it is used, what it does, and whether it changes anything."""

    name: str
    usage: str
    summary: str
    changes: bool = False


VERBS = {
    v.name: v
    for v in (
        Verb("status", "status [NAME…]", "how the daemons are"),
        Verb("why", "why NAME", "what happened to a daemon, and what comes next"),
        Verb("logs", "logs NAME [LINES] [grep WORD]", "the last lines of a daemon's log"),
        Verb("restart", "restart NAME…|all|group:G", "stop and start again", changes=True),
        Verb("stop", "stop NAME…|all|group:G", "stop, and leave stopped", changes=True),
        Verb("start", "start NAME…|all|group:G", "start, with what it comes after", changes=True),
        Verb(
            "hold", "hold NAME… [for 2h]", "leave as it is; Ghost does not start it", changes=True
        ),
        Verb("reset", "reset NAME…", "forgive its deaths, and try again now", changes=True),
        Verb("incidents", "incidents", "the troubles, those that are not over first"),
        Verb("ack", "ack ID", "say that you have a trouble in hand", changes=True),
        Verb(
            "silence",
            "silence NAME|all 1h",
            "new troubles wait for so long, but pages; `off` ends it",
            changes=True,
        ),
        Verb("run", "run [ACTION]", "do an action of ghost.toml, or list them", changes=True),
        Verb("tasks", "tasks [cancel ID]", "long work that is queued, runs or ran"),
        Verb("help", "help [VERB]", "these lines, or more about one verb"),
    )
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody asked for: a known verb and its arguments."""

    verb: str
    names: tuple[str, ...] = ()  # daemons, or "all", or "group:G"
    lines: int = LOG_LINES
    grep: str | None = None
    for_s: float | None = None  # how long, where that was said


@dataclass(frozen=True, slots=True)
class Misheard:
    """Words that make no sense, and what to say to whoever typed them."""

    why: str


def read(text: str) -> Ask | Misheard:
    """Read one line of typed words. Nothing at all means `help`."""
    words = text.split()
    if not words:
        return Ask("help")
    verb, rest = words[0].lower(), words[1:]
    if verb not in VERBS:
        return Misheard(f"cannot do “{words[0]}”: no such verb{did_you_mean(verb, VERBS)}")
    if verb == "logs":
        return _logs(rest)
    if verb in TROUBLED:
        return _about_trouble(verb, rest)
    if verb == "why" and len(rest) != 1:
        return Misheard(f"cannot tell why: name one daemon, as in `{VERBS[verb].usage}`")
    if verb == "run" and len(rest) > 1:
        return Misheard(f"cannot run more than one at a time, see `{VERBS[verb].usage}`")
    if verb == "tasks" and rest and (len(rest) != 2 or rest[0] != "cancel"):  # noqa: PLR2004 - both
        return Misheard(f"cannot read “{' '.join(rest)}”, see `{VERBS[verb].usage}`")
    if VERBS[verb].changes and not rest and verb != "run":
        return Misheard(f"cannot {verb}: name a daemon, as in `{VERBS[verb].usage}`")
    return _hold(rest) if verb == "hold" else Ask(verb, tuple(rest))


def _about_trouble(verb: str, rest: list[str]) -> Ask | Misheard:
    """Read `incidents`, `ack ID` and `silence NAME|all 1h`."""
    usage = VERBS[verb].usage
    if len(rest) != TROUBLED[verb]:
        return Misheard(f"cannot read “{' '.join([verb, *rest])}”: write it as in `{usage}`")
    if verb != "silence":
        return Ask(verb, tuple(rest))
    name, said = rest
    for_s = None if said.lower() == OFF else span_s(said)
    if for_s is None and said.lower() != OFF:
        return Misheard(f"cannot silence for “{said}”: write a time as in `{usage}`, or `{OFF}`")
    return Ask("silence", (name,), for_s=for_s)


def _hold(rest: list[str]) -> Ask | Misheard:
    if "for" not in rest:
        return Ask("hold", tuple(rest))
    at = rest.index("for")
    names, said = rest[:at], " ".join(rest[at + 1 :])
    for_s = span_s(said)
    if not names or for_s is None:
        return Misheard(f"cannot hold for “{said}”: say it as in `{VERBS['hold'].usage}`")
    return Ask("hold", tuple(names), for_s=for_s)


def span_s(text: str) -> float | None:
    """Return the seconds of `90s`, `5m`, `2h` or `1d`; None where it is none of a sane length."""
    found = SPAN.fullmatch(text)
    seconds = float(found[1]) * UNITS_S[found[2]] if found else 0.0
    return seconds if 0 < seconds <= SPAN_MAX_S else None


def _logs(rest: list[str]) -> Ask | Misheard:
    usage = VERBS["logs"].usage
    if not rest:
        return Misheard(f"cannot show logs: name a daemon, as in `{usage}`")
    name, *more = rest
    lines, grep = LOG_LINES, None
    if more and more[0] != "grep":
        if not (more[0].isascii() and more[0].isdigit() and int(more[0]) > 0):
            return Misheard(f"cannot show logs: “{more[0]}” is no number of lines, see `{usage}`")
        lines, more = min(int(more[0]), LOG_LINES_MAX), more[1:]
    if more:
        if more[0] != "grep" or len(more) == 1:
            return Misheard(f"cannot show logs: cannot read “{' '.join(more)}”, see `{usage}`")
        grep = " ".join(more[1:])
    return Ask("logs", (name,), lines=lines, grep=grep)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, if there is one."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean X?)", or nothing where nothing is near."""
    close = nearest(word, known)
    return f" (did you mean {close}?)" if close else ""
