"""reactions.*: the app's own reactions to messages."""

from __future__ import annotations

import re
from dataclasses import replace

from ghostbot.playground.directory import BOT_USER_ID
from ghostbot.playground.methods.rights import TIER_2, TIER_3, Method, message_of
from ghostbot.playground.normal import Json
from ghostbot.playground.wire import Args, Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World

MOST_REACTIONS = 50  # per message


def add(world: World, args: Args) -> Json:
    """reactions.add."""
    message, name = _asked(world, args)
    if BOT_USER_ID in _users(message, name):
        raise Refused("already_reacted")
    if len(message.reactions) >= MOST_REACTIONS:
        raise Refused("too_many_reactions")
    world.workspace.put(with_reaction(message, name, BOT_USER_ID, on=True))
    return {}


def remove(world: World, args: Args) -> Json:
    """reactions.remove."""
    message, name = _asked(world, args)
    if BOT_USER_ID not in _users(message, name):
        raise Refused("no_reaction")
    world.workspace.put(with_reaction(message, name, BOT_USER_ID, on=False))
    return {}


def with_reaction(message: Message, name: str, user: str, *, on: bool) -> Message:
    """The message with someone's reaction, or without it."""
    users = [*(u for u in _users(message, name) if u != user), *([user] if on else [])]
    changed = {"name": name, "users": users, "count": len(users)}
    kept = [changed if r["name"] == name else r for r in message.reactions]
    if changed not in kept:
        kept.append(changed)
    return replace(message, reactions=tuple(r for r in kept if r["users"]))


def _asked(world: World, args: Args) -> tuple[Message, str]:
    name = args.need("name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise Refused("invalid_name")
    channel = world.workspace.mine(args.need("channel"))
    return message_of(world, channel, args.need("timestamp")), name


def _users(message: Message, name: str) -> list[str]:
    return next((list(r["users"]) for r in message.reactions if r["name"] == name), [])


METHODS = {
    "reactions.add": Method(add, TIER_3, "reactions:write"),
    "reactions.remove": Method(remove, TIER_2, "reactions:write"),
}
