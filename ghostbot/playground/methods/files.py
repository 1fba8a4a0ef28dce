"""files.*: announce a file, send it, share it, look at it (Slack's "Working with files")."""

from __future__ import annotations

from typing import Any

from ghostbot.playground.cabinet import File, as_wire
from ghostbot.playground.directory import BOT_USER_ID, Channel
from ghostbot.playground.methods.conversations import page
from ghostbot.playground.methods.rights import TIER_3, TIER_4, Method
from ghostbot.playground.normal import Json, posted_text
from ghostbot.playground.wire import Args, Refused, explained
from ghostbot.playground.world import Content, World

MOST_BYTES = 1 << 30
SHOWN_CONTENT = 1 << 20  # of a snippet, in files.info


def get_upload_url(world: World, args: Args) -> Json:
    """files.getUploadURLExternal."""
    name = args.need("filename")
    length = args.count("length", 0, MOST_BYTES)
    secret, file = world.cabinet.announce(name, length, BOT_USER_ID)
    return {"upload_url": f"{world.base_url}/upload/v1/{secret}", "file_id": file.id}


def complete_upload(world: World, args: Args) -> Json:
    """files.completeUploadExternal."""
    asked = args.get("files")
    if not isinstance(asked, list) or not asked:
        raise explained("invalid_arguments", "must be a list of files [json-pointer:/files]")
    files = [_sent(world, item) for item in asked]
    channel = _channel(world, args)
    for file, item in zip(files, asked, strict=True):
        file.title = str(item.get("title") or "")
        file.shared = True
    shown = [as_wire(file, world.base_url) for file in files]
    if channel is not None:
        for file in files:
            file.channels.append(channel.id)
        comment = Content(posted_text(args.text("initial_comment")), None, None)
        thread_ts = args.get("thread_ts")
        message = world.from_app(channel.id, comment, thread_ts=thread_ts, files=tuple(shown))
        world.post(message)
    return {"files": [{"id": file["id"], "title": file["title"]} for file in shown]}


def info(world: World, args: Args) -> Json:
    """files.info; of a snippet the whole content."""
    file = _visible(world, args.need("file"))
    wire = as_wire(file, world.base_url)
    wire |= {"channels": file.channels, "groups": [], "ims": [], "comments_count": 0}
    content = {"content": (file.text or "")[:SHOWN_CONTENT]} if wire["editable"] else {}
    return {"file": wire, **content, "comments": [], "response_metadata": {"next_cursor": ""}}


def list_files(world: World, args: Args) -> Json:
    """files.list."""
    found = [f for f in world.cabinet if f.shared and readable_by_app(world, f)]
    if channel := args.text("channel"):
        found = [file for file in found if channel in file.channels]
    files, _ = page(found[::-1], args, default=100)
    paging = {"count": len(files), "total": len(found), "page": 1, "pages": 1}
    return {"files": [as_wire(file, world.base_url) for file in files], "paging": paging}


def delete(world: World, args: Args) -> Json:
    """files.delete."""
    file = _visible(world, args.need("file"))
    if file.user != BOT_USER_ID:
        raise Refused("cant_delete_file")
    world.cabinet.drop(file)
    return {}


def readable_by_app(world: World, file: File) -> bool:
    """Whether the app may see a file: its own, or one that was shared where it is."""
    rooms = (world.workspace.channels[channel] for channel in file.channels)
    return file.user == BOT_USER_ID or any(BOT_USER_ID in room.members for room in rooms)


def _visible(world: World, name: str) -> File:
    file = world.cabinet.find(name)
    if file is None or not file.shared or not readable_by_app(world, file):
        raise Refused("file_not_found")
    return file


def _sent(world: World, item: Any) -> File:
    name = item.get("id") if isinstance(item, dict) else None
    file = world.cabinet.find(str(name))
    if file is None or file.data is None or file.shared:
        raise Refused("file_not_found")
    return file


def _channel(world: World, args: Args) -> Channel | None:
    name = args.text("channel_id")
    if not name:
        return None
    channel = world.workspace.mine(name)
    if channel.is_archived:
        raise Refused("is_archived")
    thread_ts = args.get("thread_ts")
    if thread_ts and world.workspace.find(channel.id, thread_ts) is None:
        raise Refused("thread_not_found")
    return channel


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, TIER_4, "files:write"),
    "files.completeUploadExternal": Method(complete_upload, TIER_4, "files:write"),
    "files.info": Method(info, TIER_4, "files:read"),
    "files.list": Method(list_files, TIER_3, "files:read"),
    "files.delete": Method(delete, TIER_3, "files:write"),
}
