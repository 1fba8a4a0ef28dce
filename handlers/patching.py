"""What all that is done about patches in Slack works with, and who says yes or no."""

from __future__ import annotations

from ghostbot.core.proposal import Proposal, Status, Submitter, Way
from ghostbot.core.rights import Role
from ghostbot.errors import BadRequest, Failed
from ghostbot.orders import Actor
from ghostbot.patches.compile import PATCH_BYTES
from ghostbot.patches.offer import Decider
from ghostbot.slack.blocks.text import cut
from ghostbot.slack.reading import Said, joined
from handlers.means import Means
from handlers.parts import Patching

PENDING = 20  # of one agent or person, that may wait at a time
DIGITS = 12  # more are no number of a patch


def patching(means: Means) -> Patching:
    """Return the parts. Raises Failed where there is no root to patch."""
    if means.patching is None or not means.patching.roots():
        raise Failed(
            "cannot take patches: ghost.toml names no tree for them; write `[root.NAME]` with its"
            " `path`"
        )
    return means.patching


def named(word: str) -> str:
    """Return the id that somebody typed, "p17" or "17". Raises BadRequest."""
    number = word.lower().removeprefix("p")
    if not (number.isascii() and number.isdigit() and len(number) < DIGITS):
        raise BadRequest(f"cannot find the patch “{cut(word, 50)}”: name it as in `p17`")
    return f"p{int(number)}"


async def decider(means: Means, actor: Actor, verb: str) -> Decider:
    """Return who says yes or no, if they may. Raises NotAllowed.

    A no is also for who made the patch; the pipeline knows who that is.
    """
    need = Role.OPERATOR if verb == "reject" else None
    admitted = await means.people.admit(actor, f"patch {verb}", need=need)
    return Decider(
        id=actor.id,
        name=actor.name,
        way=Way.SLACK,
        is_approver=admitted.role >= Role.APPROVER,
    )


async def text_of(said: Said, parts: Patching) -> bytes:
    """Return the patch of a message: its files where it has any, else its words. Raises Failed."""
    if not said.files:
        return said.text.encode("utf-8", "surrogatepass")
    read = [await parts.files.read(file, PATCH_BYTES) for file in said.files]
    return read[0] if len(read) == 1 else joined(read)


def refused(p: Proposal) -> str | None:
    """Return why a proposal came to nothing at once; None: it did not."""
    if p.status in {Status.FAILED, Status.REJECTED} and not p.approvals and p.denial is None:
        at = ""
        if p.where is not None and p.where.line is not None:
            at = f" ({p.where.path + ':' if p.where.path else 'line '}{p.where.line})"
        return f"{p.reason or p.code or p.status}{at}"
    return None


def person(actor: Actor) -> Submitter:
    """Return a person who wrote a patch by hand."""
    return Submitter(id=actor.id, name=actor.name, way=Way.SLACK)
