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
_WORDS = re.compile(r"(:[a-z0-9_+'-]+:)")
_HANDLE = re.compile(r"(?<![\w<])@([\w.-]*\w)")
_CHANNEL = re.compile(r"(?<![\w<&])#([\w-]+)")
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_FENCED = re.compile(r"```\n?(.*?)\n?```\n?", re.DOTALL)
_STYLED = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
)

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

    `named` adds the name after a bar, as slash commands with should_escape get it. In a message,
    code stays as it is but for its links, which Slack marks there too.
    """

    def person(match: re.Match[str]) -> str:
        found = user(match[1])
        if found is None:
            return match[0]
        if found.startswith("!"):
            return f"<{found}>"
        mark = "!subteam^" if found.startswith("S") else "@"
        return f"<{mark}{found}|{match[1]}>" if named else f"<{mark}{found}>"

    def room(match: re.Match[str]) -> str:
        found = channel(match[1])
        if found is None:
            return match[0]
        return f"<#{found}|{match[1]}>"

    pieces = [text] if named else _CODE.split(text)
    for index, piece in enumerate(pieces):
        linked = link_urls(escape(piece))
        pieces[index] = linked if index % 2 else _CHANNEL.sub(room, _HANDLE.sub(person, linked))
    return "".join(pieces)


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
    elements: list[Json] = []
    for index, part in enumerate(_FENCED.split(text)):
        if index % 2:
            pre = {"type": "rich_text_preformatted", "elements": _pieces(part, code=True)}
            elements.append({**pre, "border": 0})
        elif part.strip("\n") or not text:
            elements.append({"type": "rich_text_section", "elements": _pieces(part, code=False)})
    return {"type": "rich_text", "block_id": made_up_id(), "elements": elements}


def _pieces(text: str, *, code: bool) -> list[Json]:
    """Text, links, mentions and emoji in their order; in code there are only text and links."""
    parts: list[Json] = []
    position = 0
    for match in re.finditer(r"<([@#!]|(?=https?://|mailto:))([^<>|]+)(?:\|[^<>]*)?>", text):
        parts += _leaf(text[position : match.start()], code=code)
        if match[1]:
            parts.append(_mention(match[1], match[2]))
        else:
            parts.append({"type": "link", "url": _plain_text(match[2])})
        position = match.end()
    return parts + _leaf(text[position:], code=code)


def _leaf(text: str, *, code: bool) -> list[Json]:
    if code:
        return [{"type": "text", "text": _plain_text(text)}] if text else []
    parts: list[Json] = []
    position = 0
    for match in _STYLED.finditer(text):
        parts += _words(text[position : match.start()])
        style = match.lastgroup or "code"
        words = {"type": "text", "text": _plain_text(match[style])}
        parts.append({**words, "style": {style: True}})
        position = match.end()
    return parts + _words(text[position:])


def _words(text: str) -> list[Json]:
    return [_word(piece) for piece in _WORDS.split(_plain_text(text)) if piece]


def _plain_text(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _word(piece: str) -> Json:
    if re.fullmatch(r":[a-z0-9_+'-]+:", piece):
        return {"type": "emoji", "name": piece.strip(":")}
    return {"type": "text", "text": piece}


def _mention(mark: str, target: str) -> Json:
    if mark == "@":
        return {"type": "user", "user_id": target}
    if mark == "#":
        return {"type": "channel", "channel_id": target}
    if target.startswith("subteam^"):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("subteam^")}
    return {"type": "broadcast", "range": target}
