"""Whether Ghost can enter a workspace: tokens, scopes, channel, and a first message.

Rule 1: everything is looked at that can be, so that all that is wrong is told at once.
Rule 2: every failure names the way out, and no word here holds a token.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.config.secrets import Secret
from ghostbot.slack.blocks.message import Message, context, section
from ghostbot.slack.blocks.text import name
from ghostbot.slack.gateway import SLACK_URL, client_of
from ghostbot.slack.refusals import CHANNEL_REFUSALS, NETWORK, TOKEN_REFUSALS, code_of

PAGE = 200
SCOPES = "x-oauth-scopes"  # the header in which Slack says what a token may (docs.slack.dev)
OF_APP = re.compile(r"xapp-[0-9]+-(A[A-Z0-9]+)-")  # whose an app-level token is
KINDS = "public_channel,private_channel"
DOCS = "https://docs.slack.dev"
AGAIN = "on OAuth & Permissions, then Reinstall to Workspace"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at, how it is (None: nobody can tell), and the way out."""

    ok: bool | None
    what: str
    said: str
    way_out: str = ""


@dataclass(slots=True)
class Entering:
    """One look at a workspace. `found` fills up in the order of the steps."""

    bot: Secret
    app: Secret
    api_url: str | None = None
    found: list[Looked] = field(default_factory=list)
    _team: str = field(default="", init=False)
    _bot_id: str = field(default="", init=False)

    @property
    def is_well(self) -> bool:
        """Whether nothing stands in the way."""
        return all(one.ok is not False for one in self.found)

    async def look(self, scopes: Collection[str], channel: str | None, *, join: bool) -> str | None:
        """Look at all of it; with `join`, go into a public channel. Return the channel's id."""
        client = client_of(self.bot.reveal(), self.api_url or SLACK_URL, [])
        if not await self._bot_token(client, scopes):
            await self._app_token(client)
            return None
        await self._app_token(client)
        return await self._channel(client, channel, join=join)

    async def say(self, channel: str, command: str, house: str) -> None:
        """Say the first message."""
        client = client_of(self.bot.reveal(), self.api_url or SLACK_URL, [])
        with self._refusals("message", CHANNEL_REFUSALS):
            payload = hello(command, house).payload()
            await client.chat_postMessage(channel=channel, unfurl_links=False, **payload)
            self._well("message", "the first one is in the channel: go and look")

    async def _bot_token(self, client: AsyncWebClient, scopes: Collection[str]) -> bool:
        with self._refusals("bot token", TOKEN_REFUSALS):
            who = await client.auth_test()
            self._team, self._bot_id = str(who.get("team")), str(who.get("bot_id") or "")
            self._well("bot token", f"lets Ghost into {self._team} as @{who.get('user')}")
            self._scopes({k.lower(): v for k, v in who.headers.items()}.get(SCOPES), scopes)
            return True
        return False

    def _scopes(self, given: str | None, wanted: Collection[str]) -> None:
        if given is None:
            self.found.append(Looked(None, "scopes", "Slack does not say which the token has"))
            return
        missing = sorted({*wanted} - {one.strip() for one in given.split(",")})
        if missing:
            way_out = f"add {'it' if len(missing) == 1 else 'them'} {AGAIN}"
            self._bad("scopes", f"{', '.join(missing)} missing", way_out)
        else:
            self._well("scopes", f"all {len(wanted)} are there")

    async def _app_token(self, client: AsyncWebClient) -> None:
        with self._refusals("app token", TOKEN_REFUSALS):
            # What it opens is a ticket for half a minute; nobody connects with it.
            await client.apps_connections_open(app_token=self.app.reveal())
            self._well("app token", "opens a connection (Socket Mode)")
            await self._of_one_app(client)

    async def _of_one_app(self, client: AsyncWebClient) -> None:
        """Tell two apps' tokens apart, where Slack says whose the bot is: xapp-1-<app>-…"""
        try:
            bot: dict[str, Any] = (await client.bots_info(bot=self._bot_id))["bot"]
        except (SlackApiError, *NETWORK):
            return
        named = OF_APP.match(self.app.reveal())
        if named and bot.get("app_id") not in (None, named[1]):
            way_out = "copy both from the same app's pages"
            self._bad("app token", "it is another app's", way_out)

    async def _channel(
        self, client: AsyncWebClient, wanted: str | None, *, join: bool
    ) -> str | None:
        if wanted is None:
            way_out = 'write `channel = "#ghost-alerts"` under [slack] in ghost.toml'
            self._bad("channel", "none is named", way_out)
            return None
        with self._refusals("channel", CHANNEL_REFUSALS):
            found = await _channel(client, wanted)
            if found is None:
                way_out = f"make {wanted}; if it is private, type `/invite @ghost` in it"
                self._bad("channel", f"no {wanted} to be seen", way_out)
            elif found.get("is_archived"):
                way_out = CHANNEL_REFUSALS["is_archived"]
                self._bad("channel", f"{wanted} is archived", way_out)
            elif found.get("is_member"):
                self._well("channel", f"Ghost is in {wanted}")
                return str(found["id"])
            elif join and not found.get("is_private"):
                return await self._join(client, wanted, str(found["id"]))
            else:
                way_out = "type `/invite @ghost` in it"
                self._bad("channel", f"Ghost is not in {wanted}", way_out)
        return None

    async def _join(self, client: AsyncWebClient, wanted: str, channel: str) -> str | None:
        invite = dict.fromkeys(
            ("missing_scope", "restricted_action"), "type `/invite @ghost` in it"
        )
        with self._refusals("channel", {**CHANNEL_REFUSALS, **invite}):
            await client.conversations_join(channel=channel)
            self._well("channel", f"Ghost joined {wanted}")
            return channel
        return None

    def _well(self, what: str, said: str) -> None:
        self.found.append(Looked(ok=True, what=what, said=said))

    def _bad(self, what: str, said: str, way_out: str) -> None:
        self.found.append(Looked(ok=False, what=what, said=said, way_out=way_out))

    @contextmanager
    def _refusals(self, what: str, known: Mapping[str, str]) -> Iterator[None]:
        """Note what Slack or the network says no with."""
        try:
            yield
        except SlackApiError as error:
            code = code_of(error)
            way_out = known.get(code) or TOKEN_REFUSALS.get(code) or f"look up {code} at {DOCS}"
            self._bad(what, f"Slack answers {code}", way_out)
        except NETWORK as error:
            said = f"cannot reach Slack: {error or type(error).__name__}"
            way_out = "is this machine online? HTTPS_PROXY names a proxy"
            self._bad(what, said, way_out)


async def _channel(client: AsyncWebClient, wanted: str) -> dict[str, Any] | None:
    """Return what Slack says of a channel, by its name or id."""
    if not wanted.startswith("#"):
        found: dict[str, Any] = (await client.conversations_info(channel=wanted))["channel"]
        return found
    cursor = ""
    while True:
        page = await client.conversations_list(types=KINDS, limit=PAGE, cursor=cursor or None)
        for one in page["channels"]:
            if one["name"] == wanted.removeprefix("#"):
                return dict(one)
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return None


def hello(command: str, house: str) -> Message:
    """Return the first message: who speaks, what will stand here, and what to type."""
    said = f"👋 Ghost is here, and speaks for *{name(house)}*."
    more = (
        "When a daemon dies, one message here says so and changes as it comes back; its buttons"
        " restart it, show its log, or say that you have it in hand."
    )
    foot = context(f"type `{command} status` to see the daemons, `{command} help` for all the rest")
    return Message(
        f"Ghost is here, and speaks for {name(house)}", (section(said + "\n" + more), foot)
    )
