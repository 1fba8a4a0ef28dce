"""What is only looked at: how the daemons are, why, what they wrote, and what can be asked."""

from __future__ import annotations

from ghostbot.core.words import Ask
from ghostbot.orders import Actor
from ghostbot.slack.blocks import records
from ghostbot.slack.blocks.menus import May
from ghostbot.slack.places import Place
from handlers import replies
from handlers.means import Means


async def status(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Show the house, or some of its daemons."""
    verbs = await means.people.allowed(actor.id) if ask.names else ()
    await place.tell(replies.status(means.ghost, ask.names, May(verbs, actor.groups)))


async def top(_ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show who takes most of the machine."""
    await place.tell(records.top(means.ghost.house(), means.itself.machine()))


async def registry(_ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show every record."""
    found, _now, offset = means.ghost.records()
    await place.tell(records.registry(found, offset))


async def backoff(_ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show who died of late."""
    found, now, _offset = means.ghost.records()
    await place.tell(records.backoff(found, now))


async def tunnels(_ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show every tunnel."""
    await place.tell(records.tunnels(means.itself.tunnels()))


async def why(ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Explain one daemon."""
    await place.tell(await replies.why(means.ghost, ask.names[0]))


async def logs(ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show the last lines of one daemon's log."""
    await replies.logs(means.ghost, ask, place)


async def help_(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Show what the asker may do: what people need first, all of it, or one verb."""
    may = await means.people.allowed(actor.id)
    await place.tell(replies.help_for(ask.names, may, means.command))
