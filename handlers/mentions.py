"""`@ghost …` in channels and threads, and direct messages: the same words as the command."""

from __future__ import annotations

from functools import partial
from typing import Any

from ghostbot.orders import Actor
from ghostbot.slack.places import Place
from handlers.commands import carry_out
from handlers.handing import submit
from handlers.means import Means


async def mentioned(event: dict[str, Any], means: Means, actor: Actor) -> None:
    """Answer a mention, in the thread it came from. Bolt has acked already."""
    place = Place(means.gateway, actor.id, event["channel"], event.get("thread_ts"))
    submit(means, place, partial(carry_out, spoken(event, means), means, actor, place))


async def messaged(event: dict[str, Any], means: Means, actor: Actor) -> None:
    """Answer a direct message; what people say to each other in channels is not for Ghost."""
    if event.get("channel_type") == "im" and not event.get("subtype"):
        await mentioned(event, means, actor)


def spoken(event: dict[str, Any], means: Means) -> str:
    """Return what was said to Ghost, without its name."""
    return str(event.get("text") or "").replace(f"<@{means.gateway.bot_user_id}>", " ")
