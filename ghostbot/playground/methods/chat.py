"""chat.*: posting, editing, deleting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ghostbot.playground.blocks import check_message
from ghostbot.playground.directory import BOT_USER_ID, TEAM_DOMAIN, Channel
from ghostbot.playground.methods.rights import (
    SPECIAL,
    TIER_3,
    TIER_4,
    Method,
    channel_of,
    is_visible,
    message_of,
    require_scope,
)
from ghostbot.playground.normal import Json
from ghostbot.playground.shown import as_wire
from ghostbot.playground.wire import Args, Refused, explained
from ghostbot.playground.world import Content, World, edited, normal_content

UPDATE_TEXT = 4_000
MARKDOWN_TEXT = 12_000
METADATA_BYTES = 8_000  # metadata_too_large


def post_message(world: World, args: Args) -> Json:
    """chat.postMessage."""
    channel = target_of(world, args)
    content = content_of(args)
    if content.empty:
        raise Refused("no_text")
    thread_ts = thread_of(world, channel, args)
    message = world.from_app(
        channel.id,
        content,
        thread_ts=thread_ts,
        broadcast=thread_ts is not None and args.flag("reply_broadcast"),
        metadata=_metadata(args),
        username=_username(world, args),
    )
    world.post(message)
    wire = as_wire(world.workspace, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": wire}


def update(world: World, args: Args) -> Json:
    """chat.update."""
    channel = channel_of(world, args)
    old = message_of(world, channel, args.need("ts"))
    if old.user != BOT_USER_ID:
        raise Refused("cant_update_message")
    if channel.is_archived:
        raise Refused("is_inactive")
    window_s = world.edit_window_s
    if window_s is not None and world.clock.now() - float(old.ts) > window_s:
        raise Refused("edit_window_closed")
    content = content_of(args)
    if content.text is None and content.blocks is None and content.attachments is None:
        raise Refused("no_text")
    if content.text is not None and len(content.text) > UPDATE_TEXT:
        raise Refused("msg_too_long")
    mark = {"user": BOT_USER_ID, "ts": f"{int(world.clock.now())}.000000"}
    new = edited(old, content, mark=mark)
    if not (new.text or new.blocks or new.attachments or new.files):
        raise Refused("no_text")
    metadata = _metadata(args)
    new = world.edit(old, new if metadata is None else replace(new, metadata=metadata))
    wire = as_wire(world.workspace, new, with_metadata=True)
    return {"channel": channel.id, "ts": new.ts, "text": new.text, "message": wire}


def post_ephemeral(world: World, args: Args) -> Json:
    """chat.postEphemeral."""
    channel = target_of(world, args)
    content = content_of(args)
    if content.empty:
        raise Refused("no_text")
    user = args.need("user")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    thread_ts = thread_of(world, channel, args)
    message = world.from_app(channel.id, content, thread_ts=thread_ts, only_for=user)
    world.post(message)
    return {"message_ts": message.ts}


def delete(world: World, args: Args) -> Json:
    """chat.delete."""
    channel = channel_of(world, args)
    message = message_of(world, channel, args.need("ts"))
    if message.user != BOT_USER_ID:
        raise Refused("cant_delete_message")
    if channel.is_archived:
        raise Refused("is_inactive")
    world.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(world: World, args: Args) -> Json:
    """chat.getPermalink."""
    channel = channel_of(world, args)
    message = message_of(world, channel, args.need("message_ts"))
    path = f"archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        path += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": f"https://{TEAM_DOMAIN}.slack.com/{path}"}


def target_of(world: World, args: Args) -> Channel:
    """Where to post: a channel's id or name, or a person's id for their DM."""
    name = args.need("channel")
    workspace = world.workspace
    person = workspace.people.get(name)
    if person is not None and not person.is_bot:
        return workspace.dm(person.id)
    channel = workspace.channels.get(name) or workspace.channels.get(
        workspace.channel_id(name) or ""
    )
    if channel is None or not is_visible(channel):
        raise Refused("channel_not_found")
    if channel.is_archived:
        raise Refused("is_archived")
    if BOT_USER_ID not in channel.members:
        if channel.kind != "channel" or "chat:write.public" not in workspace.app.scopes:
            raise Refused("not_in_channel")
        require_scope(world, "chat:write.public")
    return channel


def content_of(args: Args) -> Content:
    blocks, attachments = args.get("blocks"), args.get("attachments")
    text = args.values.get("text")
    if markdown := args.get("markdown_text"):
        if text or blocks:
            raise Refused("markdown_text_conflict")
        if len(str(markdown)) > MARKDOWN_TEXT:
            raise Refused("msg_too_long")
        blocks = [{"type": "markdown", "text": str(markdown)}]
    check_message(blocks, attachments)
    return normal_content(text, blocks, attachments)


def thread_of(world: World, channel: Channel, args: Args) -> str | None:
    """The thread to reply in; a reply to a reply goes to the same thread."""
    ts = args.text("thread_ts")
    if not ts:
        return None
    parent = world.workspace.find(channel.id, ts)
    if parent is None:
        raise Refused("thread_not_found")
    return parent.thread_ts if parent.is_reply else parent.ts


def _metadata(args: Args) -> Json | None:
    metadata: Any = args.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise Refused("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(
        metadata.get("event_payload"), dict
    ):
        place = "json-pointer:/metadata"
        raise explained("invalid_metadata_schema", f"needs event_type and event_payload [{place}]")
    if len(str(metadata)) > METADATA_BYTES:
        raise Refused("metadata_too_large")
    return metadata


def _username(world: World, args: Args) -> str | None:
    """Another name than the app's own, which takes a scope of its own."""
    if not args.get("username") and not args.get("icon_emoji") and not args.get("icon_url"):
        return None
    require_scope(world, "chat:write.customize")
    return args.text("username") or None


METHODS = {
    "chat.postMessage": Method(post_message, SPECIAL, "chat:write"),
    "chat.update": Method(update, TIER_3, "chat:write"),
    "chat.postEphemeral": Method(post_ephemeral, TIER_4, "chat:write"),
    "chat.delete": Method(delete, TIER_3, "chat:write"),
    "chat.getPermalink": Method(get_permalink, SPECIAL),
}
