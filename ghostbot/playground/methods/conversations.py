"""conversations.*: which channels there are, what stands in them, who is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ghostbot.playground.directory import (
    BOT_USER_ID,
    PARTNER_TEAM_ID,
    TEAM_ID,
    Channel,
)
from ghostbot.playground.methods.rights import (
    SCOPE_PREFIX,
    TIER_2,
    TIER_3,
    TIER_4,
    Method,
    channel_of,
    is_visible,
    readable,
    require_scope,
)
from ghostbot.playground.normal import Json
from ghostbot.playground.shown import as_wire
from ghostbot.playground.wire import Args, Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import World

T = TypeVar("T")

KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
CREATED = 1_700_000_000


def list_channels(world: World, args: Args) -> Json:
    """conversations.list."""
    kinds = []
    for word in (args.text("types") or "public_channel").split(","):
        if word.strip() not in KINDS:
            raise Refused("invalid_types")
        kind = KINDS[word.strip()]
        require_scope(world, f"{SCOPE_PREFIX.get(kind, kind)}:read")
        kinds.append(kind)
    found = [
        _channel(channel)
        for channel in world.workspace.channels.values()
        if channel.kind in kinds
        and not (args.flag("exclude_archived") and channel.is_archived)
        and is_visible(channel)
    ]
    channels, cursor = page(found, args, default=100)
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


def info(world: World, args: Args) -> Json:
    """conversations.info."""
    return {"channel": _channel(readable(world, args, "read", member=False))}


def history(world: World, args: Args) -> Json:
    """conversations.history."""
    channel = readable(world, args, "history", member=True)
    shown = world.workspace.shown(channel.id, to=None, thread_ts=None)
    return _messages(world, args, shown[::-1])


def replies(world: World, args: Args) -> Json:
    """conversations.replies."""
    channel = readable(world, args, "history", member=True)
    message = world.workspace.find(channel.id, args.need("ts"))
    if message is None:
        raise Refused("thread_not_found")
    root = message.thread_ts or message.ts
    return _messages(world, args, world.workspace.shown(channel.id, to=None, thread_ts=root))


def members(world: World, args: Args) -> Json:
    """conversations.members."""
    channel = readable(world, args, "read", member=False)
    names, cursor = page(list(channel.members), args, default=100)
    return {"members": names, "response_metadata": {"next_cursor": cursor}}


def join(world: World, args: Args) -> Json:
    """conversations.join."""
    channel = channel_of(world, args)
    if channel.kind != "channel":
        raise Refused("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refused("is_archived")
    if BOT_USER_ID in channel.members:
        more = {"warnings": ["already_in_channel"]}
        wire = _channel(channel)
        return {"channel": wire, "warning": "already_in_channel", "response_metadata": more}
    world.join(channel.id, BOT_USER_ID)
    return {"channel": _channel(world.workspace.channels[channel.id])}


def leave(world: World, args: Args) -> Json:
    """conversations.leave."""
    channel = channel_of(world, args)
    if channel.kind == "im":
        raise Refused("method_not_supported_for_channel_type")
    if channel.name == "general":
        raise Refused("cant_leave_general")
    if BOT_USER_ID not in channel.members:
        return {"not_in_channel": True}
    world.leave(channel.id, BOT_USER_ID)
    return {}


def of_user(world: World, args: Args) -> Json:
    """users.conversations: the channels that the app is in, or that a person is in with it."""
    user = args.text("user") or BOT_USER_ID
    if user not in world.workspace.people:
        raise Refused("user_not_found")
    answer = list_channels(world, Args(args.values | {"limit": 1000, "cursor": ""}))
    rooms = world.workspace.channels
    found = [c for c in answer["channels"] if user in rooms[c["id"]].members]
    channels, cursor = page(found, args, default=100)
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


def open_dm(world: World, args: Args) -> Json:
    """conversations.open, for one person."""
    if args.get("channel"):
        channel = channel_of(world, args)
    else:
        users = [name.strip() for name in args.need("users").split(",")]
        if len(users) > 1:
            raise Refused("not_enabled")  # the playground has no DMs of many people
        person = world.workspace.people.get(users[0])
        if person is None:
            raise Refused("user_not_found")
        if person.is_bot:
            raise Refused("cannot_dm_bot")
        channel = world.workspace.dm(person.id)
    return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}


def page(items: Sequence[T], args: Args, *, default: int) -> tuple[list[T], str]:
    """A slice of a list and the cursor of the next one."""
    limit = args.count("limit", default, 1000)
    cursor = args.text("cursor")
    if cursor and not cursor.isdigit():
        raise Refused("invalid_cursor")
    start = int(cursor or 0)
    end = start + limit
    return list(items[start:end]), str(end) if end < len(items) else ""


def _messages(world: World, args: Args, shown: list[Message]) -> Json:
    oldest, latest = args.text("oldest") or "0", args.text("latest")
    if args.flag("inclusive"):
        shown = [m for m in shown if float(oldest) <= float(m.ts) <= float(latest or "inf")]
    else:
        shown = [m for m in shown if float(oldest) < float(m.ts) < float(latest or "inf")]
    messages, cursor = page(shown, args, default=100)
    with_metadata = args.flag("include_all_metadata")
    return {
        "messages": [as_wire(world.workspace, m, with_metadata=with_metadata) for m in messages],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def _channel(channel: Channel) -> Json:
    if channel.kind == "im":
        return {"id": channel.id, "is_im": True, "user": channel.dm_with, "is_archived": False}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_shared": channel.is_shared,
        "is_ext_shared": channel.is_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "context_team_id": TEAM_ID,
        "shared_team_ids": [TEAM_ID, *([PARTNER_TEAM_ID] if channel.is_shared else [])],
        "previous_names": [],
        "unlinked": 0,
        "is_general": channel.name == "general",
        "is_member": BOT_USER_ID in channel.members,
        "created": CREATED,
        "creator": "U0ALICE",
        "num_members": len(channel.members),
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


METHODS = {
    "conversations.list": Method(list_channels, TIER_2),
    "conversations.info": Method(info, TIER_3),
    "conversations.history": Method(history, TIER_3),
    "conversations.replies": Method(replies, TIER_3),
    "conversations.members": Method(members, TIER_4),
    "conversations.join": Method(join, TIER_3, "channels:join"),
    "conversations.leave": Method(leave, TIER_3, "channels:join"),
    "users.conversations": Method(of_user, TIER_3),
    "conversations.open": Method(open_dm, TIER_3, "im:write"),
}
