"""Ghost's Slack side with patches, on a pipeline that has no files."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ghostbot.config.model import PatchesTable
from ghostbot.core.proposal import Approval, FileLine, Proposal, Status
from ghostbot.errors import Failed, NoSuch, NotAllowed
from ghostbot.orders import Actor
from ghostbot.patches.offer import Decider, KeyTaken, Moved, Offer
from ghostbot.slack.agents import Agents
from ghostbot.slack.files import Files
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.listening import Listening
from ghostbot.slack.outbox import Outbox
from ghostbot.slack.patches import Cards
from ghostbot.slack.people import People
from handlers.parts import Patching
from tests.fakes.ghost import FakeGhost
from tests.fakes.proposals import DIFF
from tests.fakes.slack_side import Side, slack_side

AGENTS = ("B0ROBOT",)


@dataclass
class FakePipeline:
    """Takes every text that begins like a patch, and moves it as it is told to."""

    roots: tuple[str, ...] = ("app",)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    text: str = DIFF
    approvers: set[str] = field(default_factory=lambda: {"U0ALICE", "U0BOB"})
    changes: dict[str, Any] = field(default_factory=dict)  # of every proposal that is made
    cards: Cards | None = None

    def move(self, name: str, **changes: Any) -> Proposal:
        """Have a proposal change, and everybody hear of it."""
        p = replace(self.proposals[name], updated_at=time.time(), **changes)
        self.proposals[name] = p
        assert self.cards is not None
        self.cards.told(p, self.text)
        return p

    async def submit(self, offer: Offer) -> tuple[Proposal, bool]:
        for p in self.proposals.values():
            if p.key == offer.key and p.submitter.id == offer.submitter.id:
                if p.sha256 != hashlib.sha256(offer.text).hexdigest():
                    raise KeyTaken("the key was used for another text")
                return p, False
        root = offer.root or (self.roots[0] if len(self.roots) == 1 else None)
        if root is None:
            raise Failed("cannot tell the root")
        name = f"p{len(self.proposals) + 1}"
        good = b"Patch" in offer.text or b"diff" in offer.text
        code = "no_match"
        way = {} if good else {"status": Status.FAILED, "code": code, "reason": "no such lines"}
        p = Proposal(
            **{
                "id": name,
                "status": Status.AWAITING,
                "submitter": offer.submitter,
                "carrier": offer.carrier,
                "title": offer.title,
                "root": root,
                "key": offer.key,
                "sha256": hashlib.sha256(offer.text).hexdigest(),
                "digest": f"sha256:{hashlib.sha256(offer.text + name.encode()).hexdigest()}",
                "origin": offer.origin,
                "files": (FileLine(path="a.py", op="update", tier="exact", added=1, removed=1),),
                "created_at": time.time(),
                "updated_at": time.time(),
                "expires_at": time.time() + 86_400,
                **way,
                **self.changes,
            }
        )
        self.proposals[name], self.offers[name] = p, offer
        self.move(name)
        return self.proposals[name], True

    async def get(self, id: str) -> Proposal:  # noqa: A002 - the word of the API
        if id not in self.proposals:
            raise NoSuch(f"cannot find {id}: there is no such patch", "patch")
        return self.proposals[id]

    async def find(
        self,
        *,
        root: str | None = None,
        status: Status | None = None,
        submitter: str | None = None,
        limit: int = 50,
    ) -> list[Proposal]:
        found = [
            p
            for p in self.proposals.values()
            if root in {None, p.root}
            and status in {None, p.status}
            and submitter in {None, p.submitter.id}
        ]
        return found[::-1][:limit]

    async def diff(self, id: str) -> str:  # noqa: A002 - the word of the API
        return self.text

    async def approve(self, id: str, by: Decider, digest: str, tail: str | None = None) -> Proposal:  # noqa: A002 - the word of the API
        p = await self._seen(id, digest)
        if not by.is_approver:
            raise NotAllowed("only approvers may")
        if by.id in {one.by for one in p.approvals}:
            raise NotAllowed("you said yes already")
        sole = self.approvers == {by.id}
        if sole and p.needs > 1 and tail is None:
            failed = Failed("type the end of the digest")
            failed.code = "needs_tail"
            raise failed
        said = Approval(
            by=by.id, name=by.name, way=by.way, at=time.time(), digest=digest, is_sole=sole
        )
        approvals = (*p.approvals, said)
        done = sole or len(approvals) >= p.needs
        status = Status.APPROVED if done else p.status
        return self.move(id, approvals=approvals, status=status)

    async def reject(self, id: str, by: Decider, digest: str, why: str | None = None) -> Proposal:  # noqa: A002 - the word of the API
        await self._seen(id, digest)
        said = Approval(by=by.id, name=by.name, way=by.way, at=time.time(), digest=digest)
        return self.move(id, status=Status.REJECTED, denial=said, reason=why)

    async def revert(self, id: str, by: Decider) -> Proposal:  # noqa: A002 - the word of the API
        p = await self.get(id)
        if p.status is not Status.APPLIED:
            raise Failed(f"cannot take back {id}: it is not applied")
        name = f"p{len(self.proposals) + 1}"
        made = replace(p, id=name, reverts=id, title=None, approvals=(), origin=None)
        self.proposals[name] = made
        self.move(id, reverted_by=name)
        return self.move(name, status=Status.APPLIED)

    async def _seen(self, id: str, digest: str) -> Proposal:  # noqa: A002 - the word of the API
        p = await self.get(id)
        if p.is_over or p.digest != digest:
            raise Moved(f"nothing was done: {id} has moved on")
        return p


@dataclass
class PatchSide:
    """The parts, for tests to hold."""

    side: Side
    pipeline: FakePipeline
    cards: Cards

    @property
    def slack(self) -> Any:
        return self.side.slack

    async def card(self, name: str = "p1", holds: str = "", channel: str = "#patches") -> Any:
        """Wait for the message of a proposal, and until it holds some words."""

        def found(seen: list[dict[str, Any]]) -> dict[str, Any] | None:
            cards = [m for m in seen if f"patch {name} " in str(m["attachments"])]
            return next((m for m in cards if holds in str(m)), None)

        return await self.slack.until(found, channel=channel)

    async def private(self, holds: str, by: str = "alice", channel: str = "") -> Any:
        """Wait for what one person alone is told, wherever it is."""

        def found(seen: list[dict[str, Any]]) -> Any:
            everything = [*seen, *self._threads(seen, by, channel)]
            return next((m for m in everything if m["ephemeral"] and holds in str(m)), None)

        return await self.slack.until(found, seen_by=by, channel=channel)

    def _threads(self, seen: list[dict[str, Any]], by: str, channel: str) -> list[Any]:
        return [
            reply
            for message in seen
            for reply in self.slack.messages(seen_by=by, channel=channel, thread_ts=message["ts"])
        ]

    async def thread(self, ts: str, holds: str, channel: str = "#patches") -> Any:
        """Wait for a reply, and return it."""
        return await self.slack.until(
            lambda seen: next((m for m in seen if m["ts"] != ts and holds in str(m)), None),
            channel=channel,
            thread_ts=ts,
        )


class Everybody(People):
    """Members may say yes and no, too."""

    async def admit(self, actor: Actor, verb: str, *, need: Any = None) -> Actor:
        from ghostbot.core.rights import Role  # noqa: PLC0415

        admitted = await super().admit(actor, verb, need=Role.OPERATOR)
        return replace(admitted, role=Role.APPROVER)


@asynccontextmanager
async def patch_side(
    pipeline: FakePipeline | None = None, *, listed: tuple[str, ...] = AGENTS
) -> AsyncIterator[PatchSide]:
    """A playground with Ghost, and patches in #patches."""
    pipe = pipeline or FakePipeline()
    made: list[Cards] = []
    made_listening: list[Listening] = []

    async def approvers() -> frozenset[str]:
        return frozenset(pipe.approvers)

    def patching(gateway: Gateway, outbox: Outbox, people: People) -> Patching:
        files = Files(gateway.writes, gateway.session)
        cards = Cards(
            outbox=outbox,
            files=files,
            channel="#patches",
            critical=None,
            approvers=approvers,
            mention=lambda: "<!subteam^S0ONCALL>",
        )
        pipe.cards = cards
        made.append(cards)
        people.__class__ = Everybody
        table = PatchesTable(channel="#patches", from_=listed)
        agents = Agents(table, gateway.client, people.find, lambda: gateway.bot_user_id)
        looking = Listening(agents, gateway.client, outbox, gateway.ready, every_s=0.2)
        made_listening.append(looking)
        return Patching(pipe, cards, files, agents, lambda: pipe.roots, looking)

    async def draw() -> None:
        await made[0].run()

    async def look() -> None:
        await made_listening[0].run()

    async with slack_side(FakeGhost.of("web"), "#ghost-alerts", patching, draw, look) as side:
        yield PatchSide(side, pipe, made[0])
