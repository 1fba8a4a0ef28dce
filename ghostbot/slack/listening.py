"""What agents posted while nobody listened: read from the channel's own history, and taken once.

Rule 1: Slack delivers an event again for five minutes; whatever is older is found here.
Rule 2: what was posted before Ghost first listened is nobody's patch.
Rule 3: who takes posts knows those it took already; here only the place is kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.slack.agents import Agents
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.refusals import NETWORK, code_of

Take = Callable[[Mapping[str, Any]], Awaitable[None]]

EVERY_S = 300.0
PAGE = 100
PAGES = 10  # an agent that posts more while Ghost is away has to post again
HEARD = "patches:heard"  # where the newest message is kept that was looked at

log = logging.getLogger("ghost.slack.patches")


class Listening:
    """Looks through the channel of patches now and then, from where it last ended."""

    def __init__(
        self,
        agents: Agents,
        client: AsyncWebClient,
        outbox: Outbox,
        ready: Callable[[], Awaitable[None]],
        every_s: float = EVERY_S,
    ) -> None:
        """Take the parts, and what waits until Slack has let us in."""
        self._agents = agents
        self._client = client
        self._outbox = outbox
        self._ready = ready
        self._every_s = every_s
        self._take: Take | None = None
        self._bound = asyncio.Event()

    def listen(self, take: Take) -> None:
        """Hand each post of a listed agent that is found to `take` from now on."""
        self._take = take
        self._bound.set()

    async def run(self) -> None:
        """Look now, and then every few minutes, until cancelled."""
        await self._bound.wait()
        await self._ready()
        while True:
            try:
                await self._look()
            except SlackApiError as error:
                log.warning("cannot read the channel of patches why=%s", code_of(error))
            except NETWORK as error:
                log.warning("cannot read the channel of patches why=%r", error)
            await asyncio.sleep(self._every_s)

    async def _look(self) -> None:
        channel = await self._agents.channel_id()
        if channel is None:
            return
        since = await self._outbox.place(HEARD)
        if since is None or since[0] != channel:
            await self._outbox.note(HEARD, (channel, f"{time.time():.6f}"))
            return
        found = await self._since(channel, since[1])
        for message in found:
            if self._agents.lists(message):
                assert self._take is not None, "it runs once it is bound"
                await self._take({**message, "channel": channel})
            await self._outbox.note(HEARD, (channel, str(message["ts"])))

    async def _since(self, channel: str, oldest: str) -> list[Mapping[str, Any]]:
        """Return what was posted after an instant, the oldest first."""
        found: list[Mapping[str, Any]] = []
        cursor = ""
        for _ in range(PAGES):
            page: Any = await self._client.conversations_history(
                channel=channel, oldest=oldest, limit=PAGE, cursor=cursor or None
            )
            found += page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return sorted(found, key=lambda message: float(message["ts"]))
