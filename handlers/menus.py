"""Buttons and menus that stand for a typed line: in messages, in windows and in the Home tab."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.core.verbs import needed_for, read
from ghostbot.core.words import Ask
from ghostbot.orders import Actor, Doing
from ghostbot.slack.blocks.choosers import asks_for
from ghostbot.slack.panes import Pane
from ghostbot.slack.places import Place
from handlers import choosing, home, orders
from handlers.commands import carry_out
from handlers.handing import answered, at, beside, submit
from handlers.means import Means

ORDERS = frozenset({*Doing})
ANSWERS_ONCE = frozenset({"reload now", "sweep kill", "down now"})  # of the questions in blocks/own


async def said(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Do what the line says that was pressed or picked."""
    await ack()
    place = where(body, means, actor)
    submit(means, place, partial(picked, body, means, actor, place))


async def picked(body: dict[str, Any], means: Means, actor: Actor, place: Place) -> None:
    """Open the window that the line asks for, or do what it says, once for each press."""
    text = line(body)
    asked = asks_for(text)
    if asked is not None:
        await choosing.begin(asked[0], means, actor, place, asked[1])
        return
    ask = read(text)
    if isinstance(ask, Ask) and ask.names and ask.verb in ORDERS:
        await order_once(ask, means, actor, place)
        return
    if text in ANSWERS_ONCE and isinstance(ask, Ask):
        await means.people.admit(actor, ask.verb, need=needed_for(ask))
        answered(body, means)
    await carry_out(text, means, actor, place)


async def order_once(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Give an order; who presses the same a moment later is told who was first."""
    actor = await means.people.admit(actor, ask.verb)
    await home.settle(means, place)
    key = " ".join([ask.verb, *ask.names])
    means.presses.begin(key, actor)
    ended = partial(means.presses.end, key)
    try:
        await orders.order(Doing(ask.verb), ask.names, means, actor, place, ended=ended)
    except BaseException:
        ended()
        raise


def line(body: dict[str, Any]) -> str:
    """Return the line of what was pressed or picked."""
    action = body["actions"][0]
    return str(action.get("value") or action["selected_option"]["value"])


def where(body: dict[str, Any], means: Means, actor: Actor) -> Place:
    """Return where the answer belongs: beside a message, or in a window of its own."""
    trigger = body.get("trigger_id")
    container = body["container"]
    if container["type"] != "view":
        place = (beside if container.get("is_ephemeral") else at)(body, means, actor)
        place.trigger_id = trigger
        return place
    if body["view"]["type"] == "home":
        again = partial(home.again, means, actor)
        return Pane(means.gateway, actor.id, "", trigger_id=trigger, is_home=True, refreshed=again)
    return Pane(means.gateway, actor.id, "", trigger_id=trigger, view_id=body["view"]["id"])
