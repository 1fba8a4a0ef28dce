"""The Home tab: how the house is, for whoever opens it."""

from __future__ import annotations

from functools import partial
from typing import Any

from ghostbot.core.proposal import Status
from ghostbot.orders import Actor
from ghostbot.slack.blocks import home as homes
from ghostbot.slack.blocks import patch as patches
from ghostbot.slack.blocks.menus import May
from ghostbot.slack.blocks.message import Block
from ghostbot.slack.panes import Pane
from ghostbot.slack.places import Place
from ghostbot.slack.work import Piece
from handlers import replies
from handlers.means import Means


async def opened(event: dict[str, Any], means: Means, actor: Actor) -> None:
    """Publish the tab anew. Bolt has acked already."""
    if event.get("tab") == "home":
        again(means, actor)


def again(means: Means, actor: Actor) -> None:
    """Have the tab drawn as everything is now."""
    sorry = partial(excuse, means, actor)
    means.gateway.work.submit(Piece("home", partial(publish, means, actor), sorry))


async def publish(means: Means, actor: Actor) -> None:
    """Show the house, if `actor` may see it."""
    actor = await means.people.admit(actor, "status")
    view = homes.home(
        means.ghost.house(),
        means.command,
        may=May(await means.people.allowed(actor.id), actor.groups),
        incidents=(await means.care.listed()).incidents,
        parts=means.itself.parts(),
        patches=await waiting(means),
    )
    await means.gateway.writes.views_publish(user_id=actor.id, view=view)


async def waiting(means: Means) -> list[Block]:
    """Return the patches that wait for a yes."""
    if means.patching is None:
        return []
    return patches.home(await means.patching.pipeline.find(status=Status.AWAITING))


async def excuse(means: Means, actor: Actor, error: Exception, trouble: str) -> None:
    """Show why there is nothing to see."""
    view = homes.closed(replies.sorry(error, trouble))
    await means.gateway.writes.views_publish(user_id=actor.id, view=view)


async def settle(means: Means, place: Place) -> None:
    """See that what all may read has a channel, where it was asked for in none."""
    if isinstance(place, Pane) and not place.channel:
        place.channel = await means.people.channel_id() or place.user
