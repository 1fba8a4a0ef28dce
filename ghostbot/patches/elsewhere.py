"""A patch that a person carried out at the machine, past the pipeline: `ghost patch apply`.

It becomes a proposal that is over, so that everybody sees it where they see all others, and can
take it back there.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from ghostbot.core.proposal import Approval, FileLine, Proposal, Status, Submitter, Way
from ghostbot.errors import NoSuch
from ghostbot.patches.register import Register
from ghostbot.store.proposals import Asked

UNCHECKED = "its checks were left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What became of it, as the command line told Ghost."""

    id: str  # of its journal
    status: Status
    root: str  # its name in ghost.toml
    by: str  # as a submitter's id
    name: str  # of who did it
    digest: str
    format: str | None = None
    files: tuple[FileLine, ...] = ()
    risk: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    reason: str | None = None
    is_unattended: bool = False  # with --yes: nobody looked at it first
    is_verified: bool = True  # with the checks of its root


async def taken(register: Register, done: Elsewhere, roots: Container[str]) -> Proposal:
    """Keep it as a proposal, once, and tell it. Raises NoSuch for a root that is none of ours."""
    if done.root not in roots:
        raise NoSuch(f"cannot note {done.id}: there is no root {done.root}", "root")
    p, is_new = await register.add(_proposal(done, register.now()), Asked(text=b""))
    assert p is not None, "it has no limit"
    if is_new:
        await register.say_again(p)
    return p


def _proposal(done: Elsewhere, now: float) -> Proposal:
    said = Approval(
        by=done.by,
        name=done.name,
        way=Way.CLI,
        at=now,
        digest=done.digest,
        is_unattended=done.is_unattended,
    )
    return Proposal(
        id="",
        status=done.status,
        submitter=Submitter(id=done.by, name=done.name, way=Way.CLI),
        title="ghost patch apply" + ("" if done.is_verified else f" ({UNCHECKED})"),
        root=done.root,
        format=done.format,
        key=done.id,
        sha256="",
        reason=done.reason,
        digest=done.digest,
        risk=done.risk,
        approvals=(said,),
        files=done.files,
        left=done.left,
        journal=done.id,
        created_at=now,
        updated_at=now,
    )
