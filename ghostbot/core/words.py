"""What people type: what a verb is, how its arguments are read, spans, and the nearest name.

Rule 1: a verb says itself what it takes: the readers here, one of which stands in its row.
Rule 2: a verb that `chooses` may stand alone: whoever types it is asked for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from ghostbot.core.rights import Role

SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd])")
UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SPAN_MAX_S = 365 * 86400.0  # a longer one is a slip of the keyboard
OFF = "off"
NAMED = 8  # so many names are said to whoever named none of them
LOG_LINES = 20  # what `logs` shows unless told
LOG_LINES_MAX = 2_000  # what does not fit a message comes as a file; the CLI has no such end
PATCH = {  # what `patch` can do, and how many words each takes
    "submit": (0, 0),
    "list": (0, 2),
    "show": (1, 1),
    "approve": (1, 2),
    "reject": (1, 200),
    "revert": (1, 1),
}


class Topic(StrEnum):
    """What a verb is about; help shows them in this order."""

    LOOK = "Look"
    DAEMONS = "Daemons"
    TROUBLES = "Troubles"
    WORK = "Work"
    GHOST = "Ghost itself"


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody asked for: a known verb and its arguments."""

    verb: str
    names: tuple[str, ...] = ()  # daemons, or "all", or "group:G"; or what else the verb takes
    lines: int = LOG_LINES
    grep: str | None = None
    for_s: float | None = None  # how long, where that was said


@dataclass(frozen=True, slots=True)
class Misheard:
    """Words that make no sense, and what to say to whoever typed them."""

    why: str


Reader = Callable[["Verb", list[str]], Ask | Misheard]


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of Ghost: how it is used, what it does, and who may."""

    name: str
    usage: str
    summary: str
    takes: Reader
    topic: Topic
    role: Role = Role.VIEWER  # who may
    chooses: bool = False

    @property
    def changes(self) -> bool:
        """Whether it does more than show something."""
        return self.role > Role.VIEWER


def _wrong(verb: Verb, rest: Sequence[str], known: Iterable[str] = ()) -> Misheard:
    said = " ".join([verb.name, *rest])
    near = did_you_mean(rest[0], known) if rest else ""
    return Misheard(f"cannot read “{said}”: write it as in `{verb.usage}`{near}")


def nothing(verb: Verb, rest: list[str]) -> Ask | Misheard:
    """Read a verb that stands alone."""
    return _wrong(verb, rest) if rest else Ask(verb.name)


def some(verb: Verb, rest: list[str]) -> Ask | Misheard:
    """Read any number of names."""
    return Ask(verb.name, tuple(rest))


def at_most_one(verb: Verb, rest: list[str]) -> Ask | Misheard:
    """Read one name, or none."""
    return _wrong(verb, rest) if len(rest) > 1 else Ask(verb.name, tuple(rest))


def one(verb: Verb, rest: list[str]) -> Ask | Misheard:
    """Read exactly one word."""
    return Ask(verb.name, tuple(rest)) if len(rest) == 1 else _wrong(verb, rest)


def only(*words: str) -> Reader:
    """Return what reads one of these words, or none."""

    def read_one(verb: Verb, rest: list[str]) -> Ask | Misheard:
        said = tuple(word.lower() for word in rest)
        return (
            Ask(verb.name, said)
            if len(said) <= 1 and {*said} <= {*words}
            else _wrong(verb, rest, words)
        )

    return read_one


def hold(verb: Verb, rest: list[str]) -> Ask | Misheard:
    if "for" not in rest:
        return Ask(verb.name, tuple(rest))
    at = rest.index("for")
    names, said = rest[:at], " ".join(rest[at + 1 :])
    for_s = span_s(said)
    if not names or for_s is None:
        return Misheard(f"cannot hold for “{said}”: say it as in `{verb.usage}`")
    return Ask(verb.name, tuple(names), for_s=for_s)


def silence(verb: Verb, rest: list[str]) -> Ask | Misheard:
    if not rest:
        return Ask(verb.name)
    if len(rest) != 2:  # noqa: PLR2004  a name and a time
        return _wrong(verb, rest)
    name, said = rest
    for_s = None if said.lower() == OFF else span_s(said)
    if for_s is None and said.lower() != OFF:
        why = f"write a time as in `{verb.usage}`, or `{OFF}`"
        return Misheard(f"cannot silence for “{said}”: {why}")
    return Ask(verb.name, (name,), for_s=for_s)


def tasks(verb: Verb, rest: list[str]) -> Ask | Misheard:
    if rest and (len(rest) != 2 or rest[0].lower() != "cancel"):  # noqa: PLR2004  the word, an id
        return _wrong(verb, rest, ["cancel"])
    return Ask(verb.name, tuple(rest))


def logs(verb: Verb, rest: list[str]) -> Ask | Misheard:
    if not rest:
        return Ask(verb.name)
    name, *more = rest
    lines, grep = LOG_LINES, None
    if more and more[0] != "grep":
        found = line_count(more[0])
        if found is None:
            near = did_you_mean(more[0], ["grep"])
            no_number = f"“{more[0]}” is no number of lines{near}"
            return Misheard(f"cannot show logs: {no_number}, see `{verb.usage}`")
        lines, more = found, more[1:]
    if more:
        if more[0] != "grep" or len(more) == 1:
            return Misheard(f"cannot show logs: cannot read “{' '.join(more)}”, see `{verb.usage}`")
        grep = " ".join(more[1:])
    return Ask(verb.name, (name,), lines=lines, grep=grep)


def patch(verb: Verb, rest: list[str]) -> Ask | Misheard:
    """Read `patch` and its own verbs; a reason may be of any number of words."""
    if not rest:
        return Ask(verb.name)
    said, words = rest[0].lower(), rest[1:]
    if said not in PATCH:
        near = did_you_mean(said, PATCH)
        return Misheard(f"cannot patch “{rest[0]}”: write it as in `{verb.usage}`{near}")
    least, most = PATCH[said]
    return Ask(verb.name, (said, *words)) if least <= len(words) <= most else _wrong(verb, rest)


def line_count(word: str) -> int | None:
    """Return how many lines a word asks for, as many as there is room for; None: no number."""
    if not (word.isascii() and word.isdigit() and int(word[:9]) > 0):
        return None
    return min(int(word[:9]), LOG_LINES_MAX)


def span_s(text: str) -> float | None:
    """Return the seconds of `90s`, `5m`, `2h` or `1d`; None where it is none of a sane length."""
    found = SPAN.fullmatch(text)
    seconds = float(found[1]) * UNITS_S[found[2]] if found else 0.0
    return seconds if 0 < seconds <= SPAN_MAX_S else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, if there is one."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean X?)", or nothing where nothing is near."""
    close = nearest(word, known)
    return f" (did you mean {close}?)" if close else ""


def or_what(word: str, known: Iterable[str]) -> str:
    """Return the nearest word, or, where nothing is near, what there is instead."""
    names = list(known)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    there = f" (there {'is' if len(names) == 1 else 'are'} {', '.join(names[:NAMED])}{more})"
    return did_you_mean(word, names) or (there if names else "")
