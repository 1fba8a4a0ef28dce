"""How Slack rewrites what is posted: escapes, links and mentions in text; defaults in blocks.

Sources: Slack's "Formatting text for app surfaces" and "Block Kit".
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

TEXT_CUT = 40_000  # chat.postMessage: longer texts are truncated
ID_LETTERS = string.ascii_letters + string.digits + "+/="

_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")
_CONTROL = re.compile(r"<(?:[@#!][^<>\s][^<>]*|(?:https?|mailto|tel|slack):[^<>]+)>", re.IGNORECASE)
_BARE_URL = re.compile(r"(?<![<|\w])https?://[^\s<>|]+[^\s<>|.,;:!?)'\"`]")
_WORDS = re.compile(r"(:[a-z0-9_+'-]+:|https?://[^\s<>]+[^\s<>.,;:!?)'\"`])")
_HANDLE = re.compile(r"(?<![\w<])@([\w.-]*\w)")
_CHANNEL = re.compile(r"(?<![\w<&])#([\w-]+)")

# elements that have no action_id even though they sit where interactive ones do
PASSIVE = {"image", "mrkdwn", "plain_text"}


def escape(text: str) -> str:
    """What a person typed, with the three characters that mean something to Slack escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def posted_text(text: str, *, linked: bool = True) -> str:
    """A program's text as Slack stores it: entities once, control sequences kept, URLs linked."""
    kept: list[str] = []
    position = 0
    for match in _CONTROL.finditer(text):
        kept += [_plain(text[position : match.start()], linked=linked), match.group()]
        position = match.end()
    kept.append(_plain(text[position:], linked=linked))
    return "".join(kept)[:TEXT_CUT]


def _plain(text: str, *, linked: bool) -> str:
    safe = _AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return link_urls(safe) if linked else safe


def link_urls(text: str) -> str:
    """Put bare URLs into angle brackets."""
    return _BARE_URL.sub(lambda match: f"<{match.group()}>", text)


def typed_text(
    text: str,
    *,
    user: Callable[[str], str | None],
    channel: Callable[[str], str | None],
    named: bool,
) -> str:
    """What a person typed with @handles and #channels as Slack encodes them.

    `named` adds the name after a bar, as slash commands with should_escape get it.
    """

    def person(match: re.Match[str]) -> str:
        found = user(match[1])
        if found is None:
            return match[0]
        mark = "!subteam^" if found.startswith("S") else "@"
        return f"<{mark}{found}|{match[1]}>" if named else f"<{mark}{found}>"

    def room(match: re.Match[str]) -> str:
        found = channel(match[1])
        if found is None:
            return match[0]
        return f"<#{found}|{match[1]}>"

    return _CHANNEL.sub(room, _HANDLE.sub(person, link_urls(escape(text))))


def normal_blocks(blocks: list[Json]) -> list[Json]:
    """A copy with the ids that Slack makes up and the defaults that it fills in."""
    return [_block(dict(block)) for block in blocks]


def made_up_id() -> str:
    """Five characters, as Slack makes them up for blocks and elements."""
    return "".join(secrets.choice(ID_LETTERS) for _ in range(5))


def _block(block: Json) -> Json:
    block = _filled(block)
    if not block.get("block_id"):
        block["block_id"] = made_up_id()
    for element in actionable(block):
        if not element.get("action_id"):
            element["action_id"] = made_up_id()
    return block


def _filled(value: Any) -> Any:
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _filled(item) for key, item in value.items()}
    if copy.get("type") == "plain_text":
        copy.setdefault("emoji", True)
    elif copy.get("type") == "mrkdwn":
        copy.setdefault("verbatim", False)
        copy["text"] = posted_text(str(copy.get("text", "")), linked=not copy["verbatim"])
    return copy


def actionable(block: Json) -> Iterator[Json]:
    """The interactive elements directly in a block, children of containers included."""
    candidates = [block.get("accessory"), block.get("element")]
    if block.get("type") in {"actions", "context_actions"}:
        candidates += block.get("elements") or []
    elif block.get("type") == "card":
        candidates += block.get("actions") or []
    for element in candidates:
        if isinstance(element, dict) and element.get("type") not in PASSIVE:
            yield element
    if block.get("type") in {"container", "carousel"}:
        for child in block.get("child_blocks") or block.get("elements") or []:
            yield from actionable(child)


def as_rich_text(text: str) -> Json:
    """The rich_text block that Slack's own composer makes of a line a person typed."""
    parts: list[Json] = []
    position = 0
    for match in re.finditer(r"<([@#!])([^<>|]+)(?:\|[^<>]*)?>", text):
        parts += _leaf(text[position : match.start()])
        parts.append(_mention(match[1], match[2]))
        position = match.end()
    parts += _leaf(text[position:])
    section = {"type": "rich_text_section", "elements": parts}
    return {"type": "rich_text", "block_id": made_up_id(), "elements": [section]}


def _leaf(text: str) -> list[Json]:
    plain = re.sub(r"<([^<>|]+)(?:\|[^<>]*)?>", r"\1", text)
    plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return [_word(piece) for piece in _WORDS.split(plain) if piece]


def _word(piece: str) -> Json:
    if re.fullmatch(r":[a-z0-9_+'-]+:", piece):
        return {"type": "emoji", "name": piece.strip(":")}
    if piece.startswith(("http://", "https://")):
        return {"type": "link", "url": piece}
    return {"type": "text", "text": piece}


def _mention(mark: str, target: str) -> Json:
    if mark == "@":
        return {"type": "user", "user_id": target}
    if mark == "#":
        return {"type": "channel", "channel_id": target}
    if target.startswith("subteam^"):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("subteam^")}
    return {"type": "broadcast", "range": target}
