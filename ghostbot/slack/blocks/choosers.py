"""Windows in which people choose what a verb is for, and what they chose.

Rule 1: a window shows nothing of the house: it opens before anybody knows who may see it. Names
        come by completion, to those who may.
Rule 2: what is wrong is told at its field.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ghostbot.core.snapshot import DaemonView
from ghostbot.core.verbs import VERBS
from ghostbot.core.words import LOG_LINES, Ask, Verb, line_count, span_s
from ghostbot.slack.blocks.forms import asked, completed, option, plain, select, typed, window
from ghostbot.slack.blocks.menus import ASK, says
from ghostbot.slack.blocks.message import Block, Message, actions, section
from ghostbot.slack.blocks.status import mark, urgency
from ghostbot.slack.blocks.text import count, escape

CHOOSE = "ghost_choose"  # the window
NAMES = "ghost_names"  # the field that completes names
MANY = frozenset({"restart", "stop", "start", "hold", "reset", "test"})
ANY = "any"  # stands for the verb where that is chosen, too
FOREVER = "ever"
ALL, GROUP = "all", "group:"
SILENCE, TEST = "silence", "test"
ONE_DAEMON = frozenset({"why", "logs", "drill"})
UNWELL = 5  # how urgent a daemon is at least that stands before `all` (blocks/home.py)

TITLES = {ANY: "Ghost", "why": "Why", "logs": "Logs", "reset": "Try again now"}
SUBMITS = {ANY: "Go on", "why": "Explain", "logs": "Show", "silence": "Silence", "hold": "Hold"}
HOLDS = {FOREVER: "until somebody starts it", "30m": "30 min", "1h": "1 h", "2h": "2 h"}
HOLDS |= {"8h": "8 h", "1d": "1 day"}
SILENCES = {"15m": "15 min", "30m": "30 min", "1h": "1 h", "2h": "2 h", "4h": "4 h", "8h": "8 h"}
SILENCES |= {"1d": "1 day", "7d": "1 week", "off": "no longer: end a silence"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody chose: what it asks for, or what is wrong at which field."""

    ask: Ask
    wrong: dict[str, str]
    kept: Mapping[str, Any]


def offer(verb: Verb, command: str) -> Message:
    """Return what is said where no window can open by itself: how to write it, and a button."""
    usage = escape(f"{command} {verb.usage}")
    row = actions([says("Choose …", verb.name)])
    said = f"Whom do you mean? Write it as in `{usage}`, or choose:"
    return Message(f"Whom do you mean? {verb.usage}", (section(said), *row))


def chooser(
    verb: str,
    kept: Mapping[str, Any],
    *,
    names: Sequence[str] = (),
    may: Collection[str] = (),
    more: Sequence[Block] = (),
) -> dict[str, Any]:
    """Return the window of a verb, with `names` chosen already; `more` stands below.

    `kept` comes back with what is chosen. `may` are the verbs offered where that is chosen, too.
    """
    chosen = [option(name, name) for name in names]
    known = VERBS.get(verb)
    many = verb in MANY or verb == ANY
    label = "Which daemons?" if many else "Which daemon?"
    field = completed(NAMES, many=many, hint="Type a part of its name", chosen=chosen)
    blocks = [
        *_verb_field(verb, may),
        asked("names", label, field, hint="all, or group:NAME, works too" if many else ""),
        *_more_fields(verb),
        *more,
    ]
    if known is not None and known.changes and not more:
        blocks.append(_small(known.summary))
    return window(
        TITLES.get(verb, verb.capitalize()),
        blocks,
        callback_id=CHOOSE,
        submit=SUBMITS.get(verb, verb.capitalize()),
        kept=json.dumps({**kept, "verb": verb}),
        close="Cancel" if known is not None and known.changes else "Close",
    )


def _small(text: str) -> Block:
    return {"type": "context", "elements": [plain(text, 300)]}


def _verb_field(verb: str, may: Collection[str]) -> list[Block]:
    if verb != ANY:
        return []
    known = [one for one in VERBS.values() if one.chooses and one.name in may]
    options = [option(one.name.capitalize(), one.name, one.summary) for one in known]
    first = next((one for one in options if one["value"] == "restart"), options[0])
    return [asked("verb", "What is to be done?", select("verb", options, first=first))]


def _more_fields(verb: str) -> list[Block]:
    match verb:
        case "hold":
            return [_span("How long?", HOLDS, FOREVER)]
        case "silence":
            return [_span("How long?", SILENCES, "1h")]
        case "logs":
            lines = typed("lines", start=str(LOG_LINES), most=6)
            grep = typed("grep", hint="such as error")
            return [
                asked("lines", "How many lines?", lines),
                asked("grep", "Only those that hold", grep, optional=True),
            ]
    return []


def _span(label: str, spans: Mapping[str, str], first: str) -> Block:
    options = [option(text, value) for value, text in spans.items()]
    return asked("for", label, select("for", options, first=option(spans[first], first)))


def chosen(view: Mapping[str, Any]) -> Chosen:
    """Read a window that was sent."""
    kept: dict[str, Any] = json.loads(view["private_metadata"])
    given = _Given(view["state"]["values"])
    verb = kept["verb"] if kept["verb"] != ANY else given.picked("verb", "verb")
    names = tuple(given.names())
    wrong: dict[str, str] = {}
    lines, for_s, grep = LOG_LINES, None, None
    if verb not in VERBS:
        wrong["verb"] = "choose what is to be done"
    if not names:
        wrong["names"] = "choose one at least"
    if "lines" in view["state"]["values"]:
        found = line_count(given.typed("lines"))
        wrong |= {} if found else {"lines": "that is no number of lines"}
        lines, grep = found or LOG_LINES, given.typed("grep") or None
    if "for" in view["state"]["values"]:
        for_s = span_s(given.picked("for", "for"))  # `ever` and `off` are none
    return Chosen(Ask(verb, names, lines, grep, for_s), wrong, kept)


class _Given:
    """The values of a window, by field."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Take them as Slack sends them."""
        self._values = values

    def picked(self, block: str, action: str) -> str:
        found = self._values.get(block, {}).get(action, {}).get("selected_option") or {}
        return str(found.get("value", ""))

    def names(self) -> list[str]:
        field = self._values.get("names", {}).get(NAMES, {})
        many = field.get("selected_options") or [field.get("selected_option")]
        return [str(one["value"]) for one in many if one]

    def typed(self, block: str) -> str:
        return str(self._values.get(block, {}).get(block, {}).get("value") or "").strip()


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody may choose from: daemons, and whether those are all there are."""

    views: tuple[DaemonView, ...] = ()
    everything: bool = False


def candidates(verb: str, seen: Seen, cared: Collection[str], looked: Collection[str]) -> list[str]:
    """Return what may be chosen for a verb, the sick first.

    `cared` are the names that troubles are silenced by, `looked` those that a probe looks at.
    """
    if not seen.views:
        return []
    views = sorted(seen.views, key=urgency)
    known = [view.name for view in views]
    if verb in ONE_DAEMON:
        return known
    if verb == TEST:
        return [*dict.fromkeys([*known, *looked])]
    if verb == SILENCE:
        return [*dict.fromkeys([ALL, *known, *cared])]
    sick = [view.name for view in views if urgency(view) < UNWELL]
    groups = [f"{GROUP}{group}" for group in dict.fromkeys(v.group for v in seen.views) if group]
    return [*dict.fromkeys([*sick, *([ALL] if seen.everything else []), *groups, *known])]


def options(names: Sequence[str], seen: Seen) -> list[Block]:
    """Return these as options, daemons with how they are."""
    views = {view.name: view for view in seen.views}
    groups = Counter(view.group for view in seen.views)
    return [_option(name, views, groups) for name in names]


def _option(name: str, views: Mapping[str, DaemonView], groups: Mapping[str | None, int]) -> Block:
    if (view := views.get(name)) is not None:
        about = f"{view.word} · {view.fault}" if view.fault else view.word
        return option(f"{mark(view)} {name}", name, about)
    if name == ALL:
        return option(ALL, ALL, f"all {count(len(views), 'daemon')}")
    number = groups.get(name.removeprefix(GROUP), 0) if name.startswith(GROUP) else 0
    return option(name, name, count(number, "daemon") if number else "")


def asks_for(line: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the verb and the names of a line that opens a window; None: of any other."""
    if not line.startswith(ASK):
        return None
    verb, *names = line.removeprefix(ASK).split() or [""]
    known = VERBS.get(verb)
    return (verb, tuple(names)) if known is not None and known.chooses else None
