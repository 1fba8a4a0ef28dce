"""What Slack says of people, groups and channels, remembered for a minute.

Rule 1: guests, bots, people of other workspaces and those who left are outsiders, whatever list
        they stand on.
Rule 2: while Slack does not answer it is not asked at every turn; what it said last is at hand.
Rule 3: a handle is a user group's, or the account name of a person: a display name is anybody's
        to take, and never gives a role.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.slack.refusals import NETWORK, code_of

MEMBERS_S = 60.0  # how long a list of members is believed, and what was said of a person
UNKNOWN_S = 60.0  # how long a name that means nothing is not asked about again
AGAIN_S = 3.0  # after a failure
KEPT_MAX = 2_000
PAGE = 200
MANY = 20  # unknown people: one list of all is cheaper

NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
NOWHERE = frozenset({"channel_not_found", "not_in_channel", "no_such_subteam", "subteam_not_found"})

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody. `outsider` says in a clause why they may do nothing; None: they are one of us."""

    id: str
    name: str
    outsider: str | None = None


class Remembered(Generic[K, V]):
    """Answers of Slack, each believed for a while."""

    def __init__(
        self, ask: Callable[[K], Awaitable[V]], for_s: float, now: Callable[[], float]
    ) -> None:
        """Take what asks, and how long an answer is believed."""
        self._ask = ask
        self._for_s = for_s
        self._now = now
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._failed: dict[K, tuple[float, Exception]] = {}

    async def get(self, key: K) -> V:
        """Return the answer. Raises what asking raises."""
        now, known = self._now(), self._kept.get(key)
        if known is not None and now - known[0] < self._for_s:
            return known[1]
        failed = self._failed.get(key)
        if failed is not None and now - failed[0] < AGAIN_S:
            raise failed[1]
        try:
            found = await self._ask(key)
        except (SlackApiError, *NETWORK) as error:
            self._failed = {key: (now, error)} | {
                k: v for k, v in self._failed.items() if now - v[0] < AGAIN_S
            }
            raise
        self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Remember what was answered elsewhere."""
        self._kept.pop(key, None)
        self._kept[key] = (self._now(), value)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)

    def last(self, key: K) -> V | None:
        """Return what was answered last, however old; None: nothing yet."""
        known = self._kept.get(key)
        return None if known is None else known[1]


class Roster:
    """Who is who, and who is where."""

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        team: Callable[[], str | None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the way to Slack, and which workspace is ours, once that is known."""
        self._client = client
        self._team = team
        self.people = Remembered(self._person, MEMBERS_S, now)
        self.channels = Remembered(self._channel, MEMBERS_S, now)
        self.groups = Remembered(self._group, MEMBERS_S, now)
        self.names = Remembered(self._named, UNKNOWN_S, now)
        self._ids: dict[str, str] = {}

    async def id_of(self, who: str) -> str | None:
        """Return the id of `@handle` or `#name`, found once; None: Slack knows none such."""
        if who[0] not in "@#":
            return who
        if who not in self._ids:
            found = await self.names.get(who)
            if found is None:
                return None
            self._ids[who] = found
        return self._ids[who]

    def known(self, who: str) -> str | None:
        """Return the id of `@handle` or `#name` where it was found before."""
        return self._ids.get(who)

    async def find(self, channel: str) -> str | None:
        """Return the id of a channel by its name or id."""
        if channel[:1] in "CGD" and channel.isalnum() and channel.isupper():
            return channel
        return await self.id_of(f"#{channel.removeprefix('#')}")

    async def among(self, who: str) -> frozenset[str] | None:
        """Return the ids of all whom an id means; None is everybody, and an unknown is nobody."""
        match who[:1]:
            case "*":
                return None
            case "S":
                return await self.groups.get(who)
            case "C" | "G":
                return await self.channels.get(who)
        return frozenset({who})

    async def insiders(self, users: Iterable[str]) -> frozenset[str]:
        """Return those of these who are one of us."""
        wanted = set(users)
        if sum(self.people.last(user) is None for user in wanted) > MANY:
            await self.everybody()
        known = [await self.people.get(user) for user in sorted(wanted)]
        return frozenset(one.id for one in known if one.outsider is None)

    async def everybody(self) -> frozenset[str]:
        """Return all who are one of us."""
        found = [self._known(one) async for one in self._pages("members", self._client.users_list)]
        for one in found:
            self.people.put(one.id, one)
        return frozenset(one.id for one in found if one.outsider is None)

    async def _person(self, user: str) -> Known:
        try:
            asked = await self._client.users_info(user=user)
        except SlackApiError as error:
            if code_of(error) not in NOBODY:
                raise
            return Known(user, user, "not of this workspace")
        return self._known(asked["user"])

    def _known(self, person: dict[str, Any]) -> Known:
        name = str(person.get("name") or person["id"])
        return Known(str(person["id"]), name, self._outsider(person))

    def _outsider(self, person: dict[str, Any]) -> str | None:
        team, ours = person.get("team_id"), self._team()
        if person.get("deleted"):
            return "gone from this workspace"
        if person.get("is_bot") or person.get("id") == "USLACKBOT":
            return "a bot"
        if person.get("is_restricted") or person.get("is_ultra_restricted"):
            return "a guest"
        if person.get("is_stranger") or (team and ours and team != ours):
            return "of another workspace"
        return None

    async def _channel(self, channel: str) -> frozenset[str]:
        method = self._client.conversations_members
        try:
            return frozenset(
                [user async for user in self._pages("members", method, channel=channel)]
            )
        except SlackApiError as error:
            if code_of(error) not in NOWHERE:
                raise
            return frozenset()

    async def _group(self, group: str) -> frozenset[str]:
        try:
            return frozenset((await self._client.usergroups_users_list(usergroup=group))["users"])
        except SlackApiError as error:
            if code_of(error) not in NOWHERE:
                raise
            return frozenset()

    async def _named(self, who: str) -> str | None:
        wanted = who[1:]
        if who[0] == "#":
            method, kinds = self._client.conversations_list, "public_channel,private_channel"
            async for found in self._pages("channels", method, types=kinds):
                if found["name"] == wanted:
                    return str(found["id"])
            return None
        for group in (await self._client.usergroups_list())["usergroups"]:
            if group["handle"] == wanted and not group.get("date_delete"):
                return str(group["id"])
        async for person in self._pages("members", self._client.users_list):
            if person.get("name") == wanted and not person.get("deleted"):
                return str(person["id"])
        return None

    async def _pages(self, key: str, method: Callable[..., Any], **args: Any) -> AsyncIterator[Any]:
        cursor = ""
        while True:
            page = await method(limit=PAGE, cursor=cursor or None, **args)
            for item in page[key]:
                yield item
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
