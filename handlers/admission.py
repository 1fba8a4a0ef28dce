"""Before any listener: who asks, from where, and has this delivery been seen.

Whether they may is asked after the ack (`slack.people`), as the answer may take a call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse

from ghostbot.core.rights import Role
from ghostbot.orders import Actor
from handlers import patch_posts, replies
from handlers.means import Means

Middleware = Callable[..., Awaitable[BoltResponse | None]]


def admission(means: Means) -> Middleware:
    """Return the middleware that stops what must not reach a listener."""

    async def admit(
        body: dict[str, Any],
        context: AsyncBoltContext,
        next: Callable[[], Awaitable[None]],  # noqa: A002  Bolt's name
    ) -> BoltResponse | None:
        if means.deliveries.again(delivery(body)) or (is_bot(body) and not is_agent(body, means)):
            return BoltResponse(status=200, body="")
        if not teams(body) <= {means.gateway.team_id}:
            who, said = actor(body), "it belongs to another workspace"
            means.ghost.permit.note("refusal", who.id, f"{who.name}: {said}", name=who.name)
            return replies.acked(f"you may not ask Ghost: {said}", body)
        context["means"] = means
        context["actor"] = actor(body)
        await next()
        return None

    return admit


def delivery(body: dict[str, Any]) -> str | None:
    """Return what is the same when Slack delivers something again."""
    actions = body.get("actions") or [{}]
    click = actions[0].get("action_ts")
    key = body.get("event_id") or body.get("trigger_id") or click
    return str(key) if key else None


def is_bot(body: dict[str, Any]) -> bool:
    """Tell whether a program speaks: bots would talk to each other for ever."""
    event = body.get("event") or {}
    return bool(event.get("bot_id") or event.get("bot_profile"))


def is_agent(body: dict[str, Any], means: Means) -> bool:
    """Tell whether a program posts that ghost.toml lists: its posts may be patches."""
    event = body.get("event") or {}
    return event.get("type") == "message" and patch_posts.is_post(event, means)


def teams(body: dict[str, Any]) -> set[str]:
    """Return every workspace the delivery names as the asker's or the place's."""
    event, user, team = body.get("event") or {}, body.get("user") or {}, body.get("team") or {}
    named = (
        body.get("team_id"),
        team.get("id"),
        user.get("team_id") if isinstance(user, dict) else None,
        event.get("user_team"),
        event.get("team"),
    )
    return {one for one in named if one}


def actor(body: dict[str, Any]) -> Actor:
    """Return who asks; what they may is found out after the ack."""
    user, event = body.get("user"), body.get("event") or {}
    if isinstance(user, dict):
        called = str(user.get("name") or user.get("username") or "")
        return Actor(str(user.get("id", "")), called, Role.NOBODY)
    who = str(body.get("user_id") or event.get("user") or "")
    return Actor(who, str(body.get("user_name") or who), Role.NOBODY)
