"""Readers of what Ghost looks at and does: probes, checks and actions, key by key.

Rule 1: as in `values`: a reader takes an expanded value, and raises Wrong or returns it parsed.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from ghostbot.config.command import command
from ghostbot.config.model import ActionKind, ProbeKind, ProbeRole
from ghostbot.config.values import (
    Reader,
    choice,
    duration,
    environment,
    flag,
    many,
    name,
    number,
    one_or_many,
    path,
    port,
    text,
)
from ghostbot.config.variables import TUNNEL
from ghostbot.config.wrong import Place, Wrong, shown
from ghostbot.core import cron as crontab

PATTERN_MAX = 1_000  # characters: a pattern of more is a slip
TEXT_MAX = 64_000
SOON_S = 0.1  # a probe of less would be a load test

_PERCENT = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?%")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2: token
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Method(StrEnum):
    """How an address is asked."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class Rank(StrEnum):
    """Who may do something, each including those before."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


def url(value: object) -> str:
    """Read an address that can be asked; a tunnel's may stand in it."""
    found = text(value)
    try:
        parts = urlsplit(TUNNEL.sub("http://tunnel", found))
        _ = parts.port
    except ValueError:
        raise Wrong(f"{shown(found)} is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in found:
        near = f' (did you mean "http://{found}"?)' if "://" not in found else ""
        raise Wrong(f"{shown(found)} is no address of http or https{near}")
    return found


def page_of(value: object) -> str:
    """Read what is asked of a host: a path that begins with `/`."""
    found = text(value)
    if not found.startswith("/") or " " in found:
        raise Wrong(f'{shown(found)} is no path of an address: write "/health"')
    return found


def pattern(value: object) -> str:
    """Read a regular expression, as Python's `re` has them."""
    found = text(value)
    if len(found) > PATTERN_MAX:
        raise Wrong(f"{shown(found)} is too long: at most {PATTERN_MAX} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what will mean something else one day: "[[a]"
            re.compile(found)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise Wrong(f"{shown(found)} is no regular expression: {error}") from None
    return found


def anything(value: object) -> str:
    """Read a text of any lines."""
    if not isinstance(value, str):
        raise Wrong(f"{shown(value)} is no text")
    if len(value) > TEXT_MAX:
        raise Wrong(f"it is too long: at most {TEXT_MAX} characters")
    return value


def headers(value: object) -> dict[str, str]:
    """Read a table of headers."""
    if not isinstance(value, dict):
        raise Wrong(f'{shown(value)} is no table: write headers = {{ Accept = "text/html" }}')
    wrong: list[tuple[Place, str]] = []
    for key, item in value.items():
        if not _HEADER.fullmatch(key):
            wrong.append(((key,), f"{shown(key)} is no name of a header"))
        elif not isinstance(item, str) or not item.isprintable():
            wrong.append(((key,), f"{shown(item)} is no text on one line"))
    if wrong:
        raise Wrong(each=wrong)
    return dict(value)


def texts(value: object) -> dict[str, str]:
    """Read a table of texts."""
    if not isinstance(value, dict):
        raise Wrong(f'{shown(value)} is no table: write inputs = {{ reason = "down" }}')
    wrong = [
        ((key,), f'{shown(item)} is no text (write "{shown(item)}")')
        for key, item in value.items()
        if not isinstance(item, str)
    ]
    if wrong:
        raise Wrong(each=wrong)
    return dict(value)


def statuses(value: object) -> tuple[int, ...]:
    """Read one HTTP status, or a list of them."""
    one = number(100, 599)
    if isinstance(value, list):
        return tuple(many(one, "status = [200, 204]")(value))
    return (one(value),)


def cron(value: object) -> str:
    """Read a time of crontab(5)."""
    found = text(value)
    try:
        crontab.cron(found)
    except ValueError as error:
        raise Wrong(f"{shown(found)} is no time of crontab(5): {error}") from None
    return found


def percent(value: object) -> float:
    """Read a share of one core in percent: "80%", or 80; more than 100 is more than one core."""
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    share = float(found[1]) if found else value
    if isinstance(share, bool) or not isinstance(share, int | float):
        raise Wrong(
            f'{shown(value)} is no share of a core: write "80%", or "150%" for one and a half'
        )
    if not 0 < share <= 100_000:  # noqa: PLR2004 - a thousand cores
        raise Wrong(f'{shown(value)} is out of range: write "1%" or more')
    return float(share)


def repository(value: object) -> str:
    """Read owner/name."""
    found = text(value)
    if not _REPOSITORY.fullmatch(found):
        raise Wrong(f'{shown(found)} is no repository: write "owner/name"')
    return found


def variable(value: object) -> str:
    """Read the name of a variable."""
    found = text(value)
    if not _VARIABLE.fullmatch(found):
        raise Wrong(
            f'{shown(found)} is no name of a variable: write its name, as in "GITHUB_TOKEN"'
        )
    return found


PROBE: Mapping[str, Reader] = {
    "kind": choice(ProbeKind),
    "role": choice(ProbeRole),
    "url": url,
    "port": port,
    "command": command,
    "path": path,
    "pattern": pattern,
    "body": text,
    "ask": page_of,
    "markers": flag,
    "silence": duration(least_s=1.0),
    "headers": headers,
    "status": statuses,
    "every": duration(least_s=SOON_S),
    "timeout": duration(least_s=0.001),
    "failures": number(1, 1000),
    "successes": number(1, 1000),
    "grace": duration(),
}
USES = {  # what each kind of probe takes beside how often and how long
    ProbeKind.HTTP: frozenset({"url", "port", "pattern", "body", "headers", "status"}),
    ProbeKind.TCP: frozenset({"port"}),
    ProbeKind.EXEC: frozenset({"command"}),
    ProbeKind.LOG: frozenset({"path", "pattern", "markers", "silence"}),
    ProbeKind.NOTIFY: frozenset[str](),
    ProbeKind.TUNNEL: frozenset({"url", "pattern", "body", "ask", "headers", "status"}),
}
ALWAYS = frozenset(PROBE) - frozenset().union(*USES.values())
CHECK: Mapping[str, Reader] = {
    **{key: read for key, read in PROBE.items() if key not in ("role", "grace")},
    "heal": one_or_many(text, 'heal = ["restart-web"]'),
    "attempts": number(0, 100),
    "pause": duration(least_s=1.0),
    "description": text,
    "group": name,
}
ACTION: Mapping[str, Reader] = {
    "kind": choice(ActionKind),
    "daemons": one_or_many(text, 'daemons = ["web"]'),
    "command": command,
    "cwd": path,
    "env": environment,
    "url": url,
    "method": choice(Method),
    "headers": headers,
    "body": anything,
    "repository": repository,
    "workflow": text,
    "event_type": text,
    "ref": text,
    "inputs": texts,
    "token_env": variable,
    "base_url": url,
    "timeout": duration(least_s=1.0),
    "confirm": flag,
    "role": choice(Rank),
    "description": text,
}
DOES = {  # what each kind of action takes beside what all take
    ActionKind.RESTART: frozenset({"daemons"}),
    ActionKind.COMMAND: frozenset({"command", "cwd", "env"}),
    ActionKind.HTTP: frozenset({"url", "method", "headers", "body", "token_env"}),
    ActionKind.GITHUB_DISPATCH: frozenset(
        {"repository", "workflow", "event_type", "ref", "inputs", "token_env", "base_url"}
    ),
}
OF_ALL = frozenset(ACTION) - frozenset().union(*DOES.values())
