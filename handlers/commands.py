"""`/ghost …`, and what the same words do wherever they are typed."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.core import words
from ghostbot.errors import BadRequest
from ghostbot.orders import Actor, Doing
from ghostbot.slack.blocks.message import Message
from ghostbot.slack.blocks.text import typed
from ghostbot.slack.places import Place
from handlers import replies, tasks, troubles
from handlers.handing import piece, submit
from handlers.means import Means


async def command(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Answer the slash command."""
    await ack()
    place = Place(means.gateway, actor.id, body["channel_id"], response_url=body["response_url"])
    submit(means, place, partial(carry_out, body.get("text") or "", means, actor, place))


async def carry_out(text: str, means: Means, actor: Actor, place: Place) -> None:
    """Do what the words mean. Raises GhostError, which becomes the answer."""
    ask = words.read(typed(text))
    if isinstance(ask, words.Misheard):
        raise BadRequest(ask.why)
    await means.people.admit(actor.id, changes=words.VERBS[ask.verb].changes)
    match ask.verb:
        case "help" | "status" | "why" | "logs":
            await place.tell(await _shown(ask, means))
        case "incidents":
            await troubles.incidents(means, place)
        case "ack":
            await troubles.ack(ask, means, actor, place)
        case "silence":
            await troubles.silence(ask, means, actor, place)
        case "tasks":
            await tasks.tasks(ask, means, actor, place)
        case "run":
            await tasks.run(ask, means, actor, place)
        case verb:
            await order(Doing(verb), ask.names, means, actor, place, for_s=ask.for_s)


async def _shown(ask: words.Ask, means: Means) -> Message:
    match ask.verb:
        case "status":
            return replies.status(means.ghost, ask.names)
        case "why":
            return await replies.why(means.ghost, ask.names[0])
        case "logs":
            return await replies.logs(means.ghost, ask)
    return replies.help_for(ask.names, means.command)


async def order(
    doing: Doing,
    asked: tuple[str, ...],
    means: Means,
    actor: Actor,
    place: Place,
    *,
    for_s: float | None = None,
) -> None:
    """Give an order in front of everybody: at once that it is under way, then what came of it."""
    names = means.ghost.names(asked, doing.value)
    await place.say(replies.under_way(doing, names, actor))

    async def follow() -> None:
        outcomes = await means.ghost.order(doing, names, actor, wait=True, for_s=for_s)
        await place.say(replies.came_of(doing, outcomes, actor))

    means.gateway.work.patiently(piece(doing.value, place, follow))
