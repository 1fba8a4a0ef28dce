"""chat.scheduleMessage and what goes with it: messages that are posted later."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ghostbot.playground.methods.chat import content_of, target_of, thread_of
from ghostbot.playground.methods.conversations import page
from ghostbot.playground.methods.rights import TIER_3, Method
from ghostbot.playground.normal import Json
from ghostbot.playground.wire import Args, Refused
from ghostbot.playground.world import Content, World

FARTHEST_S = 120 * 86_400
MOST_WAITING = 300
MOST_AT_ONCE = 30  # per channel within five minutes
AT_ONCE_S = 300
LOOK_S = 60.0  # so late at most it is noticed that one was called off


@dataclass(frozen=True, slots=True)
class Later:
    """A message that is going to be posted."""

    id: str
    channel: str
    post_at: int
    content: Content
    thread_ts: str | None
    made_at: int


def schedule(world: World, args: Args) -> Json:
    """chat.scheduleMessage."""
    channel = target_of(world, args)
    post_at = _time(world, args)
    near = [
        later
        for later in world.later.values()
        if later.channel == channel.id and abs(later.post_at - post_at) <= AT_ONCE_S
    ]
    if len(near) >= MOST_AT_ONCE or len(world.later) >= MOST_WAITING:
        raise Refused("restricted_too_many")
    content = content_of(args)
    if content.empty:
        raise Refused("no_text")
    name = f"Q{secrets.token_hex(5).upper()}"
    place = (thread_of(world, channel, args), int(world.clock.now()))
    world.later[name] = Later(name, channel.id, post_at, content, *place)
    world.errands.start(_post(world, name), f"scheduled {name}")
    message = {"type": "delayed_message", "text": content.text or ""}
    head = {"channel": channel.id, "scheduled_message_id": name}
    return {**head, "post_at": post_at, "message": message}


def unschedule(world: World, args: Args) -> Json:
    """chat.deleteScheduledMessage."""
    later = world.later.get(args.need("scheduled_message_id"))
    if later is None or later.channel != args.need("channel"):
        raise Refused("invalid_scheduled_message_id")
    del world.later[later.id]
    return {}


def list_scheduled(world: World, args: Args) -> Json:
    """chat.scheduledMessages.list, the soonest first."""
    wanted = args.text("channel")
    found = [later for later in world.later.values() if wanted in {"", later.channel}]
    found.sort(key=lambda later: later.post_at)
    shown, cursor = page(found, args, default=100)
    messages = [
        {
            "id": later.id,
            "channel_id": later.channel,
            "post_at": later.post_at,
            "date_created": later.made_at,
            "text": later.content.text or "",
        }
        for later in shown
    ]
    return {"scheduled_messages": messages, "response_metadata": {"next_cursor": cursor}}


def _time(world: World, args: Args) -> int:
    text = args.need("post_at")
    if not text.isdigit():
        raise Refused("invalid_time")
    left = int(text) - world.clock.now()
    if left <= 0:
        raise Refused("time_in_past")
    if left > FARTHEST_S:
        raise Refused("time_too_far")
    return int(text)


async def _post(world: World, name: str) -> None:
    while name in world.later and (left := world.later[name].post_at - world.clock.now()) > 0:
        await world.clock.sleep(min(left, LOOK_S))
    later = world.later.pop(name, None)
    if later is None or world.workspace.channels[later.channel].is_archived:
        return
    world.post(world.from_app(later.channel, later.content, thread_ts=later.thread_ts))


METHODS = {
    "chat.scheduleMessage": Method(schedule, TIER_3, "chat:write"),
    "chat.deleteScheduledMessage": Method(unschedule, TIER_3, "chat:write"),
    "chat.scheduledMessages.list": Method(list_scheduled, TIER_3),
}
