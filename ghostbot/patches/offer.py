"""What comes in at the pipeline's one door: a patch that is offered, and a yes or no to one."""

from __future__ import annotations

from dataclasses import dataclass

from ghostbot.core.proposal import Origin, Submitter, Way
from ghostbot.errors import GhostError


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A patch as it came in, whatever way. What is not said is None or empty."""

    text: bytes
    submitter: Submitter
    carrier: str | None = None  # the name of a person who brought what another made
    root: str | None = None  # by name; unsaid, the only one of `roots`, or of the house
    roots: tuple[str, ...] = ()  # those that this submitter may change; none is all
    format: str | None = None
    formats: tuple[str, ...] = ()  # those that this submitter may use; none is all
    paths: tuple[str, ...] = ()  # globs of all that this submitter may change; none is all
    shell_policy: str | None = None  # "reject" or "ignore"; None: as the root says
    key: str | None = None  # idempotency key
    title: str | None = None
    origin: Origin | None = None
    pending: int | None = None  # how many of this submitter's may wait at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """A person who says yes or no. Local persons all have an id `local:USER`."""

    id: str
    name: str
    way: Way
    is_approver: bool  # an approver or an admin


class KeyTaken(GhostError):
    """The idempotency key was used for another text."""

    code = "key_taken"


class TooManyPending(GhostError):
    """This submitter has as many waiting as it may."""

    code = "too_many_pending"


class Moved(GhostError):
    """The proposal is no longer what the person saw: it has ended, or it is another plan."""

    code = "moved"
