"""One proposal as one living message: what it would do, what is risky, and who must say yes.

Rule 1: what is shown of a change was made from its bytes (`patches.diff`), not from what was sent.
Rule 2: nobody is asked to approve what they cannot read: a diff that does not fit here is a file in
        the thread, and until it is there, no button approves.
Rule 3: a button carries the id and the digest that its message shows. What is over has none, but
        the one that takes back what was applied.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ghostbot.core.proposal import CheckLine, Proposal, Status
from ghostbot.slack.blocks import patch_words as words
from ghostbot.slack.blocks.message import (
    BUDGET,
    Block,
    Message,
    actions,
    button,
    context,
    fields,
    preformatted,
    section,
    size,
)
from ghostbot.slack.blocks.text import MINUTE_S, clean, count, cut, duration, escape, name, when

APPROVE = "ghost_patch_approve"
REJECT = "ghost_patch_reject"
DIFF = "ghost_patch_diff"
SHOW = ("Show whole diff", DIFF)

DIFF_LINES = 60
DIFF_ROOM = 4_500  # characters of serialized text
OUTPUT_ROOM = 1_500
FILES_SHOWN = 10
SKIPPED_SHOWN = 3
CHECKS_SHOWN = 6
NAMED = 5
TAIL = 4  # characters of the digest, which tell one plan from the next
HOME_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What a card knows beside its proposal."""

    eligible: Collection[str] | None = None  # who can still say yes; None: not known now
    uploaded: bool = False  # the whole diff is in the thread
    trouble: str | None = None  # why it is not


NOTHING = Shown()


def card(p: Proposal, diff: str, shown: Shown = NOTHING) -> Message:
    """Return the message of a proposal as it is now."""
    sign, colour = words.MARKS[p.status]
    said = words.clause(p)
    head = section(f"{sign} {words.called(p)} {said}")
    text = f"{sign} {_aloud(p)}: {said}"
    details: list[Block] = []
    for most in (FILES_SHOWN, 3, 0):
        details = _details(p, diff, shown, most)
        if size([head, *details]) <= BUDGET:
            return Message(text, (head,), colour, tuple(details))
    # What is so strange that its names alone fill a message is read in the window, or rejected.
    row = [button(label, action, value(p)) for label, action in (("Reject", REJECT), SHOW)]
    short = [section(_who(p, shown.eligible)), *actions(row)] if p.status is Status.AWAITING else []
    return Message(text, (head,), colour, (*short, context(_foot(p))))


def _details(p: Proposal, diff: str, shown: Shown, most: int) -> list[Block]:
    details = [fields(_facts(p)), *_why(p), *_risks(p), *_checks(p)]
    if p.files and p.status is not Status.NOOP:
        details.append(section("\n".join(words.files(p.files, most))))
    if p.skipped:
        details.append(context(_skipped(p)))
    if p.status is Status.AWAITING:
        details += _ask(p, diff, shown)
    return [*details, *actions(_buttons(p, diff, shown)), context(_foot(p))]


def fits(diff: str) -> bool:
    """Tell whether a whole diff stands in the card itself."""
    return len(diff.splitlines()) <= DIFF_LINES and len(json.dumps(clean(diff))) <= DIFF_ROOM


def value(p: Proposal) -> str:
    """Return what a button carries: which proposal, and which plan of it was shown."""
    return json.dumps({"patch": p.id, "digest": p.digest})


def tail(p: Proposal) -> str:
    """Return the last characters of the digest, by which people tell plans apart."""
    return (p.digest or "")[-TAIL:]


def _aloud(p: Proposal) -> str:
    """Name it for notifications and for readers that see no blocks."""
    title = f" “{name(p.title, 100)}”" if p.title else ""
    root = f" in {name(p.root)}" if p.root else ""
    size = f", {words.size(p)}" if p.files else ""
    return f"patch {name(p.id)}{title} by {name(p.submitter.name)}{root}{size}"


def _facts(p: Proposal) -> dict[str, str]:
    by = words.person(p.submitter.id, p.submitter.name)
    known = {"Made by": f"{by}, an agent" if p.submitter.is_agent else by}
    if p.carrier:
        known["Brought by"] = name(p.carrier)
    if p.root:
        known["Root"] = f"`{name(p.root)}`"
    if p.approvals:
        known["Approved by"] = "\n".join(words.yes(one) for one in p.approvals)
    if p.denial is not None:
        known["Rejected by"] = words.yes(p.denial)
    if p.status is Status.AWAITING:
        known["Approvals"] = f"{len(p.approvals)} of {p.needs}"
        if p.expires_at is not None:
            known["Expires"] = when(p.expires_at)
    return known


def _why(p: Proposal) -> list[Block]:
    """Say why it came to nothing, where, and what a person must see to."""
    if p.status in {Status.AWAITING, Status.APPLIED} or not (p.reason or p.left):
        return []
    lines = [f"*Why:* {escape(cut(p.reason, 1_200))}"] if p.reason else []
    if p.where is not None and p.where.path:
        at = "".join(f":{n}" for n in (p.where.line, p.where.column) if n is not None)
        lines.append(f"at `{name(p.where.path, 200)}{at}`")
    if p.left:
        lines += ["*Not as it was before:*", *(f"• {escape(cut(one, 200))}" for one in p.left[:10])]
    return [section("\n".join(lines))]


def _risks(p: Proposal) -> list[Block]:
    told = words.risks(p)
    if not told or p.is_over:
        return []
    lines = "\n".join(f"• {one}" for one in told)
    return [section(f"⚠️ *Risky:*\n{lines}")]


def _checks(p: Proposal) -> list[Block]:
    if not p.checks:
        return []
    lines = [_check(one, p.reason or "") for one in p.checks[-CHECKS_SHOWN:]]
    blocks = [section("\n".join(lines))]
    failed = next((one for one in reversed(p.checks) if not one.ok and one.output), None)
    if failed is not None and p.is_over:
        blocks.append(preformatted(failed.output[-OUTPUT_ROOM:]))
    return blocks


def _check(one: CheckLine, told: str) -> str:
    """Say how a check went; why it failed, unless that was `told` above it."""
    sign, did = ("✅", "passed") if one.ok else ("❌", "failed")
    said = f": {escape(cut(one.said, 200))}" if one.said and one.said not in told else ""
    took = f"{one.took_s:.1f} s" if one.took_s < MINUTE_S else duration(one.took_s)
    return f"{sign} `{name(one.name, 150)}` {did} after {took}{said}"


def _skipped(p: Proposal) -> str:
    told = "; ".join(name(one, 100) for one in p.skipped[:SKIPPED_SHOWN])
    more = len(p.skipped) - SKIPPED_SHOWN
    return f"Asked for and not done: {told}" + (f"; and {more} more" if more > 0 else "")


def _ask(p: Proposal, diff: str, shown: Shown) -> list[Block]:
    """Show the change itself, and say who must still say yes."""
    blocks = []
    if fits(diff):
        blocks.append(preformatted(diff))
    else:
        head, left = _head(diff)
        blocks.append(preformatted(head))
        blocks.append(context(_rest(left, shown)))
    return [*blocks, section(_who(p, shown.eligible))]


def _head(diff: str) -> tuple[str, int]:
    """Return the first lines of a long diff, and how many are left."""
    lines = clean(diff).splitlines()
    kept: list[str] = []
    room = DIFF_ROOM
    for line in lines[:DIFF_LINES]:
        cost = len(json.dumps(line)) + 2
        if cost > room:
            break
        room -= cost
        kept.append(line)
    return "\n".join(kept), len(lines) - len(kept)


def _rest(left: int, shown: Shown) -> str:
    more = f"{count(left, 'more line')}; the whole diff"
    if shown.uploaded:
        return f"{more} is a file in the thread"
    if shown.trouble:
        why = escape(cut(shown.trouble, 300))
        return f"{more} could not be put into the thread yet: {why}. It is tried again."
    return f"{more} is on its way into the thread. Approving is possible once it is there."


def _who(p: Proposal, eligible: Collection[str] | None) -> str:
    """Say who must still say yes."""
    all_of_them = p.needs if eligible is None else min(p.needs, len(p.approvals) + len(eligible))
    missing = max(1, all_of_them - len(p.approvals))
    if eligible is None:
        return f"Waits for {count(missing, 'approver')}."
    if not eligible:
        return "Nobody can approve this: make somebody an approver, in `[roles]` or by a claim."
    named = [words.person(one, one) for one in sorted(eligible)]
    if len(eligible) == 1 and not p.approvals:
        typed = f", who types the digest's last {TAIL} characters" if p.needs > 1 else ""
        return f"Waits for {named[0]}, the only approver there is{typed}."
    if len(eligible) == missing == 1:
        return f"Waits for {named[0]}."
    listed = ", ".join(named[:NAMED])
    if len(named) > NAMED:
        listed += f" and {len(named) - NAMED} more"
    return f"Waits for {'one' if missing == 1 else missing} of {listed}."


def _buttons(p: Proposal, diff: str, shown: Shown) -> list[Block]:
    ids = value(p)
    if p.status is Status.APPLIED and not p.reverted_by:
        return [button("Revert", words.REVERT, ids)]
    if p.status is not Status.AWAITING:
        return []
    row = []
    if shown.uploaded or fits(diff):
        row.append(approve_button(p))
    row.append(button("Reject", REJECT, ids, style="danger"))
    row.append(button(*SHOW, ids))
    return row


def approve_button(p: Proposal) -> Block:
    """Return the button that says yes; what is risky is asked once more."""
    made = button("Approve", APPROVE, value(p), style="primary")
    told = words.risks(p)
    if not told:
        return made
    ask = {
        "title": {"type": "plain_text", "text": f"Approve {cut(p.id, 20)}?"},
        "text": {"type": "mrkdwn", "text": cut(" ".join(told), 290), "verbatim": True},
        "confirm": {"type": "plain_text", "text": "Approve"},
        "deny": {"type": "plain_text", "text": "Not yet"},
    }
    return {**made, "confirm": ask}


def _foot(p: Proposal) -> str:
    parts = [f"patch {name(p.id)}"]
    if p.digest:
        parts.append(f"digest …{name(tail(p))}")
    if p.format:
        parts.append(name(p.format))
    parts.append(f"came {when(p.created_at)} {words.WAYS[p.submitter.way]}")
    if p.follows:
        parts.append(f"a new plan of {name(p.follows)}")
    if p.reverts:
        parts.append(f"takes back {name(p.reverts)}")
    return " · ".join(parts)


def home(proposals: Sequence[Proposal]) -> list[Block]:
    """Return what waits for a yes, for the Home tab: nothing where nothing does."""
    waiting = [p for p in proposals if p.status is Status.AWAITING]
    blocks: list[Block] = []
    for p in waiting[:HOME_SHOWN]:
        block = section(line(p))
        blocks.append({**block, "accessory": button("Show", DIFF, value(p))})
    if len(waiting) > HOME_SHOWN:
        blocks.append(context(f"… and {len(waiting) - HOME_SHOWN} more: `patch list` has them"))
    return blocks


def line(p: Proposal) -> str:
    """Return a proposal as one line of a list."""
    sign, _ = words.MARKS[p.status]
    root = f" · `{name(p.root)}`" if p.root else ""
    by = words.person(p.submitter.id, p.submitter.name)
    return f"{sign} {words.called(p, 80)} {words.clause(p)}{root} · {by}, {when(p.created_at)}"
