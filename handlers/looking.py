"""What is only looked at: how the daemons are, why, what they wrote, and what can be asked."""

from __future__ import annotations

from ghostbot.core.words import Ask
from ghostbot.orders import Actor
from ghostbot.slack.places import Place
from handlers import replies
from handlers.means import Means


async def status(ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show the house, or some of its daemons."""
    await place.tell(replies.status(means.ghost, ask.names))


async def why(ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Explain one daemon."""
    await place.tell(await replies.why(means.ghost, ask.names[0]))


async def logs(ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show the last lines of one daemon's log."""
    await place.tell(await replies.logs(means.ghost, ask))


async def help_(ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show what there is, or one verb."""
    await place.tell(replies.help_for(ask.names, means.command))
