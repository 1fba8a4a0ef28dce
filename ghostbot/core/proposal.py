"""A proposal: a patch from its submission to its end, and who said yes to it. Pure.

Rule 1: a yes is to one digest. Where the plan becomes another, every yes is void.
Rule 2: what has ended never moves again; a change of `MOVES` is the only way on.
Rule 3: the submitter is who made the patch, an agent mostly, and never who carried it here; nobody
        says yes to what is their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ghostbot.core.patch import Place


class Status(StrEnum):
    """How far a proposal has come."""

    RECEIVED = "received"
    VALIDATED = "validated"  # there is a plan, and policy allows it
    AWAITING = "awaiting_approval"
    APPROVED = "approved"
    PRECHECKING = "prechecking"  # in a copy of the root
    APPLYING = "applying"
    VERIFYING = "verifying"  # in the root itself
    ROLLING_BACK = "rolling_back"
    APPLIED = "applied"
    NOOP = "noop"  # everything was so already
    FAILED = "failed"  # it cannot be read or matched, or its checks failed in the copy
    REJECTED = "rejected"  # by policy, or by a person
    EXPIRED = "expired"
    SUPERSEDED = "superseded"  # its files changed; a new plan of it may have followed
    ROLLED_BACK = "rolled_back"
    ATTENTION = "needs_attention"  # rolled back, but for what only a person can mend


ENDED = frozenset(
    {
        *(Status.APPLIED, Status.NOOP, Status.FAILED, Status.REJECTED, Status.EXPIRED),
        *(Status.SUPERSEDED, Status.ROLLED_BACK, Status.ATTENTION),
    }
)

MOVES: dict[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.VALIDATED, Status.FAILED, Status.REJECTED, Status.NOOP}),
    Status.VALIDATED: frozenset(
        {Status.AWAITING, Status.APPROVED, Status.REJECTED, Status.FAILED, Status.NOOP}
    ),
    Status.AWAITING: frozenset(
        {Status.APPROVED, Status.REJECTED, Status.EXPIRED, Status.SUPERSEDED}
    ),
    Status.APPROVED: frozenset(
        {Status.PRECHECKING, Status.APPLYING, Status.EXPIRED, Status.SUPERSEDED, Status.FAILED}
    ),
    Status.PRECHECKING: frozenset({Status.APPLYING, Status.FAILED, Status.SUPERSEDED}),
    Status.APPLYING: frozenset(
        {Status.VERIFYING, Status.APPLIED, Status.NOOP, Status.ROLLING_BACK, Status.ROLLED_BACK}
        | {Status.SUPERSEDED, Status.FAILED, Status.ATTENTION}
    ),
    Status.VERIFYING: frozenset(
        {Status.APPLIED, Status.ROLLING_BACK, Status.ROLLED_BACK, Status.ATTENTION}
    ),
    Status.ROLLING_BACK: frozenset({Status.ROLLED_BACK, Status.ATTENTION}),
}


class Way(StrEnum):
    """By which door a patch, or a yes, came in."""

    SLACK = "slack"  # the modal, the message shortcut, `/ghost patch`, a button
    CHANNEL = "channel"  # a post of a listed agent in the patches channel
    CLI = "cli"
    HTTP = "http"
    WEBHOOK = "webhook"
    INBOX = "inbox"
    GHOST = "ghost"  # a revert, or a new plan of what was superseded


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Who made a patch.

    `id` is a Slack user or bot id, `local:USER`, `webhook:SOURCE`, `inbox:NAME` or `ghost`.
    """

    id: str
    name: str
    way: Way
    is_agent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One yes, or the one no."""

    by: str  # as a submitter's id
    name: str
    way: Way
    at: float  # epoch seconds
    digest: str
    is_sole: bool = False  # the only approver there is said it, for all that were needed
    is_unattended: bool = False  # configured, not pressed: `auto`, or --yes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """One file of a proposal, as lists and cards tell it."""

    path: str
    op: str
    tier: str
    added: int
    removed: int
    source: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """What one check said, in the copy or in the root itself."""

    name: str  # its words, or "web is up"
    ok: bool
    took_s: float
    said: str = ""  # why it failed, in a line
    output: str = ""  # the last of what it wrote, masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The message in Slack that held the patch: its thread is where the agent reads on."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal as it is now. Times are epoch seconds."""

    id: str  # "p17"
    status: Status
    submitter: Submitter
    carrier: str | None = None  # the name of who brought it, where that is another
    title: str | None = None  # the agent's own name for it
    root: str | None = None  # its name in ghost.toml
    format: str | None = None
    key: str | None = None  # idempotency key, unique for its submitter
    sha256: str  # of the text as it came in
    code: str | None = None  # of `core.patch.CODES`, where it was refused
    reason: str | None = None
    where: Place | None = None
    digest: str | None = None  # "sha256:…"
    risk: tuple[str, ...] = ()
    needs: int = 1  # how many must say yes
    approvals: tuple[Approval, ...] = ()
    denial: Approval | None = None
    files: tuple[FileLine, ...] = ()
    skipped: tuple[str, ...] = ()  # what it asked for and is not done
    checks: tuple[CheckLine, ...] = ()
    left: tuple[str, ...] = ()  # "path: why it is not as it was", where it needs attention
    origin: Origin | None = None
    reverts: str | None = None  # the id of what it takes back
    reverted_by: str | None = None  # the id of what took it back
    follows: str | None = None  # the id of the superseded one that it is a new plan of
    followed_by: str | None = None
    journal: str | None = None  # the name of its journal, where that is not its id
    created_at: float
    updated_at: float
    expires_at: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED
