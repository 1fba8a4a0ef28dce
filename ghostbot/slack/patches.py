"""Proposals in Slack: the card of each, its thread, and what its maker is told in the other one.

Rule 1: whatever moves a proposal, its one message is drawn anew; the last drawing is the truth.
Rule 2: a diff that does not fit into the card goes into its thread as a file. Until Slack has taken
        it, nothing can be approved; it is tried until it has, and over Ghost's restarts.
Rule 3: what came to nothing before anybody was asked has no card: who sent it is told, nobody else.
Rule 4: a proposal that needs attention is a page.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from slack_sdk.errors import SlackApiError

from ghostbot.core.proposal import Proposal, Status, Way
from ghostbot.errors import GhostError
from ghostbot.patches.telling import proposal_json
from ghostbot.slack.blocks import patch as cards
from ghostbot.slack.blocks import patch_answer as answers
from ghostbot.slack.blocks import patch_steps as steps
from ghostbot.slack.blocks.patch import Shown
from ghostbot.slack.files import Files
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.refusals import NETWORK, code_of

WAITING_MAX = 1_000
KEPT_MAX = 500  # proposals whose newest form is remembered
ELIGIBLE_S = 1.5  # a card does not wait longer to learn who may approve
FIRST_S, LAST_S = 1.0, 60.0  # between tries of an upload
SAID_S = 30.0  # a file waits so long for the message that it belongs under, then others go first
ROLES_S = 30.0  # how soon a card that waits knows of others who may approve
FAST = frozenset({Status.RECEIVED, Status.VALIDATED})  # told with what follows at once
TOLD = frozenset({Status.AWAITING})  # to who made it, beside every end

log = logging.getLogger("ghost.slack.patches")


@dataclass(frozen=True, slots=True)
class Known:
    """A proposal as it was told last."""

    proposal: Proposal
    diff: str
    trouble: str | None = None  # why its diff is not in the thread yet
    eligible: frozenset[str] | None = None  # as the card says it


class Cards:
    """What hangs on the pipeline, where Slack is on."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        files: Files,
        channel: str | None,
        critical: str | None,
        approvers: Callable[[], Awaitable[frozenset[str]]],
        mention: Callable[[], str] = str,
    ) -> None:
        """Take the parts. `channel` has the cards, `critical` the pages where it is another."""
        self._outbox = outbox
        self._files = files
        self._channel = channel
        self._critical = critical
        self._approvers = approvers
        self._mention = mention
        self._queue: deque[tuple[Proposal, str]] = deque(maxlen=WAITING_MAX)
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._to_upload: OrderedDict[str, None] = OrderedDict()
        self._came = asyncio.Event()
        self._upload_due = asyncio.Event()

    def told(self, proposal: Proposal, diff: str) -> None:
        """Hear how a proposal is now. Never waits."""
        self._queue.append((proposal, diff))
        self._came.set()

    async def readable(self, proposal: Proposal, diff: str) -> bool:
        """Tell whether everybody could read the whole diff: in the card, or in its thread."""
        return cards.fits(diff) or await self._is_up(proposal)

    async def heard(self, channel: str, ts: str) -> str:
        """Note where a message stands, so that answers can be said under it; return its key."""
        key = post_key(channel, ts)
        await self._outbox.note(key, (channel, ts))
        return key

    async def answer_refused(
        self, channel: str, thread_ts: str, key: str, error: GhostError
    ) -> None:
        """Tell who posted that it could not be taken."""
        under = await self.heard(channel, thread_ts)
        self._outbox.reply(key, under, channel, answers.refused(str(error), error.code))

    async def edited(self, proposal: Proposal) -> None:
        """Tell who edited a post that it is not read again."""
        if proposal.origin is not None:
            under = await self.heard(proposal.origin.channel, proposal.origin.ts)
            key = f"{card_key(proposal.id)}:edited"
            self._outbox.reply(key, under, proposal.origin.channel, answers.unchanged(proposal))

    def deleted(self, proposal: Proposal) -> None:
        """Say in the card's thread that the post is gone."""
        if self._channel is not None:
            key = card_key(proposal.id)
            self._outbox.reply(f"{key}:gone", key, self._channel, answers.deleted(proposal))

    async def run(self) -> None:
        """Say what is to be said, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._draw_all(), name="patch cards")
            tasks.create_task(self._upload_all(), name="patch uploads")
            tasks.create_task(self._follow_roles(), name="patch approvers")

    async def _draw_all(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            while self._queue:
                proposal, diff = self._queue.popleft()
                if proposal.status not in FAST:
                    await self._say(proposal, diff)

    async def _say(self, p: Proposal, diff: str) -> None:
        self._keep(Known(p, diff))
        if self._channel is not None and _has_card(p):
            await self._draw(p.id)
            self._step(p)
            if p.status is Status.AWAITING and not await self.readable(p, diff):
                self._to_upload[p.id] = None
                self._upload_due.set()
        await self._answer(p)

    def _keep(self, known: Known) -> None:
        self._known[known.proposal.id] = known
        self._known.move_to_end(known.proposal.id)
        if len(self._known) > KEPT_MAX:
            self._known.popitem(last=False)

    async def _draw(self, name: str) -> None:
        known = self._known[name]
        p = known.proposal
        asked = p.status is Status.AWAITING
        eligible = await self._eligible(p) if asked else None
        self._known[name] = known = replace(self._known[name], eligible=eligible)
        uploaded = asked and await self._is_up(p)
        shown = Shown(eligible=eligible, uploaded=uploaded, trouble=known.trouble)
        assert self._channel is not None, "without a channel there are no cards"
        self._outbox.put(card_key(name), self._channel, cards.card(p, known.diff, shown))

    async def _eligible(self, p: Proposal) -> frozenset[str] | None:
        """Return who can still say yes, where that is known soon."""
        try:
            async with asyncio.timeout(ELIGIBLE_S):
                everybody = await self._approvers()
        except (GhostError, SlackApiError, *NETWORK):
            return None
        said = {one.by for one in p.approvals}
        others = everybody - said - {p.submitter.id}
        # Where nobody else is there, the rule that nobody could satisfy is gone around.
        return others or (everybody - said)

    async def _follow_roles(self) -> None:
        """Draw anew what waits for a yes, where others may say it than the card says."""
        while True:
            await asyncio.sleep(ROLES_S)
            for name, known in list(self._known.items()):
                p = known.proposal
                if p.status is Status.AWAITING and self._channel is not None:
                    now = await self._eligible(p)
                    if now not in {None, known.eligible} and self._known.get(name) is known:
                        await self._draw(name)

    async def _is_up(self, p: Proposal) -> bool:
        return await self._outbox.place(diff_key(p)) is not None

    def _step(self, p: Proposal) -> None:
        """Say in the thread what happened; who must see to it is paged."""
        said = steps.step(p)
        if said is None:
            return
        key = card_key(p.id)
        of_step = f"{key}:step:{p.status}:{p.updated_at:.3f}"
        assert self._channel is not None, "without a channel there are no threads"
        if p.status is not Status.ATTENTION:
            self._outbox.reply(of_step, key, self._channel, said)
            return
        page = steps.page(p, self._mention())
        if self._critical not in {None, self._channel}:
            self._outbox.put(f"{key}:page", self._critical or "", page)
        else:
            self._outbox.reply(of_step, key, self._channel, page, broadcast=True)

    async def _answer(self, p: Proposal) -> None:
        """Tell who made it, in the thread of the message that held it."""
        if p.origin is None or not (p.is_over or p.status in TOLD):
            return
        under = await self.heard(p.origin.channel, p.origin.ts)
        key = f"{card_key(p.id)}:told:{p.status}:{p.updated_at:.3f}"
        said = answers.answer(p, proposal_json(p))
        self._outbox.reply(key, under, p.origin.channel, said)

    async def _upload_all(self) -> None:
        pause_s = FIRST_S
        while True:
            if not self._to_upload:
                self._upload_due.clear()
                await self._upload_due.wait()
            name = next(iter(self._to_upload))
            known = self._known.get(name)
            if known is None or known.proposal.status is not Status.AWAITING:
                self._to_upload.pop(name)
                continue
            trouble = await self._upload(known)
            if trouble is None:
                pause_s = FIRST_S
                self._to_upload.pop(name, None)
            else:
                log.warning("cannot upload a diff patch=%s why=%s", name, trouble)
                self._to_upload.move_to_end(name)
            await self._uploaded(known, trouble)
            if trouble is not None:
                await asyncio.sleep(pause_s)
                pause_s = min(LAST_S, pause_s * 2)

    async def _upload(self, known: Known) -> str | None:
        """Put a diff into the thread of its card; return why that was not possible."""
        p = known.proposal
        if await self._is_up(p):
            return None
        try:
            async with asyncio.timeout(SAID_S):
                await self._outbox.said(card_key(p.id), 0.0)
        except TimeoutError:
            return "its message is not in Slack yet"
        place = await self._outbox.place(card_key(p.id))
        if place is None:
            return "its message is gone"
        title = f"The whole diff of {p.id}, digest …{cards.tail(p)}"
        try:
            await self._files.put(
                f"{p.id}.diff", known.diff, title, channel=place[0], thread_ts=place[1]
            )
        except SlackApiError as error:
            return f"Slack answers {code_of(error)}"
        except NETWORK as error:
            return str(error) or type(error).__name__
        await self._outbox.note(diff_key(p), place)
        return None

    async def _uploaded(self, known: Known, trouble: str | None) -> None:
        """Draw the card anew, if its proposal still is the one that was uploaded."""
        now = self._known.get(known.proposal.id)
        if now is None or now.proposal.digest != known.proposal.digest:
            return
        self._known[known.proposal.id] = replace(now, trouble=trouble)
        if now.proposal.status is Status.AWAITING:
            await self._draw(known.proposal.id)


def _has_card(p: Proposal) -> bool:
    """Tell whether the channel is told of it."""
    if p.status is Status.REJECTED:
        return p.denial is not None or p.submitter.is_agent  # what agents try, people want to know
    over_at_once = p.status in {Status.FAILED, Status.NOOP} and not p.approvals
    # What a revert comes to is told where its button was pressed, and to everybody.
    return not over_at_once or p.submitter.way is Way.GHOST


def card_key(name: str) -> str:
    """Return the key under which a proposal's message is kept."""
    return f"patch:{name}"


def diff_key(p: Proposal) -> str:
    """Return the key under which it is kept that a plan's diff is in the thread."""
    return f"patch:{p.id}:diff:{(p.digest or '')[-16:]}"


def post_key(channel: str, ts: str) -> str:
    """Return the key under which a message of somebody else's is kept."""
    return f"post:{channel}:{ts}"
