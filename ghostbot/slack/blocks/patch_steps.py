"""The steps of a proposal, for the thread of its card, and the page where people must act."""

from __future__ import annotations

from ghostbot.core.proposal import Proposal, Status
from ghostbot.slack.blocks import patch_words as words
from ghostbot.slack.blocks.message import Block, Message, context, preformatted, section
from ghostbot.slack.blocks.text import cut, escape, name, when

OUTPUT_ROOM = 6_000
SILENT = frozenset({Status.RECEIVED, Status.VALIDATED, Status.PRECHECKING, Status.VERIFYING})


def step(p: Proposal) -> Message | None:
    """Return what happened last; None: nothing that a thread tells."""
    said = _said(p)
    if said is None:
        return None
    plain = f"{name(p.id)} {words.clause(p)}"
    return Message(plain, (context(f"{when(p.updated_at)}  {said}"), *_outputs(p)))


def page(p: Proposal, mention: str) -> Message:
    """Return what calls people: a tree is neither as it was nor as it should be."""
    sign, _ = words.MARKS[Status.ATTENTION]
    lines = [f"{mention} {sign} {words.called(p)} {words.clause(p)}".strip()]
    if p.reason:
        lines.append(f"*Why:* {escape(cut(p.reason, 1_000))}")
    lines += [f"• {escape(cut(one, 200))}" for one in p.left[:10]]
    lines.append(f"Its root takes no other patch until a person has mended it; {_mend(p)}")
    said = "\n".join(lines)
    return Message(said, (section(said), context(f"patch {name(p.id)}, {when(p.updated_at)}")))


def _mend(p: Proposal) -> str:
    return f"once it is, say so with `ghost patch clear {name(p.root or 'ROOT')}` on the machine."


def _said(p: Proposal) -> str | None:
    if p.status in SILENT:
        return None
    if p.status is Status.AWAITING and not p.approvals:
        return None
    if p.status in {Status.AWAITING, Status.APPROVED} and p.approvals:
        last = p.approvals[-1]
        return f"approved by {words.yes(last)}: {len(p.approvals)} of {p.needs}"
    said = words.clause(p)
    if p.denial is not None and p.status is Status.REJECTED and not p.reason:
        said += f", by {words.yes(p.denial)}"
    if p.reason and p.status is not Status.APPLIED:
        said += f": {escape(cut(p.reason, 800))}"
    return said


def _outputs(p: Proposal) -> list[Block]:
    """Return the last that a failed check wrote."""
    failed = [check for check in p.checks if not check.ok and check.output]
    if not p.is_over or not failed:
        return []
    last = failed[-1]
    return [context(f"The last of `{name(last.name)}`:"), preformatted(last.output[-OUTPUT_ROOM:])]
