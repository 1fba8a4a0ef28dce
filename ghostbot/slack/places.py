"""Where an answer goes: back to whoever typed or clicked, and in front of everybody.

Rule 1: `tell` is read by the asker alone, `say` by everybody there; what is said again edits
        what was said before.
Rule 2: `refuse` ends in the right one of the two: a progress line that everybody reads must not
        stand there unfinished.
Rule 3: a Slack that takes no words for a while holds up no deed: `announce` is worth one try.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError

from ghostbot.errors import Failed
from ghostbot.slack.blocks.message import Message
from ghostbot.slack.files import Files
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.refusals import (
    CHANNEL_REFUSALS,
    LIMITS,
    NETWORK,
    PASSING,
    code_of,
    retry_after_s,
)

LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "trigger_expired"})
REST_MAX_S = 10.0  # an answer waits no longer for a limit to pass
TOO_LATE = "cannot open a window: Slack gives three seconds for it; try again, or type the name"

log = logging.getLogger("ghost.slack")


@dataclass(slots=True)
class Place:
    """A channel or a thread, and the person who asked there."""

    gateway: Gateway
    user: str
    channel: str
    thread_ts: str | None = None
    response_url: str | None = None  # of a command or a click; mentions have none
    trigger_id: str | None = None  # the same; it opens one window, within three seconds
    _said: tuple[str, str] | None = field(default=None, init=False)  # (channel id, ts)
    _spoke: bool = field(default=False, init=False)

    async def tell(self, message: Message) -> None:
        """Tell the asker alone."""
        if self.response_url is not None:
            await self.gateway.answer(self.response_url, message)
        elif self.channel.startswith("D"):  # a direct message is read by nobody else anyway
            await _once_more(lambda: self._post(message))
        else:
            await _once_more(lambda: self._whisper(message))

    async def say(self, message: Message) -> None:
        """Say it to all, in the place of what was said here before."""
        await _once_more(lambda: self.say_once(message))

    async def announce(self, message: Message) -> None:
        """Say to all what is about to be done, if Slack takes it now; what passes stops no deed."""
        try:
            await self.say_once(message)
        except SlackApiError as error:
            if code_of(error) not in LIMITS | PASSING:
                raise
            log.warning("cannot announce why=%s", code_of(error))
        except NETWORK as error:
            log.warning("cannot announce why=%r", error)

    async def say_once(self, message: Message) -> None:
        """Say it to all, by one try."""
        if self._said is not None:
            channel, ts = self._said
            await self.gateway.writes.chat_update(channel=channel, ts=ts, **message.payload())
        elif self.response_url is not None and self._spoke:
            await self.gateway.answer(self.response_url, message, public=True)
        else:
            await self._first(message)
        self._spoke = True

    @property
    def can_show(self) -> bool:
        """Whether a window can be opened in front of the asker."""
        return self.trigger_id is not None

    @property
    def takes_files(self) -> bool:
        """Whether a file here is read by those alone who follow what it is about."""
        return self.thread_ts is not None or self.channel.startswith("D")

    async def put(self, name: str, text: str, title: str) -> None:
        """Put a file here, where one may be put. Raises what Slack and the network raise."""
        files = Files(self.gateway.writes, self.gateway.session)
        await files.put(name, text, title, channel=self.channel, thread_ts=self.thread_ts)

    async def ready(self) -> None:
        """Make ready to tell something soon."""

    async def show(self, view: dict[str, Any]) -> str:
        """Open a window in front of the asker; return its id. Raises Failed where it is too late.

        Only where there is a `trigger_id`.
        """
        assert self.trigger_id is not None, "whoever shows a window asks first whether one can open"
        trigger, self.trigger_id = self.trigger_id, None
        try:
            shown = await self.gateway.writes.views_open(trigger_id=trigger, view=view)
        except SlackApiError as error:
            if code_of(error) not in LATE:
                raise
            raise Failed(TOO_LATE) from error
        return str(shown["view"]["id"])

    async def refuse(self, message: Message) -> None:
        """Say that it came to nothing, where the asker looks for it."""
        await (self.say(message) if self._spoke else self.tell(message))

    async def _first(self, message: Message) -> None:
        """Post it, or use the response_url where Ghost is not in the channel."""
        try:
            self._said = await self._post(message)
        except SlackApiError as error:
            if self.response_url is None or code_of(error) not in CHANNEL_REFUSALS:
                raise
            await self.gateway.answer(self.response_url, message, public=True)

    async def _whisper(self, message: Message) -> None:
        args = self._args(message)
        await self.gateway.writes.chat_postEphemeral(channel=self.channel, user=self.user, **args)

    async def _post(self, message: Message) -> tuple[str, str]:
        said = await self.gateway.writes.chat_postMessage(
            channel=self.channel, unfurl_links=False, unfurl_media=False, **self._args(message)
        )
        return said["channel"], said["ts"]

    def _args(self, message: Message) -> dict[str, Any]:
        args = message.payload()
        return args if self.thread_ts is None else {**args, "thread_ts": self.thread_ts}


async def _once_more(say: Callable[[], Awaitable[object]]) -> None:
    """Say it; where Slack says that this is too much, once more when it may be said."""
    try:
        await say()
    except SlackApiError as error:
        if code_of(error) not in LIMITS:
            raise
        await asyncio.sleep(min(retry_after_s(error, 1.0), REST_MAX_S))
        await say()
