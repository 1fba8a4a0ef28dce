"""Readers of what [slack] says of people: whom to page, when to be quiet, who is told what where,
and whose posts are patches.
"""

from __future__ import annotations

import re
from enum import StrEnum

from ghostbot.config.model import PatchesTable
from ghostbot.config.values import channel, text
from ghostbot.config.wrong import Place, Wrong, shown
from ghostbot.core.quiet import Window
from ghostbot.core.quiet import window as read_window
from ghostbot.core.words import did_you_mean

GROUP = "group:"

_MENTION = re.compile(r"[UWS][A-Z0-9]{5,}|@[^\s@#<>&,]{1,80}")  # Slack's ids, or a handle
_AGENT = re.compile(r"[UWBA][A-Z0-9]{2,}")  # a user, a bot or an app
_PATCHES = 'patches = { channel = "#patches", from = ["U012ABCDEF", "B012ABCDEF"] }'


class Severity(StrEnum):
    """How bad a trouble is, for routes."""

    WARNING = "warning"  # every trouble
    CRITICAL = "critical"  # one that Ghost cannot end by itself


def mention(value: object) -> str:
    """Read a person or a user group: by Slack's own id, or `@handle`."""
    found = text(value)
    if not _MENTION.fullmatch(found):
        raise Wrong(f'{shown(found)} is nobody: write an id as in "U012ABCDEF", or "@handle"')
    return found


def window(value: object) -> Window:
    """Read hours, days, or hours of days."""
    found = read_window(text(value))
    if found is None:
        raise Wrong(
            f'{shown(value)} is no time of quiet: write "22:00-07:00", "sat-sun"'
            ' or "mon-fri 12:00-13:00"'
        )
    return found


def routes(value: object) -> dict[str, str]:
    """Read a table from severities and groups to channels."""
    if not isinstance(value, dict):
        raise Wrong(f'{shown(value)} is no table: write routes = {{ critical = "#on-call" }}')
    wrong: list[tuple[Place, str]] = []
    found: dict[str, str] = {}
    for key, item in value.items():
        try:
            found[_routed(key)] = channel(item)
        except Wrong as error:
            wrong += error.below(key)
    if wrong:
        raise Wrong(each=wrong)
    return found


def _routed(key: str) -> str:
    known = [word.value for word in Severity]
    if key in known or (key.startswith(GROUP) and key != GROUP):
        return key
    near = did_you_mean(key, known) or f": write {', '.join(known)} or group:NAME"
    raise Wrong(f"{shown(key)} can have no route{near}")


def patches(value: object) -> PatchesTable:
    """Read the channel whose posts are patches, and whose: nobody's unless somebody is listed."""
    if isinstance(value, str):
        raise Wrong(f"{shown(value)} lists nobody, so no post would be read: write {_PATCHES}")
    if not isinstance(value, dict):
        raise Wrong(f"{shown(value)} is no table: write {_PATCHES}")
    wrong: list[tuple[Place, str]] = []
    for key in sorted(value.keys() - {"channel", "from"}):
        near = did_you_mean(key, ("channel", "from")) or f": write {_PATCHES}"
        wrong.append(((key,), f"unknown key{near}"))
    found: list[str] = []
    where = ""
    try:
        where = channel(value.get("channel", ""))
    except Wrong as error:
        wrong += error.below("channel")
    try:
        found = [_agent(one) for one in _some(value.get("from"))]
    except Wrong as error:
        wrong += error.below("from")
    if wrong:
        raise Wrong(each=wrong)
    return PatchesTable(channel=where, from_=tuple(dict.fromkeys(found)))


def _some(value: object) -> list[object]:
    found = value if isinstance(value, list) else [value]
    if value is None or not found:
        raise Wrong(f"it lists nobody: write {_PATCHES}")
    return found


def _agent(value: object) -> str:
    found = text(value)
    if not _AGENT.fullmatch(found):
        raise Wrong(
            f'{shown(found)} is no id: write that of a user, a bot or an app, as in "B012ABCDEF"'
            " (in Slack: the profile, “Copy member ID”)"
        )
    return found
