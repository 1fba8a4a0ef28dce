"""files.*: announce a file, send it, share it (Slack's "Working with files")."""

from __future__ import annotations

import secrets
from typing import Any

from ghostbot.playground.directory import BOT_USER_ID, Channel
from ghostbot.playground.methods.rights import TIER_4, Method
from ghostbot.playground.normal import Json, posted_text
from ghostbot.playground.wire import Args, Refused, explained
from ghostbot.playground.world import Content, Upload, World

MOST_BYTES = 1 << 30
PREVIEW = 2_000  # characters of a text file that are shown


def get_upload_url(world: World, args: Args) -> Json:
    """files.getUploadURLExternal."""
    name = args.need("filename")
    length = args.count("length", 0, MOST_BYTES)
    upload = Upload(f"F{secrets.token_hex(5).upper()}", name, length)
    secret = secrets.token_urlsafe(18)
    world.uploads[secret] = upload
    return {"upload_url": f"{world.base_url}/upload/v1/{secret}", "file_id": upload.id}


def complete_upload(world: World, args: Args) -> Json:
    """files.completeUploadExternal."""
    asked = args.get("files")
    if not isinstance(asked, list) or not asked:
        raise explained("invalid_arguments", "must be a list of files [json-pointer:/files]")
    uploads = [_sent(world, item) for item in asked]
    channel = _channel(world, args)
    files = [_as_wire(world, u, item) for u, item in zip(uploads, asked, strict=True)]
    for upload in uploads:
        upload.shared = True
    if channel is not None:
        comment = Content(posted_text(args.text("initial_comment")), None, None)
        thread_ts = args.get("thread_ts")
        message = world.from_app(channel.id, comment, thread_ts=thread_ts, files=tuple(files))
        world.post(message)
    return {"files": [{"id": file["id"], "title": file["title"]} for file in files]}


def _sent(world: World, item: Any) -> Upload:
    name = item.get("id") if isinstance(item, dict) else None
    for upload in world.uploads.values():
        if upload.id == name and upload.data is not None and not upload.shared:
            return upload
    raise Refused("file_not_found")


def _channel(world: World, args: Args) -> Channel | None:
    name = args.text("channel_id")
    if not name:
        return None
    channel = world.workspace.channels.get(name)
    if channel is None:
        raise Refused("channel_not_found")
    if BOT_USER_ID not in channel.members:
        raise Refused("not_in_channel")
    thread_ts = args.get("thread_ts")
    if thread_ts and world.workspace.find(channel.id, thread_ts) is None:
        raise Refused("thread_not_found")
    return channel


def _as_wire(world: World, upload: Upload, item: Json) -> Json:
    assert upload.data is not None  # _sent lets only those through
    try:
        text = upload.data.decode()
    except UnicodeDecodeError:
        text = ""
    return {
        "id": upload.id,
        "name": upload.name,
        "title": item.get("title") or upload.name,
        "size": len(upload.data),
        "mimetype": "text/plain" if text else "application/octet-stream",
        "user": BOT_USER_ID,
        "preview": text[:PREVIEW],
        "preview_is_truncated": len(text) > PREVIEW,
        "url_private": f"{world.base_url}/files/{upload.id}",
    }


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, TIER_4, "files:write"),
    "files.completeUploadExternal": Method(complete_upload, TIER_4, "files:write"),
}
