"""`@ghost …` in channels and threads, and direct messages: the same words as the command."""

from __future__ import annotations

from functools import partial
from typing import Any

from ghostbot.orders import Actor
from ghostbot.slack.places import Place
from ghostbot.slack.reading import said
from handlers import patch_posts
from handlers.commands import carry_out
from handlers.handing import submit
from handlers.means import Means


async def mentioned(event: dict[str, Any], means: Means, actor: Actor) -> None:
    """Answer a mention, in the thread it came from. Bolt has acked already."""
    if patch_posts.is_post(event, means) and said(event).looks_like_a_patch:
        return  # it is read as what it is: the same post comes as a message, too
    place = Place(means.gateway, actor.id, event["channel"], event.get("thread_ts"))
    submit(means, place, partial(carry_out, spoken(event, means), means, actor, place))


async def messaged(event: dict[str, Any], means: Means, actor: Actor) -> None:
    """Answer a direct message, and read what agents post; all other talk is not for Ghost."""
    if patch_posts.is_post(event, means):
        patch_posts.posted(event, means)
        return
    if event.get("channel_type") == "im" and not event.get("subtype"):
        await mentioned(event, means, actor)


def spoken(event: dict[str, Any], means: Means) -> str:
    """Return what was said to Ghost, without its name."""
    return str(event.get("text") or "").replace(f"<@{means.gateway.bot_user_id}>", " ")
