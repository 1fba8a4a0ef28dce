"""What people read when a listener fails, or nobody listens: one line, with an id the log has.

Rule 1: whoever asked is told, alone, where they asked; what nobody asked for is only logged.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from ghostbot.slack.blocks.message import Message
from ghostbot.slack.places import Place
from ghostbot.slack.work import Piece, trouble_id
from handlers import replies
from handlers.means import Means

ASKED = frozenset({"block_actions", "view_submission", "shortcut", "message_action"})

log = logging.getLogger("ghost.slack")


async def unanswered(
    error: Exception, body: dict[str, Any], context: AsyncBoltContext
) -> BoltResponse | None:
    """Answer what no listener took or one failed at; without an ack Slack would blame the app."""
    trouble, kind = trouble_id(), str(body.get("type") or "")
    nobody = isinstance(error, BoltUnhandledRequestError)
    if nobody:
        log.warning("nobody listens id=%s type=%s", trouble, kind)
    else:
        log.error("listener failed id=%s type=%s", trouble, kind, exc_info=error)
    said = replies.not_known(trouble) if nobody else replies.sorry(error, trouble)
    if context.ack.response is None and "command" in body:
        return replies.acked(said.text, body)
    means: Means | None = context.get("means")
    if means is not None and (kind in ASKED or "command" in body or _is_said(body)):
        told = partial(tell, means, body, said)
        means.gateway.work.submit(Piece("sorry", told, partial(_lost, trouble)))
    return None if context.ack.response is not None else BoltResponse(status=200, body="")


def _is_said(body: dict[str, Any]) -> bool:
    """Tell whether a person said it to Ghost."""
    event = body.get("event") or {}
    return event.get("type") == "app_mention" or event.get("channel_type") == "im"


async def tell(means: Means, body: dict[str, Any], said: Message) -> None:
    """Tell whoever asked, where they asked; where that is no channel, in a direct message."""
    user, event = body.get("user") or {}, body.get("event") or {}
    who = str(user.get("id") if isinstance(user, dict) else user) or str(event.get("user") or "")
    where = body.get("container") or {}
    channel = where.get("channel_id") or (body.get("channel") or {}).get("id")
    channel = channel or body.get("channel_id") or event.get("channel")
    url = body.get("response_url")
    if url is None and channel is None:
        await means.gateway.writes.chat_postMessage(channel=who or event["user"], **said.payload())
        return
    thread = where.get("thread_ts") or event.get("thread_ts")
    place = Place(means.gateway, who or event["user"], str(channel), thread, response_url=url)
    await place.tell(said)


async def _lost(trouble: str, error: Exception, _: str) -> None:
    log.warning("cannot tell the asker id=%s why=%r", trouble, error)
