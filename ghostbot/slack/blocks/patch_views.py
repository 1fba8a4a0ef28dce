"""The windows about patches: writing one, saying why not, typing a digest's end, reading a diff."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ghostbot.core.proposal import Proposal
from ghostbot.slack.blocks import patch_words as words
from ghostbot.slack.blocks.message import Block, Message, context, preformatted, section
from ghostbot.slack.blocks.patch import TAIL, line
from ghostbot.slack.blocks.text import clean, cut, escape, name

FORM = "ghost_patch_form"
REASON = "ghost_patch_reason"
DIGEST = "ghost_patch_digest"
OPEN = "ghost_patch_open"  # a button for those who typed where no window can be opened

TEXT_MAX = 3_000  # Slack's limit of an input
ROOTS_MAX = 100
FILES_MAX = 5
LISTED = 15
VIEW_ROOM = 150_000  # of Slack's 250,000 for a whole view
VIEW_BLOCKS = 90
CHUNK = 2_800
KINDS = ("diff", "patch", "txt", "text", "json", "md")

View = dict[str, Any]


def form(roots: Sequence[str], *, metadata: str = "", said: str = "", text: str = "") -> View:
    """Return the window in which a patch is written; `said` is what was wrong with the last try."""
    typed: Block = {
        "type": "plain_text_input",
        "action_id": "text",
        "multiline": True,
        "max_length": TEXT_MAX,
        "placeholder": _plain("*** Begin Patch … or a diff, edits in JSON, SEARCH/REPLACE"),
    }
    if text:
        typed["initial_value"] = text[:TEXT_MAX]
    attached = {"type": "file_input", "action_id": "file", "max_files": 1, "filetypes": [*KINDS]}
    blocks = [
        _input("text", f"Patch, up to {TEXT_MAX:,} characters", typed, optional=True),
        _input("file", "… or a file, where it is longer", attached, optional=True),
    ]
    if len(roots) > 1:
        blocks.append(_input("root", "Root", _select(roots), optional=False))
    about: Block = {"type": "plain_text_input", "action_id": "title", "max_length": 150}
    blocks.append(_input("title", "What it is for", about, optional=True))
    if said:
        blocks.insert(0, section(f"❌ {escape(cut(said, 1_500))}"))
    return _modal(FORM, "Propose a patch", blocks, submit="Propose", metadata=metadata)


def pick_root(roots: Sequence[str], head: str, metadata: str) -> View:
    """Return the window that asks into which root a message's patch goes."""
    about = section(f"The patch in this message begins with `{name(head, 100)}`.")
    blocks = [about, _input("root", "Root", _select(roots), optional=False)]
    return _modal(FORM, "Propose this patch", blocks, submit="Propose", metadata=metadata)


def reason(p: Proposal, at: str) -> View:
    """Return the window that asks why a patch is rejected."""
    why: Block = {
        "type": "plain_text_input",
        "action_id": "why",
        "multiline": True,
        "max_length": 1_000,
        "placeholder": _plain("Who sent it reads this, agents too"),
    }
    blocks = [section(line(p)), _input("why", "Why not?", why, optional=True)]
    return _modal(REASON, f"Reject {p.id}"[:24], blocks, submit="Reject", metadata=_of(p, at))


def digest(p: Proposal, at: str) -> View:
    """Return the window in which the only approver types the end of a risky plan's digest."""
    told = "\n".join(f"• {one}" for one in words.risks(p))
    typed: Block = {
        "type": "plain_text_input",
        "action_id": "tail",
        "min_length": TAIL,
        "max_length": TAIL,
    }
    label = f"The last {TAIL} characters of its digest"
    hint = "They stand in the last line of the patch's message. Two people would be asked otherwise"
    blocks = [
        section(line(p)),
        section(f"⚠️ You are the only approver there is, and it is risky:\n{told}"),
        {**_input("tail", label, typed, optional=False), "hint": _plain(hint)},
    ]
    return _modal(DIGEST, f"Approve {p.id}"[:24], blocks, submit="Approve", metadata=_of(p, at))


def whole(p: Proposal, diff: str) -> View:
    """Return the window that shows a whole diff, or as much of it as a window holds."""
    chunks, left = _chunks(clean(diff) or "It changes nothing.")
    blocks = [section(line(p)), *(preformatted(chunk) for chunk in chunks)]
    if left:
        blocks.append(context(f"{left:,} more lines: the file in the message's thread has all"))
    return _modal("", f"Diff of {p.id}"[:24], blocks)


def _chunks(diff: str) -> tuple[list[str], int]:
    """Cut a diff into blocks at the ends of lines; return those that fit, and the lines left."""
    chunks: list[str] = []
    room, held = VIEW_ROOM, 0
    lines = diff.splitlines()
    for number, text in enumerate(lines):
        shown = cut(text, CHUNK)
        cost = len(json.dumps(shown)) + 2
        new = not chunks or held + len(shown) >= CHUNK
        if cost > room or (new and len(chunks) == VIEW_BLOCKS):
            return chunks, len(lines) - number
        room -= cost
        if new:
            chunks.append(shown)
            held = len(shown)
        else:
            chunks[-1] += f"\n{shown}"
            held += len(shown) + 1
    return chunks, 0


def told(title: str, message: Message) -> View:
    """Return a window that only says something."""
    return _modal("", title[:24], [*message.blocks, *message.details])


def listed(found: Sequence[Proposal], command: str) -> Message:
    """Return proposals, one a line, the newest first."""
    if not found:
        words_ = f"No patches yet. `{escape(command)} patch` opens a form for one."
        return Message(words_, (section(words_),))
    lines = [line(p) for p in found[:LISTED]]
    more = f" · {len(found) - LISTED} more: `ghost patch list`" if len(found) > LISTED else ""
    hint = context(f"`{escape(command)} patch show ID` shows one{more}")
    return Message(f"the newest {len(lines)} patches", (section("\n".join(lines)), hint))


def filled(view: View, block_id: str) -> Any:
    """Return what somebody put into the one input of a block; None where it is empty."""
    slots = view["state"]["values"].get(block_id) or {}
    slot: dict[str, Any] = next(iter(slots.values()), {})
    if slot.get("type") == "static_select":
        return (slot.get("selected_option") or {}).get("value")
    return slot.get("files") if slot.get("type") == "file_input" else slot.get("value")


def _of(p: Proposal, at: str) -> str:
    return json.dumps({"patch": p.id, "digest": p.digest, "at": at})


def _select(roots: Sequence[str]) -> Block:
    options = [{"text": _plain(cut(root, 75)), "value": cut(root, 150)} for root in roots]
    return {
        "type": "static_select",
        "action_id": "root",
        "placeholder": _plain("Which tree is it for?"),
        "options": options[:ROOTS_MAX],
    }


def _input(block_id: str, label: str, element: Block, *, optional: bool) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": _plain(label),
        "element": element,
        "optional": optional,
    }


def _modal(
    callback: str, title: str, blocks: Sequence[Block], *, submit: str = "", metadata: str = ""
) -> View:
    view: View = {"type": "modal", "title": _plain(title), "blocks": list(blocks)}
    view |= {"close": _plain("Cancel" if submit else "Close")}
    if callback:
        view["callback_id"] = callback
    if submit:
        view["submit"] = _plain(submit)
    if metadata:
        view["private_metadata"] = metadata
    return view


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
