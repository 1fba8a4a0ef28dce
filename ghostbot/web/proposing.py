"""Offering a patch over HTTP, whoever sends it, and answering with what became of it.

Rule 1: 202 is new and under way, 200 is known already or nothing to do, 422 is no patch that can
        be applied, with the reason and its place, also when the same is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from aiohttp import web

from ghostbot import errors, shapes
from ghostbot.core.patch import Refused
from ghostbot.core.proposal import Proposal, Status
from ghostbot.patches.offer import Decider, Offer
from ghostbot.patches.telling import proposal_json
from ghostbot.web import answers, asked

LISTED = 50
KEY_MAX = 200  # of an idempotency key; longer is no name
WAIT_MOST_S = 60.0
REFUSED = frozenset({Status.FAILED, Status.REJECTED})


class Pipeline(Protocol):
    """The one way of a patch, as far as it is asked for over HTTP."""

    async def submit(self, offer: Offer) -> tuple[Proposal, bool]:
        """Take an offer; True where it is new."""

    async def preview(self, offer: Offer) -> tuple[Proposal, str]:
        """Plan an offer, keep nothing, and return its diff too."""

    async def get(self, id: str) -> Proposal:  # noqa: A002 - the word of the API
        """Return one. Raises NoSuch."""

    async def find(
        self,
        *,
        root: str | None = None,
        status: Status | None = None,
        submitter: str | None = None,
        limit: int = LISTED,
    ) -> list[Proposal]:
        """Return those, the newest first."""

    async def diff(self, id: str) -> str:  # noqa: A002
        """Return what it changes."""

    async def approve(self, id: str, by: Decider, digest: str, tail: str | None = None) -> Proposal:  # noqa: A002
        """Store a yes."""

    async def reject(self, id: str, by: Decider, digest: str, why: str | None = None) -> Proposal:  # noqa: A002
        """Store the no."""

    async def revert(self, id: str, by: Decider) -> Proposal:  # noqa: A002
        """Propose the opposite."""

    async def clear(self, root: str, by: Decider) -> str:
        """Note that a root is mended."""

    async def wait(self, id: str, timeout_s: float) -> Proposal:  # noqa: A002
        """Wait until it is over."""


async def taken(pipeline: Pipeline, offer: Offer, *, dry_run: bool = False) -> web.Response:
    """Offer a patch, or only plan it, and answer. Raises what the pipeline says no with."""
    try:
        if dry_run:
            p, diff = await pipeline.preview(offer)
            # Megabytes are looked through for secrets: nothing else should wait for that.
            return await asyncio.to_thread(_answer, p, {"diff": diff})
        p, is_new = await pipeline.submit(offer)
    except Refused as why:
        told = {"id": None, "status": Status.FAILED.value, "where": asdict(why.place)}
        return answers.answer(told | shapes.error(why.code, why.words), status=422)
    return _answer(p, {}, status=202 if is_new and not p.is_over else 200)


def _answer(p: Proposal, more: Mapping[str, Any], status: int = 200) -> web.Response:
    """Answer with a proposal; one that was refused at the door is 422, however often it comes."""
    body = {**proposal_json(p), **more}
    if p.status not in REFUSED or p.approvals or p.denial is not None:
        return answers.answer(body, status=status)
    said = shapes.error(p.code or p.status.value, p.reason or f"it is {p.status.value}")
    return answers.answer(body | said, status=422)


def key_of(request: web.Request, *others: str) -> str | None:
    """Return the idempotency key, or what the first of `others`, headers too, says.

    Raises BadRequest.
    """
    for name in ("Idempotency-Key", *others):
        given = request.headers.getall(name, ())
        if not given:
            continue
        word = given[0].strip()
        if len(given) > 1 or not word or len(word) > KEY_MAX or not word.isprintable():
            takes = f"one word of at most {KEY_MAX} letters"
            raise errors.BadRequest(f"cannot read the header {name}: it takes {takes}")
        return word
    return None


def wait_of(given: Mapping[str, str]) -> float:
    """Return how many seconds the query asks to wait: 30, or true for a minute. Raises BadRequest.

    More than Ghost waits for is as much as it does.
    """
    word = given.get("wait", "0").lower()
    if word in asked.YES - {"1"} | asked.NO:
        return WAIT_MOST_S if word in asked.YES else 0.0
    if not (word.isascii() and word.isdigit() and len(word) <= 6):  # noqa: PLR2004 - 11 days
        raise errors.BadRequest(
            f"cannot read the query: wait is {asked.cut(word)!r}, not a number of seconds"
        )
    return min(float(word), WAIT_MOST_S)
