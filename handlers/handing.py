"""Handing work over after the ack: where it was asked, what was pressed, and who is told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from ghostbot.core.words import SPAN_MAX_S
from ghostbot.errors import BadRequest, Failed, NoSuch
from ghostbot.orders import Actor
from ghostbot.slack.places import Place
from ghostbot.slack.work import Piece
from ghostbot.store.deliveries import SEEN_S
from handlers import replies
from handlers.means import Means

NUMBERS = frozenset({"incident", "for"})
NOT_OURS = "cannot read that button: it is none of this Ghost's; nothing was done"


def submit(means: Means, place: Place, do: Callable[[], Awaitable[None]]) -> None:
    """Have it done after the ack; what goes wrong is told where it was asked."""

    async def once() -> None:
        await means.deliveries.kept()  # so that no later Ghost does it again
        await do()

    means.gateway.work.submit(piece("ask", place, once))


def answered(body: dict[str, Any], means: Means) -> None:
    """Take the answer to a question, once. Raises Failed where it was answered, or is old.

    A question is a message whose button does what it says, whatever has changed since: it stands
    there after Ghost's restart too, and for longer than answers are remembered.
    """
    where, action = body["container"], body["actions"][0]["action_id"]
    asked = where.get("message_ts") or where.get("view_id")
    pressed_at, asked_at = body["actions"][0].get("action_ts"), where.get("message_ts")
    if pressed_at and asked_at and float(pressed_at) - float(asked_at) > SEEN_S:
        raise Failed("nothing was done: this was asked more than ten minutes ago; ask again")
    if means.deliveries.again(f"{action} {where.get('channel_id')} {asked}"):
        raise Failed("nothing was done: this was answered already; ask again")


def piece(name: str, place: Place, do: Callable[[], Awaitable[None]]) -> Piece:
    """Return a piece of work whose failure is told at `place`."""

    async def sorry(error: Exception, trouble: str) -> None:
        await place.refuse(replies.sorry(error, trouble))

    return Piece(name, do, sorry)


def pressed(body: dict[str, Any]) -> dict[str, Any]:
    """Return the ids that a button or option carries. Raises BadRequest where they are no ids."""
    try:
        action = body["actions"][0]
        value = action.get("value") or action["selected_option"]["value"]
        ids: dict[str, Any] = _Ids(json.loads(value))
        sound = _are_sound(ids)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        sound = False
    if not sound:
        raise BadRequest(NOT_OURS)
    return ids


def _are_sound(ids: dict[str, Any]) -> bool:
    """Tell whether these are ids and spans as Ghost writes them."""
    int(ids.get("incident", 0))
    span_s = float(ids.get("for", SPAN_MAX_S))
    names = (value for key, value in ids.items() if key not in NUMBERS)
    return 0 < span_s <= SPAN_MAX_S and all(isinstance(name, str) for name in names)


def trouble(ids: dict[str, Any], means: Means) -> int:
    """Return the number of the trouble that a button is about.

    Raises NoSuch where another trouble has that number now: the button is of a Ghost whose state
    is lost.
    """
    number = int(ids["incident"])
    incident = means.incident(number)
    if incident is not None and ids.get("daemon", incident.daemon) not in incident.names:
        raise NoSuch(f"nothing was done: this trouble of {ids['daemon']} is not known any more")
    return number


class _Ids(dict[str, Any]):
    """What a button carries. A key that is not there was never written by Ghost."""

    def __missing__(self, key: str) -> Any:
        raise BadRequest(NOT_OURS)


def at(body: dict[str, Any], means: Means, actor: Actor) -> Place:
    """Return the thread of the message that was pressed."""
    where = body["container"]
    thread = where.get("thread_ts") or where["message_ts"]
    url = body.get("response_url")
    return Place(means.gateway, actor.id, where["channel_id"], thread, response_url=url)


def beside(body: dict[str, Any], means: Means, actor: Actor) -> Place:
    """Return the place where a message stands that the asker alone sees: it has no thread."""
    where = body["container"]
    thread = where.get("thread_ts")
    url = body.get("response_url")
    return Place(means.gateway, actor.id, where["channel_id"], thread, response_url=url)
