"""What a method of the Web API is, and which scope it takes on which kind of channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ghostbot.playground.directory import BOT_USER_ID, Channel
from ghostbot.playground.normal import Json
from ghostbot.playground.wire import Args, Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World

# Slack's tiers, in calls per minute ("Rate limits")
TIER_1 = 1
TIER_2 = 20
TIER_3 = 50
TIER_4 = 100
SPECIAL = 300  # what the page calls special, and several hundred per minute

SCOPE_PREFIX = {"channel": "channels", "group": "groups", "im": "im"}


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what it does, what it takes, and how often it may be called."""

    run: Callable[[World, Args], Json]
    per_minute: int
    scope: str = ""
    app_token: bool = False
    anyone: bool = False  # takes no token at all


def require_scope(world: World, *scopes: str) -> None:
    """Refuse what the manifest did not ask for; one of `scopes` is enough."""
    provided = world.workspace.app.scopes
    if not set(scopes) & set(provided):
        raise Refused("missing_scope", needed=scopes[0], provided=",".join(provided))


def channel_of(world: World, args: Args, name: str = "channel") -> Channel:
    """The channel that an id names. Names are no ids: only chat.postMessage takes them.

    A private channel that the app is not in does not exist for it.
    """
    channel = world.workspace.channels.get(args.need(name))
    if channel is None or not is_visible(channel):
        raise Refused("channel_not_found")
    return channel


def is_visible(channel: Channel) -> bool:
    """Whether the app may know that there is such a channel."""
    return channel.kind == "channel" or BOT_USER_ID in channel.members


def readable(world: World, args: Args, right: str, *, member: bool) -> Channel:
    """The channel of a read, for which its kind's `right` (read, history) is needed."""
    channel = channel_of(world, args)
    require_scope(world, f"{SCOPE_PREFIX[channel.kind]}:{right}")
    if member and BOT_USER_ID not in channel.members:
        raise Refused("not_in_channel")
    return channel


def message_of(world: World, channel: Channel, ts: str) -> Message:
    """The message with this ts, as the app knows it: ephemeral ones do not exist for it."""
    message = world.workspace.find(channel.id, ts)
    if message is None:
        raise Refused("message_not_found")
    return message
