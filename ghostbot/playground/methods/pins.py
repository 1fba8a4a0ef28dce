"""pins.*: what is pinned to a channel."""

from __future__ import annotations

from ghostbot.playground.directory import BOT_USER_ID
from ghostbot.playground.methods.rights import TIER_2, Method, message_of
from ghostbot.playground.normal import Json
from ghostbot.playground.shown import as_wire
from ghostbot.playground.wire import Args, Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World

MOST_PINS = 100  # per channel


def add(world: World, args: Args) -> Json:
    """pins.add."""
    message = _asked(world, args)
    pins = world.pins.setdefault(message.channel, {})
    if message.ts in pins:
        raise Refused("already_pinned")
    if len(pins) >= MOST_PINS:
        raise Refused("too_many_pins")
    pins[message.ts] = int(world.clock.now())
    return {}


def remove(world: World, args: Args) -> Json:
    """pins.remove."""
    message = _asked(world, args)
    if world.pins.get(message.channel, {}).pop(message.ts, None) is None:
        raise Refused("no_pin")
    return {}


def list_pins(world: World, args: Args) -> Json:
    """pins.list, the newest first."""
    channel = world.workspace.mine(args.need("channel"))
    items = []
    for ts, created in reversed(world.pins.get(channel.id, {}).items()):
        if message := world.workspace.find(channel.id, ts):
            wire = as_wire(world.workspace, message)
            item = {"type": "message", "channel": channel.id, "message": wire}
            items.append({**item, "created": created, "created_by": BOT_USER_ID})
    return {"items": items}


def _asked(world: World, args: Args) -> Message:
    channel = world.workspace.mine(args.need("channel"))
    return message_of(world, channel, args.need("timestamp"))


METHODS = {
    "pins.add": Method(add, TIER_2, "pins:write"),
    "pins.list": Method(list_pins, TIER_2, "pins:read"),
    "pins.remove": Method(remove, TIER_2, "pins:write"),
}
