"""ghost.toml as a JSON Schema, made from the key tables, for editors that complete and check.

Rule 1: it allows all that the loader takes; what spans keys and machines only the loader knows.
Rule 2: a text that holds a variable is allowed wherever a text is: its value is not known here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Mapping
from signal import Signals
from typing import Any

from ghostbot.config.keys import ALONE, DAEMON, DEFAULTS, LOG, TABLES
from ghostbot.config.roots import ROOT
from ghostbot.config.sending import SUMMARIES, WATCH, WEBHOOK
from ghostbot.config.speech import GROUP, Severity
from ghostbot.config.start import LIMITS
from ghostbot.config.values import NAME_MAX, Reader
from ghostbot.config.watched import ACTION, ALWAYS, CHECK, DOES, OF_ALL, PROBE, USES

Shape = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAME = rf"^[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{NAME_MAX - 1}}}$"
DURATION = r"[0-9]+([.][0-9]+)?(ms|s|m|h|d)"
SIZE = r"[0-9]+([.][0-9]+)? ?([kKMGT]i?)?B"
PERCENT = r"[0-9]+([.][0-9]+)? ?%"
RATE = r"[0-9]+ ?/ ?(s|sec|min|m|h|hour|d|day)"
TEXT: Shape = {"type": "string"}
TEXTS: Shape = {"type": "object", "additionalProperties": TEXT}
WORDS: Shape = {"type": "array", "items": TEXT}
OPERATOR: Shape = {
    "type": "object",
    "properties": {"who": TEXT, "groups": {"anyOf": [TEXT, WORDS]}},
    "required": ["who", "groups"],
    "additionalProperties": False,
}
STATUS: Shape = {"type": "integer", "minimum": 100, "maximum": 599}


def _spelled(pattern: str) -> Shape:
    return {"type": "string", "pattern": rf"^{pattern}$|[$][{{]"}


PLAIN: Mapping[str, Shape] = {  # by the name of the reader
    "address": TEXT,
    "anything": TEXT,
    "channel": TEXT,
    "command": {"anyOf": [TEXT, {**WORDS, "minItems": 1}]},
    "commands": {"anyOf": [TEXT, {"type": "array", "items": {"anyOf": [TEXT, WORDS]}}]},
    "cron": TEXT,
    "environment": TEXTS,
    "flag": {"type": "boolean"},
    "grantee": TEXT,
    "glob": TEXT,
    "headers": TEXTS,
    "host": TEXT,
    "name": TEXT,
    "inside": TEXT,
    "mention": TEXT,
    "operator": {"anyOf": [TEXT, OPERATOR]},
    "nice": {"type": "integer", "minimum": -20, "maximum": 19},
    "origin": TEXT,
    "page_of": TEXT,
    "patches": {
        "type": "object",
        "properties": {
            "channel": {**TEXT, "description": "where they post, and where the cards are"},
            "from": {
                "anyOf": [TEXT, {**WORDS, "minItems": 1}],
                "description": "ids of users, bots or apps whose posts are read",
            },
        },
        "required": ["channel", "from"],
        "additionalProperties": False,
    },
    "path": TEXT,
    "pattern": TEXT,
    "percent": {
        "anyOf": [{"type": "number", "exclusiveMinimum": 0}, _spelled(PERCENT)],
    },
    "port": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"const": "auto"}]},
    "rate": _spelled(RATE),
    "repository": TEXT,
    "rlimits": {"type": "object", "propertyNames": {"enum": list(LIMITS)}},
    "routes": {
        **TEXTS,
        "propertyNames": {"anyOf": [{"enum": [*Severity]}, {"pattern": f"^{GROUP}."}]},
    },
    "slash_command": TEXT,
    "statuses": {"anyOf": [STATUS, {"type": "array", "items": STATUS}]},
    "stop_signal": {
        "type": "string",
        "examples": [signal.name.removeprefix("SIG") for signal in Signals],
    },
    "text": TEXT,
    "texts": TEXTS,
    "umask": TEXT,
    "url": TEXT,
    "user": TEXT,
    "variable": TEXT,
    "window": TEXT,
    "zone": TEXT,
}


def schema(example: str = "") -> Shape:
    """Return the schema; the comments of `example`, a ghost.toml, describe its keys."""
    told = _told(example)
    probe = _of_kinds(_table(PROBE, told, "probe"), PROBE, USES, ALWAYS)
    daemon = _table(DAEMON, told, "daemon", required=("command",))
    daemon["properties"]["log"] = _table(LOG, told, "log")
    daemon["properties"]["probe"] = {"type": "array", "items": probe}
    beside = CHECK.keys() - PROBE.keys()
    looks = {kind: keys for kind, keys in USES.items() if kind != "notify"}
    check = _table(CHECK, told, "check", "probe", "daemon")
    tables = {
        **{name: _table(TABLES[name], told, name) for name in ("ghost", "slack", "roles", "web")},
        "defaults": _table(DEFAULTS, told, "daemon"),
        "daemon": _named(daemon),
        "check": _named(_of_kinds(check, CHECK, looks, ALWAYS | beside)),
        "action": _named(_of_kinds(_table(ACTION, told, "action", "daemon"), ACTION, DOES, OF_ALL)),
        "root": _named(_table(ROOT, told, "root", required=("path",))),
        "webhook": _named(_table(WEBHOOK, told, "webhook", required=("scheme", "secret_env"))),
        "summaries": _table(SUMMARIES, told, "summaries", required=("dir",)),
        "watch": _named(_table(WATCH, told, "watch", "webhook", required=("inbox",))),
    }
    assert tables.keys() == TABLES.keys(), "a table without a shape"
    assert not ALONE & DEFAULTS.keys(), "what a daemon has alone is said by it"
    return {
        "$schema": DRAFT,
        "title": "ghost.toml",
        "description": "What Ghost keeps alive; `ghost config check` tells the rest.",
        **_object(tables),
    }


def _object(properties: Mapping[str, Shape], required: Collection[str] = ()) -> Shape:
    shape: Shape = {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
    }
    return {**shape, "required": sorted(required)} if required else shape


def _named(table: Shape) -> Shape:
    return {"type": "object", "patternProperties": {NAME: table}, "additionalProperties": False}


def _table(
    keys: Mapping[str, Reader],
    told: Mapping[tuple[str, str], str],
    *names: str,
    required: Collection[str] = (),
) -> Shape:
    """Return the shape of a table; the first of `names` under which a key is told describes it."""
    shapes = {}
    for key, read in keys.items():
        shape = dict(shape_of(read))
        words = next((told[name, key] for name in names if (name, key) in told), None)
        shapes[key] = {"description": words, **shape} if words else shape
    return _object(shapes, required)


def _of_kinds(
    table: Shape,
    keys: Mapping[str, Reader],
    uses: Mapping[Any, frozenset[str]],
    always: Collection[str],
) -> Shape:
    """Have a table take what its kind does."""
    rules = [
        {
            "if": {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]},
            "then": {"propertyNames": {"enum": sorted((used | {*always}) & keys.keys())}},
        }
        for kind, used in uses.items()
    ]
    kinds = [kind.value for kind in uses]
    table["properties"]["kind"] = {**table["properties"]["kind"], "enum": kinds}
    return {**table, "required": ["kind"], "allOf": rules}


def shape_of(read: Reader) -> Shape:
    """Return what a reader takes. Raises KeyError for one that has no shape yet."""
    made, _, inner = read.__qualname__.partition(".<locals>")
    if not inner:
        return PLAIN[made]
    given = inspect.getclosurevars(read).nonlocals
    match made:
        case "number":
            return {"type": "integer", "minimum": given["least"], "maximum": given["most"]}
        case "duration":
            return _spelled(DURATION)
        case "size":
            return _spelled(SIZE)
        case "choice":
            known: list[str] = given["known"]
            return {"type": "string", "enum": known}
        case "unless_off":
            return {"anyOf": [{"const": "off"}, shape_of(given["read"])]}
        case "many":
            return {"type": "array", "items": shape_of(given["read"])}
        case "one_or_many":
            one = shape_of(given["read"])
            return {"anyOf": [one, {"type": "array", "items": one}]}
    raise KeyError(made)


def _told(example: str) -> dict[tuple[str, str], str]:
    """Return the comment of each key, by the last word of the table that it stands in."""
    found: dict[tuple[str, str], str] = {}
    table = ""
    for line in example.splitlines():
        if header := re.match(r"(?:# )?\[+([a-z]+)(?:\.[a-z-]+)?(?:\.(log|probe))?\]", line):
            table = header[2] or header[1]
        elif key := re.match(r"(?:# )?([a-z_]+) = .*?  # (.+)", line):
            found.setdefault((table, key[1]), key[2])
    return found
