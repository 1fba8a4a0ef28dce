"""Who may ask Ghost for what: the members of the alert channel, as Slack knows them.

Rule 1: whoever is no member, a guest, or from another workspace, may do nothing.
Rule 2: while Slack cannot be asked, reading is allowed and changing is not.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.core.rights import Role, article
from ghostbot.core.words import VERBS, needed
from ghostbot.errors import NotAllowed
from ghostbot.orders import Actor
from ghostbot.slack.refusals import NETWORK

MEMBERS_S = 60.0  # how long a list of members is believed
PERSON_S = 600.0
PEOPLE_MAX = 1_000
PAGE = 200

log = logging.getLogger("ghost.slack")


class People:
    """The members of one channel, asked for when needed and remembered for a minute."""

    def __init__(
        self,
        client: AsyncWebClient,
        channel: str | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the alert channel as it stands in ghost.toml: an id, or a name with or without #."""
        self._client = client
        self._channel = channel
        self._now = now
        self._id: str | None = None
        self._members: tuple[float, frozenset[str]] | None = None
        self._guests: OrderedDict[str, tuple[float, bool]] = OrderedDict()

    async def admit(self, actor: Actor, verb: str, *, need: Role | None = None) -> Actor:
        """Let `actor` pass, and return them with what they may.

        Raises NotAllowed, with who may and how to become one of them. `need` is what it takes
        where the verb alone does not say that.
        """
        need = needed(verb) if need is None else need
        if self._channel is None:
            raise NotAllowed("cannot answer: no `[slack] channel` is set, so nobody may ask yet")
        try:
            member = actor.id in await self._all()
            guest = member and await self._is_guest(actor.id)
        except (SlackApiError, *NETWORK) as error:
            log.warning("cannot ask for members channel=%s why=%r", self._channel, error)
            if need > Role.VIEWER:
                raise NotAllowed(
                    "cannot do that now: Slack does not say who is in the channel; try again"
                ) from error
            return replace(actor, role=Role.VIEWER)
        place = f"<#{self._id}>" if self._id else self._channel
        if guest:
            raise NotAllowed(f"you may not ask Ghost: guests of {place} may only read along")
        if not member:
            raise NotAllowed(f"you may not ask Ghost: only members of {place} may, join it")
        if need > Role.OPERATOR:
            raise NotAllowed(f"you may not {verb}: that takes {article(need)}")
        return replace(actor, role=Role.OPERATOR)

    async def role(self, user: str) -> Role:
        """Return what a person may do. Raises NotAllowed while Slack does not say."""
        try:
            return (await self.admit(Actor(user, user, Role.NOBODY), "restart")).role
        except NotAllowed:
            return Role.NOBODY

    async def allowed(self, user: str) -> frozenset[str]:
        """Return the verbs that a person may use."""
        role = await self.role(user)
        return frozenset(verb.name for verb in VERBS.values() if verb.role <= role)

    async def approvers(self) -> frozenset[str]:
        """Return the ids of all who may approve. Raises NotAllowed while Slack does not say."""
        return frozenset()

    async def channel_id(self) -> str | None:
        """Return the alert channel's id. None: none is set, or Slack shows us none of that name.

        Raises SlackApiError and what the network raises.
        """
        if self._id is None and self._channel is not None:
            self._id = await self.find(self._channel)
        return self._id

    async def find(self, channel: str) -> str | None:
        """Return the id of a channel by its name or id."""
        if channel[:1] in "CGD" and channel.isalnum() and channel.isupper():
            return channel
        wanted = channel.removeprefix("#")
        kinds = "public_channel,private_channel"
        async for found in self._pages("channels", self._client.conversations_list, types=kinds):
            if found["name"] == wanted:
                return str(found["id"])
        return None

    async def _all(self) -> frozenset[str]:
        now = self._now()
        if self._members is not None and now - self._members[0] < MEMBERS_S:
            return self._members[1]
        channel = await self.channel_id()
        members: set[str] = set()
        if channel is not None:
            async for user in self._pages(
                "members", self._client.conversations_members, channel=channel
            ):
                members.add(user)
        self._members = (now, frozenset(members))
        return self._members[1]

    async def _is_guest(self, user: str) -> bool:
        """Tell whether `user` is a guest, a bot, gone, or of another workspace."""
        now, known = self._now(), self._guests.get(user)
        if known is not None and now - known[0] < PERSON_S:
            return known[1]
        person: dict[str, Any] = (await self._client.users_info(user=user))["user"]
        signs = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")
        self._guests[user] = (now, any(person.get(sign) for sign in signs))
        while len(self._guests) > PEOPLE_MAX:
            self._guests.popitem(last=False)
        return self._guests[user][1]

    async def _pages(self, key: str, method: Callable[..., Any], **args: Any) -> AsyncIterator[Any]:
        cursor = ""
        while True:
            page = await method(limit=PAGE, cursor=cursor or None, **args)
            for item in page[key]:
                yield item
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
