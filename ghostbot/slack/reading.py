"""What a message says, byte for byte: from the rich text that Slack keeps beside the escaped one.

Rule 1: `text` is for notifications: in it Slack has escaped three characters and marked up links.
        The blocks say what was typed, so they are read wherever they are there.
Rule 2: where a message has fences, the fences are what it is about; one alone is the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ghostbot.slack.blocks.text import typed

Json = Mapping[str, Any]

# A patch begins so; JSON is one by its keys. A post without any of it is talk.
MARKS = re.compile(
    r"^(?:\*\*\* (?:Begin Patch|(?:Add|Update|Delete) File: )|diff --git |--- \S[^\n]*\n\+\+\+ "
    r"|@@ .*@@|<{5,9} SEARCH)",
    re.MULTILINE,
)
KEYS = re.compile(
    r'"(?:patch|patches|mutations|edits|operations|ops|old_string|old_str|new_string|new_str'
    r"|str_replace|create_file|update_file|delete_file|pattern|replacement|replace_all|diff"
    r')"\s*:'
)
BINARIES = ("image/", "video/", "audio/", "application/pdf", "application/zip")
TITLE_MAX = 150
FENCE = re.compile(  # Markdown's, and Slack's own, which may begin and end within a line
    r"^```[^\n`]*\n(.*?)^```[ \t]*$|```(.+?)```", re.MULTILINE | re.DOTALL
)
_TICKS = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that a message holds."""

    id: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it was meant: its words, and what stood in fences."""

    text: str
    files: tuple[FileRef, ...] = ()
    title: str | None = None  # the first of the words around the fences

    @property
    def looks_like_a_patch(self) -> bool:
        """Tell whether somebody who sends this means to change files."""
        return looks_like_a_patch(self.text)


def looks_like_a_patch(text: str) -> bool:
    """Tell whether a text has the marks of a patch, or is JSON with the keys of one."""
    return bool(MARKS.search(text) or (text.lstrip()[:1] in {"{", "["} and KEYS.search(text)))


def said(message: Json) -> Said:
    """Return what a message says, and which of its files can hold a patch."""
    files = tuple(_file(one) for one in message.get("files") or () if _is_text(one))
    text, around = _words(message)
    if files:
        around = around or text
    title = next((line.strip() for line in around.splitlines() if line.strip()), "")
    return Said(text, files, title[:TITLE_MAX] or None)


def joined(texts: Sequence[bytes]) -> bytes:
    """Return several files as one text of fences."""
    return "\n".join(_fenced(one.decode("utf-8", "surrogateescape")) for one in texts).encode(
        "utf-8", "surrogateescape"
    )


def _words(message: Json) -> tuple[str, str]:
    """Return what a message is about, and the words around that."""
    blocks = [*(message.get("blocks") or ())]
    for attachment in message.get("attachments") or ():
        blocks += attachment.get("blocks") or ()
    pieces = [piece for block in blocks for piece in _block(block)]
    if not any(text.strip() for text, _ in pieces):
        return _fences_first(typed(str(message.get("text") or "")))
    fences = [text for text, fenced in pieces if fenced]
    fences = [text for text in fences if looks_like_a_patch(text)] or fences  # not the logs
    around = "".join(text for text, fenced in pieces if not fenced)
    if len(fences) == 1:
        return _ended(fences[0]), around
    if fences:
        return "\n".join(_fenced(text) for text in fences) + "\n", around
    return _fences_first(around)


def _fences_first(text: str) -> tuple[str, str]:
    """Return the inside of the only fence there is with what is around it, else the whole text."""
    found = list(islice(FENCE.finditer(text), 2))  # all of them take long where none ends
    if len(found) != 1:
        return _ended(text), ""
    one = found[0]
    return _ended(one[1] or one[2]), text[: one.start()] + text[one.end() :]


def _ended(text: str) -> str:
    """Return a text whose last line has an end: Slack takes it off."""
    return text if not text or text.endswith("\n") else f"{text}\n"


def _fenced(text: str) -> str:
    longest = max((len(found[0]) for found in _TICKS.finditer(text)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}\n{_ended(text)}{ticks}"


def _block(block: Json) -> Iterator[tuple[str, bool]]:
    """Give the parts of a block: each text, and whether it stood in a fence."""
    match block.get("type"):
        case "rich_text":
            for element in block.get("elements") or ():
                yield _rich(element), element.get("type") == "rich_text_preformatted"
        case "section":
            texts = [block.get("text"), *(block.get("fields") or ())]
            for text in texts:
                if isinstance(text, Mapping):
                    yield _of_object(text), False
        case "markdown":
            yield str(block.get("text") or ""), False


def _of_object(text: Json) -> str:
    words = str(text.get("text") or "")
    return words if text.get("type") == "plain_text" else typed(words)


def _rich(element: Json) -> str:
    parts: Sequence[Json] = element.get("elements") or ()
    if element.get("type") == "rich_text_list":
        return "".join(f"- {_rich(one)}\n" for one in parts)
    words = "".join(_leaf(one) for one in parts)
    return words if element.get("type") == "rich_text_preformatted" else _ended(words)


def _leaf(leaf: Json) -> str:
    """Return what was typed for one piece of rich text."""
    match leaf.get("type"):
        case "text":
            return str(leaf.get("text") or "")
        case "link":
            return str(leaf.get("text") or leaf.get("url") or "")
        case "emoji":
            return f":{leaf.get('name')}:"
        case "user":
            return f"<@{leaf.get('user_id')}>"
        case "channel":
            return f"<#{leaf.get('channel_id')}>"
        case "usergroup":
            return f"<!subteam^{leaf.get('usergroup_id')}>"
        case "broadcast":
            return f"@{leaf.get('range')}"
        case "date":
            return str(leaf.get("fallback") or leaf.get("timestamp") or "")
        case "color":
            return str(leaf.get("value") or "")
    return ""


def _is_text(file: Json) -> bool:
    """Tell whether a file may hold a patch; Slack names the kind of what it knows."""
    if file.get("mode") in {"tombstone", "hidden_by_limit"}:
        return False
    kind = str(file.get("mimetype") or "")
    return file.get("mode") == "snippet" or not kind.startswith(BINARIES)


def _file(file: Json) -> FileRef:
    name = str(file.get("name") or file.get("title") or file.get("id") or "file")
    return FileRef(str(file.get("id") or ""), name, int(file.get("size") or 0))
