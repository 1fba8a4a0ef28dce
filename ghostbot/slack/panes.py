"""Where an answer goes when it was asked for in a window or in the Home tab: there is no channel.

Rule 1: what is for the asker alone is shown in a window, and in a direct message where Slack lets
        none open any more. What changes something is said in `channel`, as always.
Rule 2: what was said is followed by `refreshed`, which has the Home tab drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.errors import SlackApiError

from ghostbot.errors import Failed
from ghostbot.slack.blocks.home import window
from ghostbot.slack.blocks.message import Message, section
from ghostbot.slack.places import Place
from ghostbot.slack.refusals import CHANNEL_REFUSALS, code_of

GONE = "not_found"  # the window was closed meanwhile
LOADING = Message("One moment …", (section("One moment …"),))


@dataclass(slots=True)
class Pane(Place):
    """A person in front of a window or their Home tab. `view_id` is that of an open window."""

    view_id: str | None = None
    is_home: bool = False
    refreshed: Callable[[], None] | None = None
    frame: Callable[[Message], dict[str, Any]] = window  # how a message is shown in the window

    @property
    def can_show(self) -> bool:
        """Whether a window is open, or can be opened."""
        return self.view_id is not None or self.trigger_id is not None

    @property
    def takes_files(self) -> bool:
        """A window shows none."""
        return False

    async def ready(self) -> None:
        """Open the window, empty, as there are only three seconds for that."""
        if self.view_id is None and self.trigger_id is not None:
            await self.show(window(LOADING))

    async def show(self, view: dict[str, Any]) -> str:
        """Fill the window that is open, or open one. Raises Failed where it is too late."""
        if self.view_id is None:
            self.view_id = await Place.show(self, view)
            return self.view_id
        try:
            await self.gateway.writes.views_update(view_id=self.view_id, view=view)
        except SlackApiError as error:
            if code_of(error) != GONE:
                raise
        return self.view_id

    async def tell(self, message: Message) -> None:
        """Tell the asker alone."""
        if not self.can_show:
            await self._elsewhere(message)
            return
        try:
            await self.show(self.frame(message))
        except Failed:
            await self._elsewhere(message)

    async def say(self, message: Message) -> None:
        """Say it to all, or to the asker."""
        await Place.say(self, message)
        self._refresh()

    async def announce(self, message: Message) -> None:
        """Say what is about to be done, to the same."""
        await Place.announce(self, message)
        self._refresh()

    async def say_once(self, message: Message) -> None:
        """Say it to all, by one try; where Ghost may not speak there, to the asker."""
        try:
            await Place.say_once(self, message)
        except SlackApiError as error:
            if code_of(error) not in CHANNEL_REFUSALS:
                raise
            await self._directly(message)

    async def refuse(self, message: Message) -> None:
        """Say that it came to nothing, where the asker looks for it."""
        await Place.refuse(self, message)
        self._refresh()

    def _refresh(self) -> None:
        if self.refreshed is not None:
            self.refreshed()

    async def _elsewhere(self, message: Message) -> None:
        """Tell the asker where they asked, or directly."""
        if self.response_url is not None:
            await self.gateway.answer(self.response_url, message)
        else:
            await self._directly(message)

    async def _directly(self, message: Message) -> None:
        args = message.payload()
        await self.gateway.writes.chat_postMessage(channel=self.user, **args)


def pane(place: Place, view_id: str) -> Pane:
    """Return the window that is open in front of whoever asked at `place`."""
    if isinstance(place, Pane):
        return replace(place, view_id=view_id)
    return Pane(place.gateway, place.user, place.channel, place.thread_ts, view_id=view_id)
