"""Who may do what: the roles, what each verb takes, and whom a role is given to.

Rule 1: each role includes those before it.
Rule 2: an operator may be limited to groups of daemons: whatever is not in one of these groups,
        and whatever has no group at all, is not theirs to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

EVERYBODY = "*"


class Role(IntEnum):
    """What somebody may do."""

    NOBODY = 0
    VIEWER = 1  # reads
    OPERATOR = 2  # orders daemons about, has troubles in hand, proposes patches
    APPROVER = 3  # says yes or no to patches
    ADMIN = 4  # changes Ghost itself

    @property
    def word(self) -> str:
        """Return it as people write it."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        """Return the role that a word of ghost.toml names."""
        return cls[word.upper()]


NEEDS: Mapping[str, Role] = {  # what is asked for within a verb, or by no verb that is typed
    "patch list": Role.VIEWER,
    "patch show": Role.VIEWER,
    "patch submit": Role.OPERATOR,
    "patch approve": Role.APPROVER,
    "patch reject": Role.APPROVER,
    "patch revert": Role.APPROVER,
    "tasks cancel": Role.OPERATOR,
    "heal": Role.OPERATOR,
    "test alert": Role.OPERATOR,
    "test probes": Role.VIEWER,
    "sweep list": Role.VIEWER,
    "sweep kill": Role.ADMIN,
    "down": Role.ADMIN,
    "reload": Role.ADMIN,
    "upgrade": Role.ADMIN,
    "new claim": Role.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a role is given to: a user, a user group, a channel's members, or everybody.

    `who` is `U…`, `S…`, `C…` or `*`, or `@handle` and `#name`, which Slack has to resolve.
    `groups` are those of daemons to which it is limited; none is all.
    """

    who: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody may do: `groups` limits an operator, None does not; `why` is a clause."""

    role: Role
    groups: frozenset[str] | None = None
    why: str = ""


def outside(groups: frozenset[str] | None, of: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return who of these is in none of the groups somebody is limited to; `of` names theirs."""
    if groups is None:
        return ()
    return tuple(name for name, group in of.items() if group not in groups)


def together(grants: Iterable[Grant]) -> frozenset[str] | None:
    """Return to what several grants of one role limit whoever has them all; None: to nothing."""
    found: set[str] = set()
    for grant in grants:
        if not grant.groups:
            return None
        found |= set(grant.groups)
    return frozenset(found)


def article(role: Role) -> str:
    """Return `an operator`, `a viewer`, `nobody`."""
    if role is Role.NOBODY:
        return "nobody"
    return f"{'an' if role.word[0] in 'ao' else 'a'} {role.word}"
