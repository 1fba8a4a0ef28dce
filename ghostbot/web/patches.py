"""Patches over HTTP: what was proposed, proposing, and the yes or no of a person at this machine.

Rule 1: the body of a proposal is the patch itself; what is said of it stands in the query.
Rule 2: a status tells the truth: 202 is under way, 200 is so, 409 did not come true, 422 is no
        patch that can be applied.
"""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

from ghostbot import errors, shapes
from ghostbot.core.proposal import Proposal, Status, Submitter
from ghostbot.core.rights import Role
from ghostbot.core.words import did_you_mean
from ghostbot.patches.offer import Decider, Offer
from ghostbot.patches.telling import proposal_json
from ghostbot.permit import Permit
from ghostbot.web import answers, asked, sent
from ghostbot.web.admission import ACTOR, way_of
from ghostbot.web.proposing import LISTED, Pipeline, key_of, taken, wait_of

LISTED_MOST = 500
ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
WELL = frozenset({Status.APPLIED, Status.NOOP})


class Patches:
    """`/api/patches…`, and `/patch…`, as the system before Ghost had it."""

    def __init__(self, pipeline: Pipeline, permit: Permit | None = None) -> None:
        """Take whom to ask, and what notes who asked."""
        self._pipeline = pipeline
        self._permit = permit or Permit()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            route
            for at in ("/api/patches", "/patch")
            for route in (
                web.get(at, self.every),
                web.post(at, self.propose),
                web.post(f"{at}/roots/{{name}}/clear", self.clear),
                web.get(f"{at}/{{id}}", self.one),
                web.post(f"{at}/{{id}}/approve", self.approve),
                web.post(f"{at}/{{id}}/reject", self.reject),
                web.post(f"{at}/{{id}}/revert", self.revert),
            )
        ]

    async def every(self, request: web.Request) -> web.Response:
        """Give what was proposed, the newest first."""
        given = asked.query(request, "root", "status", "submitter", "limit")
        found = await self._pipeline.find(
            root=given.get("root"),
            status=_status(given.get("status")),
            submitter=given.get("submitter"),
            limit=asked.number(given, "limit", LISTED, most=LISTED_MOST),
        )
        return answers.answer({"patches": [proposal_json(p) for p in found]})

    async def one(self, request: web.Request) -> web.Response:
        """Give one, as it is or, with `wait`, once it is over."""
        given = asked.query(request, "diff", "wait")
        name, wait_s = _id(request), wait_of(given)
        p = await (self._pipeline.wait(name, wait_s) if wait_s else self._pipeline.get(name))
        more = {"diff": await self._pipeline.diff(name)} if asked.truth(given, "diff") else {}
        return await asyncio.to_thread(answers.answer, proposal_json(p) | more)

    async def propose(self, request: web.Request) -> web.Response:
        """Take a patch: 202 where it is new, 200 where it is known or nothing is to do, 422."""
        given = asked.query(request, "root", "format", "title", "dry_run")
        actor = request[ACTOR]
        text, dry_run = await sent.body(request), asked.truth(given, "dry_run")
        if not dry_run:
            self._permit(actor, "patch submit")
        offer = Offer(
            text=text,
            submitter=Submitter(id=actor.id, name=actor.name, way=way_of(request)),
            root=given.get("root"),
            format=given.get("format"),
            title=given.get("title"),
            key=key_of(request),
        )
        return await taken(self._pipeline, offer, dry_run=dry_run)

    async def approve(self, request: web.Request) -> web.Response:
        """Say yes to the plan that was looked at; what comes of it goes on."""
        wait_s = wait_of(asked.query(request, "wait"))
        said = await _texts(request, "digest", "tail")
        if said["digest"] is None:
            raise errors.BadRequest("cannot approve: send `digest`, the plan_digest you looked at")
        name = self._asked(request, "patch approve")
        p = await self._pipeline.approve(name, _decider(request), said["digest"], said["tail"])
        return await self._going(p, wait_s)

    async def reject(self, request: web.Request) -> web.Response:
        """Say no; that is final."""
        asked.query(request)
        said = await _texts(request, "digest", "why")
        name = self._asked(request, "patch reject")
        digest = said["digest"] or (await self._pipeline.get(name)).digest or ""
        p = await self._pipeline.reject(name, _decider(request), digest, said["why"])
        return answers.answer(proposal_json(p))

    async def revert(self, request: web.Request) -> web.Response:
        """Take back what was applied: a proposal of its own, with the asker's yes."""
        wait_s = wait_of(asked.query(request, "wait"))
        await asked.body(request)
        name = self._asked(request, "patch revert")
        p = await self._pipeline.revert(name, _decider(request))
        return await self._going(p, wait_s)

    async def clear(self, request: web.Request) -> web.Response:
        """Note that a person has mended a root that needed one."""
        asked.query(request)
        await asked.body(request)
        name = request.match_info["name"]
        self._permit(request[ACTOR], "patch approve", (name,))
        said = await self._pipeline.clear(name, _decider(request))
        return answers.answer({"root": name, "said": said})

    def _asked(self, request: web.Request, verb: str) -> str:
        """Return the id that somebody asks something for. Raises NoSuch, and NotAllowed."""
        name = _id(request)
        self._permit(request[ACTOR], verb, (name,))
        return name

    async def _going(self, p: Proposal, wait_s: float) -> web.Response:
        """Answer for what was just decided, and goes on."""
        if wait_s and not p.is_over and p.status is not Status.AWAITING:
            p = await self._pipeline.wait(p.id, wait_s)
        body = proposal_json(p)
        if p.status in WELL or p.status is Status.AWAITING:
            return answers.answer(body)
        if not p.is_over:
            return answers.answer(body, status=202)
        said = f"cannot apply {p.id}: {p.reason or p.status.value}"
        return answers.answer(body | shapes.error(p.code or p.status.value, said), status=409)


async def _texts(request: web.Request, *keys: str) -> dict[str, str | None]:
    """Return the body's keys, each a text or not there. Raises BadRequest."""
    found = await asked.body(request, *keys)
    for key, value in found.items():
        if value is not None and not isinstance(value, str):
            shown = asked.shown(value)
            raise errors.BadRequest(f"cannot read the body: {key} is {shown}; it takes a text")
    return {key: found.get(key) for key in keys}


def _status(word: str | None) -> Status | None:
    if word is None:
        return None
    if word not in list(Status):
        near = did_you_mean(asked.cut(word), Status) or f"; it takes {', '.join(Status)}"
        raise errors.BadRequest(f"cannot read the query: status is {asked.cut(word)!r}{near}")
    return Status(word)


def _id(request: web.Request) -> str:
    """Return the id in the path. Raises NoSuch for what can be none."""
    word = request.match_info["id"]
    if not ID.fullmatch(word):
        raise errors.NoSuch(f"cannot find patch {asked.cut(word)}: no such patch", "patch")
    return word


def _decider(request: web.Request) -> Decider:
    """Return who asks."""
    actor = request[ACTOR]
    may = actor.role >= Role.APPROVER
    return Decider(id=actor.id, name=actor.name, way=way_of(request), is_approver=may)
