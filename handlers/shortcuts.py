"""The shortcuts that manifest.yml declares."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.orders import Actor
from ghostbot.slack.blocks import home as homes
from ghostbot.slack.blocks.message import Message
from ghostbot.slack.places import Place
from ghostbot.slack.work import Piece
from handlers import replies
from handlers.handing import submit
from handlers.means import Means


async def opened(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Show the house in a window."""
    await ack()
    window = Window(means, body["trigger_id"])
    means.gateway.work.submit(Piece("window", partial(window.show, actor), window.sorry))


async def patch(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Say that patches are not there yet."""
    await ack()
    url, channel = body["response_url"], body["channel"]["id"]
    place = Place(means.gateway, actor.id, channel, response_url=url)
    submit(means, place, partial(place.tell, replies.no_patches_yet()))


class Window:
    """A modal: opened empty at once, as a trigger is good for three seconds, then filled."""

    def __init__(self, means: Means, trigger: str) -> None:
        """Take what opens it."""
        self._means = means
        self._trigger = trigger
        self._id: str | None = None

    async def show(self, actor: Actor) -> None:
        """Open it and show the house, if `actor` may see it."""
        writes = self._means.gateway.writes
        view = homes.window(replies.loading())
        self._id = (await writes.views_open(trigger_id=self._trigger, view=view))["view"]["id"]
        actor = await self._means.people.admit(actor, "status")
        await self._fill(replies.status(self._means.ghost, ()))

    async def sorry(self, error: Exception, trouble: str) -> None:
        """Show what went wrong, where there is a window to show it in."""
        if self._id is not None:
            await self._fill(replies.sorry(error, trouble))

    async def _fill(self, message: Message) -> None:
        view = homes.window(message)
        await self._means.gateway.writes.views_update(view_id=self._id, view=view)
