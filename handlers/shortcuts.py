"""The shortcuts that manifest.yml declares."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.orders import Actor
from ghostbot.slack.blocks import choosers
from ghostbot.slack.blocks import home as homes
from ghostbot.slack.panes import Pane
from handlers import replies
from handlers.handing import submit
from handlers.means import Means


async def opened(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Open the window in which anything can be chosen, with how the house is."""
    await ack()
    place = Pane(means.gateway, actor.id, "", trigger_id=body["trigger_id"])
    submit(means, place, partial(show, means, actor, place))


async def show(means: Means, actor: Actor, place: Pane) -> None:
    """Open it empty at once, as a trigger is good for three seconds, then fill it."""
    await place.show(homes.window(replies.loading()))
    actor = await means.people.admit(actor, "status")
    may = await means.people.allowed(actor.id)
    more = homes.glance(means.ghost.house())
    await place.show(choosers.chooser(choosers.ANY, {}, may=may, more=more))
