"""Slack's client, through which no secret leaves: each call's texts go through `veil.hide`.

The words of a message are hidden where they are made too, as what is cut must be hidden before.
"""

from __future__ import annotations

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from ghostbot.veil import hide, hide_in

IDS = frozenset(  # what Slack looks things up by: changed in one letter it would mean another
    {
        *("action_id", "block_id", "callback_id", "external_id", "private_metadata", "value"),
        *("channel", "channel_id", "channels", "cursor", "hash", "metadata", "token", "type"),
        *("ts", "thread_ts", "message_ts", "timestamp", "latest", "oldest", "trigger_id"),
        *("user", "user_id", "users", "usergroup", "view_id"),
    }
)


class VeiledClient(AsyncWebClient):
    """An AsyncWebClient that shows no secret."""

    async def api_call(
        self,
        api_method: str,
        *,
        data: Any = None,
        params: Any = None,
        json: Any = None,
        **more: Any,
    ) -> AsyncSlackResponse:
        """Call, with what people will read hidden."""
        return await super().api_call(
            api_method,
            data=veiled(data) if isinstance(data, dict) else data,
            params=veiled(params),
            json=veiled(json),
            **more,
        )

    async def files_upload_v2(
        self, *, content: str | bytes | None = None, **more: Any
    ) -> AsyncSlackResponse:
        """Upload text, with secrets hidden before its length is told. Files by path are none."""
        assert "file" not in more, "what is uploaded is text that Ghost made"
        if isinstance(content, bytes):
            content = content.decode("utf-8", "replace")
        shown = None if content is None else hide(content)
        uploads = [{**one, "content": hide(one["content"])} for one in more.pop("file_uploads", ())]
        if uploads:
            more["file_uploads"] = uploads
        return await super().files_upload_v2(content=shown, **more)


def veiled(body: Any) -> Any:
    """Return the arguments of a call without secrets; ids stay as they are."""
    return None if body is None else hide_in(body, IDS)
