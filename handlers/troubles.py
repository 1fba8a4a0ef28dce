"""Troubles in Slack: listing them, having one in hand, and wanting quiet."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.core.words import Ask
from ghostbot.orders import Actor
from ghostbot.slack.blocks import troubles as blocks
from ghostbot.slack.blocks.incident import SILENCE_S
from ghostbot.slack.places import Place
from handlers import replies
from handlers.handing import at, pressed, submit, trouble
from handlers.means import Means


async def incidents(_ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show the troubles, open ones first."""
    listed = await means.care.listed()
    await place.tell(blocks.listed(listed.incidents, listed.silences, means.command))


async def ack(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Note that somebody has a trouble in hand, in front of everybody."""
    number = replies.number(ask.names[0], "incident")
    done = await means.care.ack(number, actor)
    await _answer(done.said, actor, place, did=done.did)


async def silence(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Silence the troubles of a name for a while, in front of everybody."""
    done = await means.care.silence(ask.names[0], ask.for_s, actor)
    await _answer(done.said, actor, place, did=done.did)


async def _answer(said: str, actor: Actor, place: Place, *, did: bool) -> None:
    if did:
        await place.say(replies.cared(said, actor))
    else:
        await place.tell(replies.cared_already(said))


async def acknowledge(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Note that whoever pressed has the trouble in hand."""
    await ack()
    place = at(body, means, actor)
    submit(means, place, partial(ack_pressed, body, means, actor, place))


async def silence_one(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Silence the trouble for as long as was picked."""
    await ack()
    place = at(body, means, actor)
    submit(means, place, partial(silence_pressed, body, means, actor, place))


async def ack_pressed(body: dict[str, Any], means: Means, actor: Actor, place: Place) -> None:
    """Note it, if whoever pressed may. The message itself says who did."""
    actor = await means.people.admit(actor, "ack")
    number = trouble(pressed(body), means)
    done = await means.care.ack(number, actor)
    await _late(number, done.said, means, place, did=done.did)


async def silence_pressed(body: dict[str, Any], means: Means, actor: Actor, place: Place) -> None:
    """Silence it, if whoever pressed may."""
    actor = await means.people.admit(actor, "silence")
    ids = pressed(body)
    number, for_s = trouble(ids, means), float(ids.get("for", SILENCE_S))
    done = await means.care.silence_one(number, for_s, actor)
    await _late(number, done.said, means, place, did=done.did)


async def _late(number: int, said: str, means: Means, place: Place, *, did: bool) -> None:
    """Tell whoever pressed too late who was first, and draw the message anew."""
    if not did:
        await place.tell(replies.cared_already(said))
        replies.refresh(means, means.incident(number))
