"""The buttons of a trouble's message. A button carries ids; what is now is looked up."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.core.words import Ask
from ghostbot.orders import Actor, Doing
from ghostbot.slack.places import Place
from handlers import replies
from handlers.handing import at, pressed, submit, trouble
from handlers.means import Means
from handlers.orders import order


async def restart(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Restart the daemon of a trouble."""
    await ack()
    place = at(body, means, actor)
    submit(means, place, partial(heal, body, means, actor, place))


async def logs(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Show the last lines of the daemon of a trouble, to whoever pressed."""
    await ack()
    place = at(body, means, actor)
    submit(means, place, partial(show_logs, body, means, actor, place))


async def heal(body: dict[str, Any], means: Means, actor: Actor, place: Place) -> None:
    """Restart whom it is about, unless the trouble has moved on since the message was drawn."""
    actor = await means.people.admit(actor, "restart")
    ids = pressed(body)
    incident = means.incident(trouble(ids, means))
    names = replies.to_restart(incident, means.ghost) if incident is not None else ()
    if incident is None or not names:
        await place.tell(replies.stale(ids["daemon"], incident))
        replies.refresh(means, incident)
        return
    key = f"restart {incident.id}"
    means.presses.begin(key, actor)
    ended = partial(means.presses.end, key)
    try:
        means.ghost.permit.check(actor, "restart", names)
        await means.care.pressed(incident.id, "asked for a restart", actor)
        await order(Doing.RESTART, names, means, actor, place, ended=ended)
    except BaseException:
        ended()
        raise


async def show_logs(body: dict[str, Any], means: Means, actor: Actor, place: Place) -> None:
    """Tell the last lines."""
    actor = await means.people.admit(actor, "logs")
    await replies.logs(means.ghost, Ask("logs", (pressed(body)["daemon"],)), place)
