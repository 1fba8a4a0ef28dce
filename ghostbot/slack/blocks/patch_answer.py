"""What an agent reads in the thread of its post: what became of its patch, in words and in JSON.

Rule 1: the words say what to do next; programs loop on answers that do not.
Rule 2: the JSON is always whole: what is too long in it is left out, and never cut in the middle.
"""

from __future__ import annotations

import json
from typing import Any

from ghostbot.core.proposal import Proposal, Status
from ghostbot.slack.blocks import patch_words as words
from ghostbot.slack.blocks.message import Message, preformatted, section
from ghostbot.slack.blocks.text import clean, cut, escape, name

ROOM = 6_000  # characters of JSON
OUTPUT_LINES = 20
NOTHING: tuple[object, ...] = (None, [], ())
WHILE_IT_WAITS = frozenset({"needs", "expires_at"})
KEYS = (  # of a proposal as programs read it, those that a maker can act on
    *("id", "status", "over", "code", "reason", "where", "title", "root", "format", "risk"),
    *("needs", "expires_at", "files", "skipped", "checks", "left"),
    *("reverts", "reverted_by", "follows", "followed_by"),
)
NEXT = {
    Status.AWAITING: "Nothing is to be done: people were asked. This thread tells what they say.",
    Status.APPLIED: "It is done. Make what you send next from the files as they are now.",
    Status.NOOP: "Nothing is to be done.",
    Status.EXPIRED: "Post it again if it is still wanted.",
    Status.SUPERSEDED: "Read the files again, make the patch anew, and post it as a new message.",
    Status.ROLLED_BACK: "See which check failed and why, mend the patch, and post it anew.",
    Status.REJECTED: "Do not post it again as it is.",
    Status.ATTENTION: "Wait: a person must see to the files first.",
}
MEND = (
    "Mend the patch at the place that is named, and post it as a new message; edits are not read."
)
CHECKS = "See which check failed and why, mend the patch, and post it anew."


def answer(p: Proposal, told: dict[str, Any]) -> Message:
    """Return the answer; `told` is the proposal as programs read it everywhere."""
    sign, _ = words.MARKS[p.status]
    to = f"<@{p.submitter.id}> " if words.is_slacks(p.submitter.id) else ""
    lines = [f"{to}{sign} {words.called(p)} {words.clause(p)}."]
    if p.reason and p.status not in {Status.AWAITING, Status.APPLIED}:
        lines.append(f"*Why:* {escape(cut(p.reason, 1_500))}")
    lines.append(f"*Next:* {_next(p)}")
    return _both("\n".join(lines), as_json(told))


def refused(why: str, code: str) -> Message:
    """Return the answer to a post that could not be taken at all."""
    told = {"id": None, "status": "refused", "code": code, "reason": why}
    return _both(f"🔴 {escape(cut(why, 1_000))}\n*Next:* {MEND}", as_json(told))


def unchanged(p: Proposal) -> Message:
    """Say that an edit of a post changes nothing."""
    said = (
        f"This post was edited after *{name(p.id)}* was made of it. The edit is not read: the patch"
        " stays as it was sent. Post it anew if it is to be another."
    )
    return Message(said, (section(said),))


def deleted(p: Proposal) -> Message:
    """Say that a post was deleted, for the thread of its card."""
    said = f"The post that held *{name(p.id)}* was deleted. The patch stays as it was sent."
    return Message(said, (section(said),))


def as_json(told: dict[str, Any]) -> str:
    """Return it as JSON of a bounded length, the most telling keys last to go."""
    kept = {key: told[key] for key in KEYS if told.get(key) not in NOTHING}
    if kept.get("over"):
        kept = {key: value for key, value in kept.items() if key not in WHILE_IT_WAITS}
    if "where" in kept:
        kept["where"] = {key: at for key, at in kept["where"].items() if at is not None}
    if "files" in kept:
        kept["files"] = [
            {key: file[key] for key in ("path", "op", "tier")} for file in kept["files"]
        ]
    if "checks" in kept:
        kept["checks"] = [_short(check) for check in kept["checks"]]
    for drop in ("checks", "files", "skipped", "left", "reason"):
        text = json.dumps(kept, indent=1, ensure_ascii=False)
        if len(text) <= ROOM:
            return text
        kept.pop(drop, None)
        kept["left_out"] = [*kept.get("left_out", ()), drop]
    return json.dumps(kept, indent=1, ensure_ascii=False)


def _short(check: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in check.items() if key != "output"}
    lines = [] if check.get("ok") else str(check.get("output") or "").splitlines()
    return {**kept, "output": "\n".join(lines[-OUTPUT_LINES:])} if lines else kept


def _next(p: Proposal) -> str:
    if p.status is Status.FAILED:
        return CHECKS if p.approvals else MEND
    if p.status is Status.SUPERSEDED and p.followed_by:
        return f"Nothing is to be done: {name(p.followed_by)} is the same patch on the new files."
    return NEXT.get(p.status, "Wait: this thread tells how it goes on.")


def _both(said: str, data: str) -> Message:
    fenced = clean(data).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = f"{said}\n```\n{fenced}\n```"
    if len(text) > 3_700:  # noqa: PLR2004 - what chat.update takes, less a little
        text = said
    return Message(text, (section(said), preformatted(data)))
