"""`/ghost …`, and what the same words do wherever they are typed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.core import verbs
from ghostbot.core.words import Misheard
from ghostbot.errors import BadRequest
from ghostbot.orders import Actor
from ghostbot.slack.blocks.text import typed
from ghostbot.slack.places import Place
from handlers import choosing, home
from handlers.handing import submit
from handlers.means import Means
from handlers.verbs import ANSWERS


async def command(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Answer the slash command, by the name that it was typed by."""
    await ack()
    means = replace(means, command=body["command"])
    url, trigger = body["response_url"], body.get("trigger_id")
    place = Place(means.gateway, actor.id, body["channel_id"], None, url, trigger)
    submit(means, place, partial(carry_out, body.get("text") or "", means, actor, place))


async def carry_out(text: str, means: Means, actor: Actor, place: Place) -> None:
    """Do what the words mean. Raises GhostError, which becomes the answer."""
    ask = verbs.read(typed(text))
    if isinstance(ask, Misheard):
        raise BadRequest(ask.why)
    verb = verbs.VERBS[ask.verb]
    if verb.chooses and not ask.names:
        await choosing.begin(verb.name, means, actor, place)
        return
    if not verb.changes:
        choosing.frame(ask, place)
        await place.ready()
    actor = await means.people.admit(actor, verbs.deed(ask), need=verbs.needed_for(ask))
    await home.settle(means, place)
    await ANSWERS[ask.verb](ask, means, actor, place)
