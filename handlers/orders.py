"""Orders to daemons: given in front of everybody, with who gave them and what came of it."""

from __future__ import annotations

from collections.abc import Callable

from ghostbot.core.words import Ask
from ghostbot.orders import Actor, Doing
from ghostbot.slack.places import Place
from handlers import replies
from handlers.handing import piece
from handlers.means import Means


async def given(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Give the order that was typed."""
    await order(Doing(ask.verb), ask.names, means, actor, place, for_s=ask.for_s)


async def order(
    doing: Doing,
    asked: tuple[str, ...],
    means: Means,
    actor: Actor,
    place: Place,
    *,
    for_s: float | None = None,
    ended: Callable[[], None] = lambda: None,
) -> None:
    """Give an order in front of everybody: at once that it is under way, then what came of it.

    `ended` is called when it came true or failed.
    """
    names = means.ghost.names(asked, doing.value)
    means.ghost.permit.check(actor, doing.value, names)
    await place.announce(replies.under_way(doing, names, actor))

    async def follow() -> None:
        try:
            outcomes = await means.ghost.order(doing, names, actor, wait=True, for_s=for_s)
        finally:
            ended()
        await place.say(replies.came_of(doing, outcomes, actor))

    means.gateway.work.patiently(piece(doing.value, place, follow))
