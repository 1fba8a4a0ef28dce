"""Who somebody is to Ghost: whom it takes them for, becoming its admin, and who did what."""

from __future__ import annotations

import logging

from slack_sdk.errors import SlackApiError

from ghostbot.core.verbs import VERBS
from ghostbot.core.words import Ask, did_you_mean
from ghostbot.errors import BadRequest, Failed, NotAllowed
from ghostbot.orders import Actor
from ghostbot.slack.blocks import rights as blocks
from ghostbot.slack.places import Place
from ghostbot.slack.refusals import NETWORK
from ghostbot.store.events import KINDS
from handlers import replies
from handlers.means import Means

EVENTS_SHOWN = 20

log = logging.getLogger("ghost.slack")


async def whoami(_ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Tell somebody whom Ghost takes them for, what they may, and why."""
    try:
        standing = await means.people.standing(actor.id)
    except (SlackApiError, *NETWORK):
        await place.tell(blocks.unknown(actor))
        return
    may = [verb for verb in VERBS.values() if verb.role <= standing.role]
    await place.tell(blocks.whoami(actor, standing, may))


async def claim(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Make somebody an admin by the code that Ghost printed, and tell the alert channel."""
    claims, team = means.claims, means.gateway.team_id
    assert team is not None, "whoever is answered is connected"
    if claims is None:
        raise Failed("cannot claim: this Ghost takes no codes")
    if place.response_url is None and not place.channel.startswith("D"):
        claims.exposed(ask.names[0])
        raise NotAllowed(
            "everybody here reads this, so that code is void: `ghost claim` on the machine prints"
            f" another; type it as `{means.command} claim CODE`, which nobody else sees"
        )
    await means.people.insider(actor, "claim")
    await claims.claim(actor, team, ask.names[0])
    await place.tell(blocks.claimed(means.command))
    said = f"{replies.person(actor)} is an admin of Ghost now, by the code that it printed."
    try:
        channel = await means.people.channel_id()
        if channel is not None:
            await Place(means.gateway, actor.id, channel).say(replies.plain(said))
    except (SlackApiError, *NETWORK) as error:  # the claim stands, and is on record
        log.warning("cannot tell of a claim by=%s why=%r", actor.id, error)


async def events(ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show the newest events, or those of one kind."""
    kinds = tuple(word.lower() for word in ask.names)
    if not {*kinds} <= {*KINDS}:
        near = did_you_mean(next(word for word in kinds if word not in KINDS), KINDS)
        raise BadRequest(f"cannot show such events: the kinds are {', '.join(KINDS)}{near}")
    if means.events is None:
        raise Failed("cannot show events: this Ghost keeps none")
    found = await means.events.newest(EVENTS_SHOWN, kinds=kinds)
    await place.tell(blocks.events(found, means.command))
