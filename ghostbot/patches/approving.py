"""Who may say yes or no to a proposal, and when that is enough. Pure.

Rule 1: nobody says yes to what is their own, and everybody says it once; whoever sits at this
        machine is one person, by whatever name.
Rule 2: a rule that nobody can satisfy is gone around: where fewer may say yes than must, all who
        may are enough. One who is alone types the end of the digest for what takes several.
Rule 3: a no of anybody who may say yes is final; who made a patch may take it back.
"""

from __future__ import annotations

from dataclasses import replace

from ghostbot.core.proposal import Approval, Proposal, Status, Way
from ghostbot.errors import Failed, NotAllowed
from ghostbot.patches.offer import Decider, Moved

LOCAL = "local"  # the one person that all local ones are
TAIL = 4  # of the digest, in characters
WORDS = {
    Status.RECEIVED: "is not planned yet",
    Status.VALIDATED: "is not planned yet",
    Status.APPROVED: "is approved already",
    Status.PRECHECKING: "is being tried",
    Status.APPLYING: "is being applied",
    Status.VERIFYING: "is being verified",
    Status.ROLLING_BACK: "is being taken back",
    Status.NOOP: "had nothing to do",
    Status.ATTENTION: "needs a person",
}


class NeedsTail(Failed):
    """One person alone approves what takes several, and has not typed the end of its digest."""

    code = "needs_tail"


def person(who: str) -> str:
    """Return whom an id stands for: all local ones are one person."""
    return LOCAL if who == LOCAL or who.startswith(f"{LOCAL}:") else who


def refuse_elsewhere(p: Proposal, by: Decider, approve_in: str) -> None:
    """Raise NotAllowed where a yes is taken in Slack alone, and this is none of Slack's."""
    if approve_in == "slack" and by.way is not Way.SLACK:
        way_out = f'press Approve there (or set approve_in = "any" in [root.{p.root}])'
        raise NotAllowed(f"cannot approve {p.id} here: it is approved in Slack; {way_out}")


def with_yes(
    p: Proposal,
    by: Decider,
    *,
    digest: str,
    tail: str | None,
    may: frozenset[str],
    now: float,
) -> Proposal:
    """Return the proposal with one yes more, approved where that is enough.

    `may` are the persons that may say yes at all. Raises NotAllowed, Moved and NeedsTail.
    """
    if not by.is_approver:
        raise NotAllowed(f"cannot approve {p.id}: only an approver may; you may read it")
    _refuse_moved(p, digest, "approve")
    if p.expires_at is not None and p.expires_at <= now:
        raise Moved(f"cannot approve {p.id}: it has expired; send it again")
    me, maker = person(by.id), person(p.submitter.id)
    if any(person(one.by) == me for one in p.approvals):
        more = p.needs - len(p.approvals)
        raise NotAllowed(f"cannot approve {p.id} twice: it takes {_people(more)} more than you")
    others = (may | {me}) - {maker}
    if me == maker and others:
        raise NotAllowed(f"cannot approve {p.id}: it is your own; it takes somebody else's yes")
    is_alone = not others - {me}
    if is_alone and p.needs > 1 and not _is_tail(tail, digest):
        raise NeedsTail(
            f"cannot approve {p.id} by one yes: it is risky, and nobody else may approve it; "
            f"type the last {TAIL} characters of its digest"
        )
    yes = Approval(
        by=by.id, name=by.name, way=by.way, at=now, digest=digest, is_sole=is_alone and p.needs > 1
    )
    said = (*p.approvals, yes)
    # who may no longer say it has said nothing: what they said stays to be read
    standing = sum(person(one.by) in may for one in p.approvals) + 1
    enough = is_alone or standing >= min(p.needs, max(1, len(others)))
    status = Status.APPROVED if enough else Status.AWAITING
    return replace(p, status=status, approvals=said, updated_at=now)


def with_no(p: Proposal, by: Decider, *, digest: str, why: str | None, now: float) -> Proposal:
    """Return the proposal as rejected by a person. Raises NotAllowed and Moved."""
    if not by.is_approver and person(by.id) != person(p.submitter.id):
        raise NotAllowed(f"cannot reject {p.id}: only an approver may, or who made it")
    _refuse_moved(p, digest, "reject")
    no = Approval(by=by.id, name=by.name, way=by.way, at=now, digest=digest)
    reason = f"rejected by {by.name}" + (f": {why}" if why else "")
    return replace(p, status=Status.REJECTED, denial=no, reason=reason, updated_at=now)


def _refuse_moved(p: Proposal, digest: str, verb: str) -> None:
    if p.status is not Status.AWAITING:
        is_so = WORDS.get(p.status, f"is {p.status.value.replace('_', ' ')}")
        follow = f"; {p.followed_by} is its new plan" if p.followed_by else ""
        raise Moved(f"cannot {verb} {p.id}: it {is_so}{follow}")
    if p.digest != digest:
        raise Moved(f"cannot {verb} {p.id}: what you saw is not its plan; look at it again")


def _is_tail(tail: str | None, digest: str) -> bool:
    return tail is not None and tail.strip().casefold() == digest[-TAIL:].casefold()


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"
