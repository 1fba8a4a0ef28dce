"""Buttons and menus that stand for a typed line: in messages, in windows and in the Home tab."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.orders import Actor
from ghostbot.slack.blocks.choosers import asks_for
from ghostbot.slack.panes import Pane
from ghostbot.slack.places import Place
from handlers import choosing, home
from handlers.commands import carry_out
from handlers.handing import answered, at, beside, submit
from handlers.means import Means

ANSWERS_ONCE = frozenset({"reload now", "sweep kill", "down now"})  # of the questions in blocks/own


async def said(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Do what the line says that was pressed or picked."""
    await ack()
    place = where(body, means, actor)
    submit(means, place, partial(picked, body, means, actor, place))


async def picked(body: dict[str, Any], means: Means, actor: Actor, place: Place) -> None:
    """Do it; the answer to a question is taken once."""
    text = line(body)
    if text in ANSWERS_ONCE:
        answered(body, means)
    await carry(text, means, actor, place)


async def carry(text: str, means: Means, actor: Actor, place: Place) -> None:
    """Open the window that the line asks for, or do what it says."""
    asked = asks_for(text)
    if asked is not None:
        await choosing.begin(asked[0], means, actor, place, asked[1])
        return
    await carry_out(text, means, actor, place)


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
