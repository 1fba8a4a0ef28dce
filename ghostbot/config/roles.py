"""Readers of [roles]: whom each role is given to.

Rule 1: `Wrong` as in `values`. What only Slack knows, whether there is such a handle or channel,
        is found out once it can be asked, and told then.
"""

from __future__ import annotations

import re

from ghostbot.config.values import Reader, many, name, one_or_many, text
from ghostbot.config.wrong import Place, Wrong, shown
from ghostbot.core.rights import EVERYBODY, Grant
from ghostbot.core.words import did_you_mean

KEYS = ("who", "groups")

_WHO = re.compile(
    r"[UWSCG][A-Z0-9]{2,}"  # Slack's ids of people, groups, channels
    r"|@[^\s@#<>&,]{1,80}|#[^\s#,<>@]{1,80}|[*]"
)
_WAY_OUT = 'write "@handle", "#channel", an id as in "U012ABCDEF", or "*" for everybody'


def grantee(value: object) -> Grant:
    """Read whom a role is given to."""
    found = text(value)
    if not _WHO.fullmatch(found):
        raise Wrong(f"{shown(found)} is nobody: {_WAY_OUT}")
    return Grant(found)


def operator(value: object) -> Grant:
    """Read whom the role of an operator is given to, for all daemons or for groups of them."""
    if not isinstance(value, dict):
        return grantee(value)
    if unknown := sorted(value.keys() - {*KEYS}):
        raise Wrong(each=[((key,), f"unknown key{did_you_mean(key, KEYS)}") for key in unknown])
    if {*value} != {*KEYS}:
        raise Wrong('it takes both: write { who = "@web", groups = ["web"] }')
    wrong: list[tuple[Place, str]] = []
    found: dict[str, object] = {}
    for key, read in (("who", grantee), ("groups", one_or_many(name, 'groups = ["web"]'))):
        try:
            found[key] = read(value.get(key))
        except Wrong as error:
            wrong += error.below(key)
    if wrong:
        raise Wrong(each=wrong)
    grant, groups = found["who"], found["groups"]
    assert isinstance(grant, Grant), "its reader gives one"
    assert isinstance(groups, tuple), "its reader gives one"
    if not groups:
        raise Wrong("groups is empty: name one, or leave the table for the bare name")
    return Grant(grant.who, groups)


ROLES: dict[str, Reader] = {
    "viewer": one_or_many(grantee, f'viewer = ["#general", "{EVERYBODY}"]'),
    "operator": many(operator, 'operator = ["@ops", { who = "@web", groups = ["web"] }]'),
    "approver": one_or_many(grantee, 'approver = ["@leads"]'),
    "admin": one_or_many(grantee, 'admin = ["U012ABCDEF"]'),
}
