"""The code that makes somebody an admin: printed on the machine, typed in Slack.

Rule 1: a code is good once, for ten minutes, and for a few wrong tries; a new one ends the old.
Rule 2: whoever tries a wrong one learns nothing but that: not whether there is a code at all.
Rule 3: where ghost.toml names the admins, nobody becomes one by a code, and those who did are none.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from ghostbot.errors import Failed, NoSuch, NotAllowed
from ghostbot.orders import Actor
from ghostbot.record import Note, unnoted

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without what is read as another
LENGTH = 8  # 2^39: ten tries find nothing
GOOD_S = 600.0
TRIES = 10

log = logging.getLogger("ghost.orders")


class Claimed(Protocol):
    """Somebody who became an admin (store/claims.py)."""

    @property
    def team(self) -> str:
        """The workspace."""

    @property
    def user(self) -> str:
        """Slack's id."""

    @property
    def name(self) -> str:
        """The name, for people."""

    @property
    def at(self) -> float:
        """When, in UTC epoch seconds."""


class Store(Protocol):
    """Where they are kept (store/claims.py)."""

    async def put(self, team: str, user: str, name: str) -> Claimed:
        """Remember somebody."""

    async def drop(self, user: str) -> None:
        """Forget somebody."""

    async def all(self) -> Sequence[Claimed]:
        """Return all."""


class Claims:
    """Gives codes, takes them, and knows who came by one."""

    def __init__(
        self,
        store: Store,
        *,
        named: Callable[[], bool] = lambda: False,
        note: Note = unnoted,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take where claims are kept, and whether ghost.toml names the admins."""
        self._store = store
        self._named = named
        self._note = note
        self._now = now
        self._code: str | None = None
        self._until = 0.0
        self._tries = 0
        self._all: list[Claimed] = []

    async def begin(self) -> None:
        """Take up the claims of an earlier Ghost."""
        self._all = list(await self._store.all())

    def all(self) -> tuple[Claimed, ...]:
        """Return who became an admin by a code."""
        return () if self._named() else tuple(self._all)

    def admins(self, team: str | None) -> frozenset[str]:
        """Return the ids of those of one workspace."""
        return frozenset(one.user for one in self.all() if one.team == team)

    def new(self) -> str:
        """Return a new code. Raises Failed where ghost.toml names the admins."""
        if self._named():
            raise Failed("cannot make a code: ghost.toml names the admins, see [roles] admin")
        drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        self._code, self._until, self._tries = drawn, self._now() + GOOD_S, 0
        return _spelled(drawn)

    @property
    def code(self) -> tuple[str, float] | None:
        """Return the code that is good now, and for how many seconds."""
        left_s = self._until - self._now()
        return (_spelled(self._code), left_s) if self._code and left_s > 0 else None

    def exposed(self, said: str) -> None:
        """End the code, if that is it: it was said where others read it."""
        if self._is_right(said):
            self._code = None

    async def claim(self, actor: Actor, team: str, said: str) -> None:
        """Make `actor` an admin, if that is the code. Raises NotAllowed."""
        if not self._is_right(said):
            self._note("refusal", actor.id, f"{actor.name}: a wrong code", verb="claim")
            log.warning("refused verb=claim by=%s why=wrong code", actor.id)
            raise NotAllowed(
                "cannot claim: this code is wrong, used, or older than ten minutes; "
                "`ghost claim` on the machine prints a new one"
            )
        self._code = None  # before anything is awaited: two at once are one
        claimed = await self._store.put(team, actor.id, actor.name)
        self._all = [one for one in self._all if (one.team, one.user) != (team, actor.id)]
        self._all.append(claimed)
        self._note("claim", actor.id, f"{actor.name} became an admin by a code", name=actor.name)
        log.info("order verb=claim names= by=%s", actor.id)

    async def revoke(self, user: str, by: Actor) -> None:
        """Take it back from somebody, by id or name. Raises NoSuch."""
        meant = {one.user for one in self._all if user in (one.user, one.name)}
        if not meant:
            raise NoSuch(f"cannot revoke {user}: nobody of that name became an admin", "claim")
        for one in meant:
            await self._store.drop(one)
        self._all = [one for one in self._all if one.user not in meant]
        self._note("claim", by.id, f"{by.name}: {user} is no admin any more", name=by.name)

    def _is_right(self, said: str) -> bool:
        code = self._code
        typed = "".join(c for c in said.upper()[:100] if c.isalnum())
        same = secrets.compare_digest(typed.encode(), (code or "").encode())
        if code is None or self._named() or self._now() >= self._until:
            return False
        self._tries += not same
        if self._tries >= TRIES:
            self._code = None
        return same


def _spelled(code: str) -> str:
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"
