"""Whether somebody may do what they ask for, asked once more where it is done.

Rule 1: whoever came by Slack was asked before, with more words; this is the last door, and all
        ways lead through it.
Rule 2: each deed and each refusal is one line in the log and one event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import NoReturn

from ghostbot.core.rights import Role, article, outside
from ghostbot.core.verbs import needed
from ghostbot.errors import NotAllowed
from ghostbot.orders import Actor
from ghostbot.record import Note, unnoted

NAMED_MAX = 10

log = logging.getLogger("ghost.orders")


class Permit:
    """Lets people do things, and notes that they did."""

    def __init__(
        self, note: Note = unnoted, group_of: Callable[[str], str | None] = lambda _: None
    ) -> None:
        """Take who notes, and what knows the group of a daemon or a check."""
        self.note = note
        self._group_of = group_of

    def __call__(
        self, actor: Actor, verb: str, names: Sequence[str] = (), *, need: Role | None = None
    ) -> None:
        """Let `actor` do it to these, and note it. Raises NotAllowed."""
        self.check(actor, verb, names, need=need)
        self.noted(actor, verb, names)

    def noted(self, actor: Actor, verb: str, names: Sequence[str] = ()) -> None:
        """Note a deed of somebody who was let in before."""
        said = named(names)
        log.info("order verb=%s names=%s by=%s", verb, ",".join(names), actor.id)
        what = f"{actor.name}: {verb} {said}".rstrip()
        role = actor.role.word
        self.note("order", actor.id, what, verb=verb, names=list(names), name=actor.name, role=role)

    def check(
        self, actor: Actor, verb: str, names: Sequence[str] = (), *, need: Role | None = None
    ) -> None:
        """Raise NotAllowed, and note it, where `actor` may not do it to one of these."""
        need = needed(verb) if need is None else need
        if actor.role < need:
            has = "" if actor.role is Role.NOBODY else f", and you are {article(actor.role)}"
            self.refuse(actor, verb, f"you may not {verb}: that takes {article(need)}{has}")
        if need <= Role.VIEWER:
            return
        beyond = outside(actor.groups, {name: self._group_of(name) for name in names or ("",)})
        if beyond:
            mine = ", ".join(sorted(actor.groups or ()))
            whom = named([one for one in beyond if one]) or "what is no daemon's"
            self.refuse(
                actor, verb, f"you may not {verb} {whom}: you operate the daemons of {mine} alone"
            )

    def refuse(self, actor: Actor, verb: str, why: str) -> NoReturn:
        """Note a refusal, and raise it."""
        log.warning("refused verb=%s by=%s why=%s", verb, actor.id, why)
        self.note("refusal", actor.id, f"{actor.name}: {why}", verb=verb, name=actor.name)
        raise NotAllowed(why)


def named(names: Sequence[str]) -> str:
    """Name them, or count those that nobody would read."""
    shown = ", ".join(names[:NAMED_MAX])
    return f"{shown} and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else shown
