"""A message as it leaves the workspace: for the Web API and payloads, and for the page."""

from __future__ import annotations

from ghostbot.playground.directory import TEAM_ID, Person
from ghostbot.playground.normal import Json
from ghostbot.playground.workspace import Message, Workspace


def as_wire(workspace: Workspace, message: Message, *, with_metadata: bool = False) -> Json:
    """A message as the Web API and the payloads show it; what it has not is not there."""
    author = workspace.people[message.user]
    wire: Json = {"type": "message", "user": message.user, "ts": message.ts}
    wire |= {"text": message.text, "team": author.team_id}
    if author.bot_id:
        wire |= {"bot_id": author.bot_id, "app_id": author.app_id, "bot_profile": profile(author)}
    if author.is_stranger:
        wire |= {"user_team": author.team_id, "source_team": author.team_id}
    if message.client_msg_id:
        wire["client_msg_id"] = message.client_msg_id
    wire |= {"blocks": list(message.blocks)} if message.blocks else {}
    if message.attachments:
        wire["attachments"] = [
            {"id": index, **attachment}
            for index, attachment in enumerate(message.attachments, start=1)
        ]
    if subtype := "thread_broadcast" if message.broadcast else message.subtype:
        wire["subtype"] = subtype
    wire |= {"edited": message.edited} if message.edited else {}
    if message.files:
        wire |= {"files": list(message.files), "upload": False, "display_as_bot": False}
    wire |= {"reactions": list(message.reactions)} if message.reactions else {}
    wire |= {"username": message.username} if message.username else {}
    if with_metadata and message.metadata:
        wire["metadata"] = message.metadata
    return wire | _thread_fields(workspace, message)


def profile(bot: Person) -> Json:
    """`bot_profile`, and what bots.info shows."""
    return {
        "id": bot.bot_id,
        "deleted": False,
        "name": bot.name,
        "updated": 1_700_000_000,
        "app_id": bot.app_id,
        "user_id": bot.id,
        "icons": {},
        "team_id": TEAM_ID,
    }


def _thread_fields(workspace: Workspace, message: Message) -> Json:
    if message.is_reply:
        parent = workspace.find(message.channel, message.thread_ts or "")
        by = {"parent_user_id": parent.user} if parent else {}
        return {"thread_ts": message.thread_ts, **by}
    replies = list(workspace.replies(message))
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": users[:5],
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def as_seen(workspace: Workspace, message: Message) -> Json:
    """A message as the page and the tests show it: every key is there."""
    wire = as_wire(workspace, message, with_metadata=True)
    return {
        "ts": message.ts,
        "channel": message.channel,
        "user": message.user,
        "name": message.username or workspace.people[message.user].name,
        "text": message.text,
        "blocks": list(message.blocks),
        "attachments": wire.get("attachments", []),
        "ephemeral": message.only_for is not None,
        "edited": message.edited is not None,
        "thread_ts": wire.get("thread_ts"),
        "reply_count": wire.get("reply_count", 0),
        "reply_users": wire.get("reply_users", []),
        "latest_reply": wire.get("latest_reply"),
        "broadcast": message.broadcast,
        "files": list(message.files),
        "reactions": list(message.reactions),
        "metadata": message.metadata,
        "subtype": message.subtype,
    }
