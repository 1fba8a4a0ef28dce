"""response_urls: what an app may say with them (Slack's "Handling user interaction").

1. Without `response_type: in_channel` only the person who acted sees it.
2. `replace_original` and `delete_original` act on the message that was clicked. A slash command
   has no such message: what replaces it is simply posted.
3. Who sees a message cannot change by replacing it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

from aiohttp import web

from ghostbot.playground.blocks import check_message
from ghostbot.playground.normal import Json
from ghostbot.playground.vouchers import ResponseUrl
from ghostbot.playground.wire import Refused
from ghostbot.playground.workspace import Message
from ghostbot.playground.world import Content, World, normal_content

GONE = {"no_such_url", "used_url", "expired_url", "message_not_found"}


class Responses:
    """The door behind every response_url."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take one use of a response_url."""
        try:
            url = self._world.vouchers.response_url(request.path)
            self._use(request.path, url, _body(await request.text()))
        except Refused as refusal:
            status = 404 if refusal.error in GONE else 400
            return web.Response(status=status, text=refusal.error)
        return web.Response(text="ok")

    def _use(self, path: str, url: ResponseUrl, body: Json) -> None:
        source = self._source(url)
        if _true(body, "delete_original"):
            if body.get("text") or body.get("blocks") or body.get("attachments"):
                raise Refused("invalid_payload")  # it must be the only field
            if source is None:
                raise Refused("message_not_found")
            self._world.delete(source)
        elif _true(body, "replace_original") and source is not None:
            self._replace(source, checked_content(body))
        else:
            self.say(body, url)
        self._world.vouchers.used(path)

    def _source(self, url: ResponseUrl) -> Message | None:
        if url.source_ts is None:
            return None
        return self._world.workspace.find(url.channel, url.source_ts, seen_by=url.user)

    def _replace(self, source: Message, content: Content) -> None:
        new = replace(
            source,
            text=content.text or "",
            blocks=content.blocks or (),
            attachments=content.attachments or (),
        )
        self._world.edit(source, new)

    def say(self, body: Json, url: ResponseUrl) -> None:
        """Post what an app answers: to all, or to the person who acted alone."""
        shown_to_all = body.get("response_type") == "in_channel"
        thread_ts = body.get("thread_ts")
        if thread_ts and self._world.workspace.find(url.channel, thread_ts) is None:
            raise Refused("thread_not_found")
        message = self._world.from_app(
            url.channel,
            checked_content(body),
            thread_ts=thread_ts,
            only_for=None if shown_to_all else url.user,
        )
        self._world.post(message)


def checked_content(body: Json) -> Content:
    """The content of an answer. Answers have no budget of characters, unlike posts."""
    blocks, attachments = body.get("blocks"), body.get("attachments")
    check_message(blocks, attachments, budget=False)
    content = normal_content(body.get("text"), blocks, attachments)
    if content.empty:
        raise Refused("no_text")
    return content


def _body(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError:
        raise Refused("invalid_payload") from None
    if not isinstance(body, dict):
        raise Refused("invalid_payload")
    return body


def _true(body: Json, name: Literal["delete_original", "replace_original"]) -> bool:
    value: Any = body.get(name)
    return value is True or value == "true"
