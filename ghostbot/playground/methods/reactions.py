"""reactions.*: the app's own reactions to messages."""

from __future__ import annotations

import re

from ghostbot.playground.directory import BOT_USER_ID
from ghostbot.playground.methods.rights import TIER_2, TIER_3, Method, message_of
from ghostbot.playground.normal import Json
from ghostbot.playground.shown import as_wire
from ghostbot.playground.wire import Args, Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World, reacted

MOST_REACTIONS = 50  # per message


def add(world: World, args: Args) -> Json:
    """reactions.add."""
    message, name = _asked(world, args)
    if BOT_USER_ID in reacted(message, name):
        raise Refused("already_reacted")
    if len(message.reactions) >= MOST_REACTIONS:
        raise Refused("too_many_reactions")
    world.react(message, name, BOT_USER_ID, on=True)
    return {}


def remove(world: World, args: Args) -> Json:
    """reactions.remove."""
    message, name = _asked(world, args)
    if BOT_USER_ID not in reacted(message, name):
        raise Refused("no_reaction")
    world.react(message, name, BOT_USER_ID, on=False)
    return {}


def get(world: World, args: Args) -> Json:
    """reactions.get."""
    channel = world.workspace.mine(args.need("channel"))
    message = message_of(world, channel, args.need("timestamp"))
    wire = as_wire(world.workspace, message)
    return {"type": "message", "channel": channel.id, "message": wire}


def _asked(world: World, args: Args) -> tuple[Message, str]:
    name = args.need("name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise Refused("invalid_name")
    channel = world.workspace.mine(args.need("channel"))
    if channel.is_archived:
        raise Refused("is_archived")
    return message_of(world, channel, args.need("timestamp")), name


METHODS = {
    "reactions.add": Method(add, TIER_3, "reactions:write"),
    "reactions.get": Method(get, TIER_3, "reactions:read"),
    "reactions.remove": Method(remove, TIER_2, "reactions:write"),
}
