"""What `ghost patch apply` did in a root of this house, told to those who would not see it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ghostbot import errors
from ghostbot.core.patch import Op
from ghostbot.core.proposal import FileLine, Proposal, Status
from ghostbot.orders import Actor
from ghostbot.patches.elsewhere import Elsewhere
from ghostbot.patches.telling import proposal_json
from ghostbot.permit import Permit
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")  # as journals take it
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
FILES_MOST = 50
WORDS_MOST = 50
WORD_MOST = 1000
ENDS = (Status.APPLIED, Status.ATTENTION)  # what leaves the tree another than it was
TEXTS = ("id", "status", "root", "plan_digest", "format", "reason")
LISTS = ("risk", "left")
KEYS = (*TEXTS, *LISTS, "files", "unattended", "verified")


class ToldElsewhere:
    """`POST /api/patches/elsewhere`."""

    def __init__(self, permit: Permit, keep: Callable[[Elsewhere], Awaitable[Proposal]]) -> None:
        """Take who permits, and who keeps and tells it."""
        self._permit = permit
        self._keep = keep

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.post("/api/patches/elsewhere", self.told)]

    async def told(self, request: web.Request) -> web.Response:
        """Take what became of a patch: a proposal from now on, which is over."""
        asked.query(request)
        actor = request[ACTOR]
        self._permit.check(actor, "patch approve")  # it was carried out, so it needed a yes
        done = _read(await asked.body(request, *KEYS), actor)
        return answers.answer(proposal_json(await self._keep(done)))


def _read(body: dict[str, Any], actor: Actor) -> Elsewhere:
    said: dict[str, Any] = {key: body.get(key) for key in TEXTS}
    lists: dict[str, Any] = {key: body.get(key, []) for key in LISTS}
    for key, text in said.items():
        if not isinstance(text, str | None):
            raise _wrong(key, "a text")
    for key, words in lists.items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise _wrong(key, "a list of texts")
    if not ID.fullmatch(said["id"] or ""):
        raise _wrong("id", "the id of a patch")
    if said["status"] not in [one.value for one in ENDS]:
        raise _wrong("status", f"{' or '.join(ENDS)}: nothing else changes a tree")
    if not DIGEST.fullmatch(said["plan_digest"] or ""):
        raise _wrong("plan_digest", "that of the plan")
    return Elsewhere(
        id=said["id"] or "",
        status=Status(said["status"]),
        root=asked.cut(said["root"] or ""),
        by=actor.id,
        name=actor.name,
        digest=said["plan_digest"] or "",
        format=None if said["format"] is None else asked.cut(said["format"]),
        files=_files(body.get("files", [])),
        risk=tuple(asked.cut(word) for word in lists["risk"][:WORDS_MOST]),
        left=tuple(line[:WORD_MOST] for line in lists["left"][:WORDS_MOST]),
        reason=said["reason"] and said["reason"][:WORD_MOST],
        is_unattended=body.get("unattended") is True,
        is_verified=body.get("verified") is not False,
    )


def _files(told: Any) -> tuple[FileLine, ...]:
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise _wrong("files", "a list of what became of each")
    return tuple(_file(one) for one in told[:FILES_MOST])


def _file(told: dict[str, Any]) -> FileLine:
    path, op, tier = (str(told.get(key)) for key in ("path", "op", "tier"))
    added, removed = told.get("added"), told.get("removed")
    if op not in list(Op) or type(added) is not int or type(removed) is not int:
        raise _wrong("files", "what became of each: path, op, tier, added, removed")
    path, tier = path[:WORD_MOST], asked.cut(tier)
    return FileLine(path=path, op=op, tier=tier, added=added, removed=removed)


def _wrong(key: str, what: str) -> errors.BadRequest:
    return errors.BadRequest(f"cannot read the body: `{key}` is {what}")
