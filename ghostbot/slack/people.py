"""Who may ask Ghost for what, as Slack knows people and ghost.toml gives roles.

Rule 1: guests, bots and people of other workspaces may do nothing, whatever they are named as.
Rule 2: while Slack cannot be asked, reading is allowed and changing is not; whoever was known for
        an outsider stays one.
Rule 3: without [roles], members of the alert channel read and operate, and who claimed with the
        code of `ghost up` is admin. With it, its words are the law, key by key.
Rule 4: a refusal names who may, is told to the asker alone, and is noted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.config.model import RolesTable
from ghostbot.core.rights import EVERYBODY, Grant, Role, Standing, article, together
from ghostbot.core.verbs import VERBS, needed
from ghostbot.errors import NotAllowed
from ghostbot.orders import Actor
from ghostbot.permit import Permit
from ghostbot.slack.refusals import NETWORK
from ghostbot.slack.roster import Roster

SHOWN_MAX = 8  # grants named in a refusal
CANNOT_SAY = "cannot do that now: Slack does not say who may; try again in a moment"

log = logging.getLogger("ghost.slack")


class People:
    """Who is who, and what they may."""

    def __init__(
        self,
        client: AsyncWebClient,
        channel: str | None,
        now: Callable[[], float] = time.monotonic,
        *,
        roles: Callable[[], RolesTable] = RolesTable,
        claimed: Callable[[str | None], frozenset[str]] = lambda _: frozenset(),
        team: Callable[[], str | None] = lambda: None,
        permit: Permit | None = None,
    ) -> None:
        """Take the alert channel as it stands in ghost.toml: an id, or a name with or without #.

        `roles` is what [roles] says now; `claimed` names who became an admin in a workspace.
        """
        self.roster = Roster(client, team=team, now=now)
        self._channel = channel
        self._roles = roles
        self._claimed = claimed
        self._team = team
        self._permit = permit or Permit()
        self._reread = asyncio.Event()

    async def admit(self, actor: Actor, verb: str, *, need: Role | None = None) -> Actor:
        """Let `actor` pass, and return them with what they may.

        Raises NotAllowed, with who may and how to become one of them. `need` is what it takes
        where the verb alone does not say that.
        """
        need = needed(verb) if need is None else need
        try:
            standing = await self.standing(actor.id)
        except (SlackApiError, *NETWORK) as error:
            log.warning("cannot ask who may user=%s why=%r", actor.id, error)
            if need > Role.VIEWER:
                self._permit.refuse(actor, verb, CANNOT_SAY)
            known = self.roster.people.last(actor.id)
            if known is not None and known.outsider is not None:
                self._permit.refuse(actor, verb, _outside(known.outsider))
            return replace(actor, role=Role.VIEWER)
        if standing.role < need:
            self._permit.refuse(actor, verb, self._refusal(standing, verb, need))
        return replace(actor, role=standing.role, groups=standing.groups)

    async def insider(self, actor: Actor, verb: str) -> None:
        """Let pass whoever is one of us, whatever their role. Raises NotAllowed."""
        try:
            known = await self.roster.people.get(actor.id)
        except (SlackApiError, *NETWORK):
            self._permit.refuse(actor, verb, CANNOT_SAY)
        if known.outsider is not None:
            self._permit.refuse(actor, verb, _outside(known.outsider))

    async def standing(self, user: str) -> Standing:
        """Return what a person may do, and why. Raises SlackApiError and what the network does."""
        known = await self.roster.people.get(user)
        if known.outsider is not None:
            return Standing(Role.NOBODY, None, known.outsider)
        for role in (Role.ADMIN, Role.APPROVER, Role.OPERATOR, Role.VIEWER):
            met = [grant for grant in self._grants(role) if await self._meets(user, grant)]
            if met:
                groups = together(met) if role is Role.OPERATOR else None
                return Standing(role, groups, self._why(role, met[0]))
        return Standing(Role.NOBODY, None, "given no role")

    async def role(self, user: str) -> Role:
        """Return what a person may do. Raises NotAllowed while Slack does not say."""
        try:
            return (await self.standing(user)).role
        except (SlackApiError, *NETWORK) as error:
            raise NotAllowed(CANNOT_SAY) from error

    async def allowed(self, user: str) -> frozenset[str]:
        """Return the verbs that a person may use; while Slack does not say, those that read."""
        try:
            role = await self.role(user)
        except NotAllowed:
            role = Role.VIEWER
        return frozenset(verb.name for verb in VERBS.values() if verb.role <= role)

    async def approvers(self) -> frozenset[str]:
        """Return the ids of all who may approve. Raises NotAllowed while Slack does not say."""
        found: set[str] = set()
        try:
            for grant in (*self._grants(Role.APPROVER), *self._grants(Role.ADMIN)):
                if (who := await self._id(grant.who)) is None:
                    continue
                meant = await self.roster.among(who)
                found |= await self.roster.everybody() if meant is None else meant
            return await self.roster.insiders(found)
        except (SlackApiError, *NETWORK) as error:
            raise NotAllowed(CANNOT_SAY) from error

    async def channel_id(self) -> str | None:
        """Return the alert channel's id. None: none is set, or Slack shows us none of that name.

        Raises SlackApiError and what the network raises.
        """
        return None if self._channel is None else await self.find(self._channel)

    async def find(self, channel: str) -> str | None:
        """Return the id of a channel by its name or id. Raises as `channel_id`."""
        return await self.roster.find(channel)

    async def unknown(self) -> list[str]:
        """Return whom [roles] names and Slack does not know, as lines for people."""
        lines = []
        for role in (Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN):
            said: tuple[Grant, ...] | None = getattr(self._roles(), role.word)
            missing = [g.who for g in said or () if await self._id(g.who) is None]
            lines += [f"cannot make {who} {article(role)}: {_missing(who)}" for who in missing]
        return lines

    async def tell_unknown(
        self, ready: Callable[[], Awaitable[None]], tell: Callable[[str | None], None]
    ) -> None:
        """Tell whom [roles] names in vain, at start and whenever it was read again; for ever."""
        await ready()
        while True:
            self._reread.clear()
            tell("; ".join(await self.unknown()) or None)
            await self._reread.wait()

    def reread(self) -> None:
        """Look again whom [roles] names."""
        self._reread.set()

    def _grants(self, role: Role) -> tuple[Grant, ...]:
        """Return whom a role is given to: as ghost.toml says, or as it is without that."""
        said: tuple[Grant, ...] | None = getattr(self._roles(), role.word)
        if said is not None:
            return said
        if role is Role.ADMIN:
            return tuple(Grant(user) for user in sorted(self._claimed(self._team())))
        if role is Role.APPROVER or self._channel is None:
            return ()
        return (Grant(self._channel),)

    async def _meets(self, user: str, grant: Grant) -> bool:
        who = await self._id(grant.who)
        if who is None:
            return False
        meant = await self.roster.among(who)
        return meant is None or user in meant

    async def _id(self, who: str) -> str | None:
        """Return the id of what a grant names. The alert channel may stand there without its #."""
        if who == self._channel:
            return await self.roster.find(who)
        return await self.roster.id_of(who)

    def _why(self, role: Role, grant: Grant) -> str:
        if role is Role.ADMIN and self._roles().admin is None:
            return "made so by `claim`"
        if grant.who == EVERYBODY:
            return "as everybody is"
        return f"as {self._shown(grant, one=True)}"

    def _refusal(self, standing: Standing, verb: str, need: Role) -> str:
        if standing.why and standing.role is Role.NOBODY and standing.why != "given no role":
            return _outside(standing.why)
        if self._channel is None and not any(self._grants(role) for role in Role if role):
            return "cannot answer: no `[slack] channel` is set, so nobody may ask yet"
        who = self._whom(need)
        if standing.role is Role.NOBODY:
            join = ", join it" if "members of" in who and "," not in who else ""
            what = "ask Ghost" if need <= Role.OPERATOR else verb
            return f"you may not {what}: only {who} may{join}"
        has = article(standing.role)
        return f"you may not {verb}: that takes {article(need)}, and you are {has}; ask {who}"

    def _whom(self, need: Role) -> str:
        """Name who has a role, and who has more."""
        grants = [g for role in Role if role >= need for g in self._grants(role)]
        shown = list(dict.fromkeys(self._shown(grant) for grant in grants))
        if not shown:
            return "an admin (there is none yet: `ghost claim` on the machine prints a code)"
        more = f" or {len(shown) - SHOWN_MAX} more" if len(shown) > SHOWN_MAX else ""
        return " or ".join(shown[:SHOWN_MAX]) + more

    def _shown(self, grant: Grant, *, one: bool = False) -> str:
        """Return whom a grant means, in Slack's markup where the id is known."""
        who = grant.who
        if who == self._channel and who[:1] not in "CG#":
            who = f"#{who}"
        known = self.roster.known(who) or who
        if known == EVERYBODY:
            return "everybody"
        if known[0] in "CG#":
            place = f"<#{known}>" if known[0] != "#" else known
            return f"a member of {place}" if one else f"members of {place}"
        if known[0] == "S":
            return f"one of <!subteam^{known}>" if one else f"<!subteam^{known}>"
        return f"<@{known}>" if known[0] in "UW" else known


def _outside(why: str) -> str:
    return f"you may not ask Ghost: you are {why}, and guests and bots may only read along"


def _missing(who: str) -> str:
    if who.startswith("#"):
        return "Slack shows Ghost no such channel; invite it there, if it is private"
    return "Slack knows no such group or account name; write the id instead, as in U012ABCDEF"
