"""Who may send patches by posting: the agents that ghost.toml lists, in the one channel it names.

Rule 1: nobody else's posts are read, and Ghost's own never, whoever lists it.
Rule 2: who posted is who made the patch, whoever brings it to Ghost.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.config.model import PatchesTable
from ghostbot.core.proposal import Submitter, Way
from ghostbot.slack.refusals import NETWORK

Json = Mapping[str, Any]

NAMES_MAX = 500


class Agents:
    """The listed ones, and their channel."""

    def __init__(
        self,
        table: PatchesTable | None,
        client: AsyncWebClient,
        find: Callable[[str], Awaitable[str | None]],
        own: Callable[[], str | None],
    ) -> None:
        """Take the table, a client to ask for names, what finds a channel, and Ghost's own id."""
        self._listed = frozenset(table.from_ if table else ())
        self._channel = table.channel if table else None
        self._client = client
        self._find = find
        self._own = own
        self._id: str | None = None
        self._names: OrderedDict[str, str] = OrderedDict()

    def lists(self, message: Json) -> bool:
        """Tell whether a message is of one of them. Never waits."""
        ids = ids_of(message)
        return not ids.isdisjoint(self._listed) and self._own() not in ids

    async def channel_id(self) -> str | None:
        """Return the id of their channel; None: there is none, or none that Ghost can see.

        Raises SlackApiError and what the network raises.
        """
        if self._id is None and self._channel is not None:
            self._id = await self._find(self._channel)
        return self._id

    async def author(self, message: Json, way: Way) -> Submitter:
        """Return who made what a message holds."""
        ids = ids_of(message)
        listed = sorted(ids & self._listed)
        user, bot = str(message.get("user") or ""), str(message.get("bot_id") or "")
        name = str((message.get("bot_profile") or {}).get("name") or message.get("username") or "")
        one = (listed or [user or bot])[0]
        return Submitter(
            id=one,
            name=name or await self._name(user or bot),
            way=way,
            is_agent=bool(listed or bot),
        )

    async def _name(self, user: str) -> str:
        """Return how a person is called; their id where Slack does not say."""
        if user not in self._names:
            try:
                found = (await self._client.users_info(user=user))["user"]
            except (SlackApiError, *NETWORK):
                return user
            self._names[user] = str(found.get("real_name") or found.get("name") or user)
            while len(self._names) > NAMES_MAX:
                self._names.popitem(last=False)
        return self._names[user]


def ids_of(message: Json) -> frozenset[str]:
    """Return every id by which whoever wrote a message may be listed."""
    profile = message.get("bot_profile") or {}
    ids = (message.get("user"), message.get("bot_id"), message.get("app_id"), profile.get("app_id"))
    return frozenset(str(one) for one in ids if one)
