"""Finds a post whose answer was lost, by the keys that stand in its metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

EVENT = "ghost_message"
EARLIER_S = 600.0  # Slack's clock and ours may differ by so much
PAGE, PAGES = 200, 5


def metadata(keys: Iterable[str]) -> dict[str, Any]:
    """Return what is sent along with a message, to know it again."""
    return {"event_type": EVENT, "event_payload": {"keys": " ".join(keys)}}


async def said_since(
    client: AsyncWebClient, channel: str, thread_ts: str | None, since: float
) -> dict[str, str]:
    """Return the ts of what Ghost said in a channel or a thread since then, by key.

    Raises SlackApiError and what the network raises.
    """
    found: dict[str, str] = {}
    args: dict[str, Any] = {
        "oldest": f"{since - EARLIER_S:.6f}",
        "limit": PAGE,
        "include_all_metadata": True,
    }
    for _ in range(PAGES):
        if thread_ts is None:
            answer = await client.conversations_history(channel=channel, **args)
        else:
            answer = await client.conversations_replies(channel=channel, ts=thread_ts, **args)
        for message in answer["messages"]:
            for key in _keys(message):
                found.setdefault(key, message["ts"])
        args["cursor"] = (answer.get("response_metadata") or {}).get("next_cursor")
        if not args["cursor"]:
            break
    return found


def _keys(message: dict[str, Any]) -> list[str]:
    data = message.get("metadata") or {}
    if data.get("event_type") != EVENT:
        return []
    return str((data.get("event_payload") or {}).get("keys", "")).split()
