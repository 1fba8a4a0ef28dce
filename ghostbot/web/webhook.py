"""Webhooks: signed patches and summaries from programs, and what became of them.

Rule 1: nothing is believed before it is proved, on this machine either: through a tunnel the whole
        internet comes from loopback.
Rule 2: a source that is not there, one without a secret and a wrong signature are one answer.
Rule 3: the same delivery may come as often as it likes: it is one proposal.
Rule 4: nothing that proves anything is ever logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from ghostbot import errors, shapes
from ghostbot.config.model import Scheme, WebhookTable
from ghostbot.core.bucket import Bucket, Rate
from ghostbot.core.bucket import taken as taken_of
from ghostbot.core.proposal import Submitter, Way
from ghostbot.core.verdict import verdict
from ghostbot.patches.offer import Offer
from ghostbot.patches.telling import proposal_json
from ghostbot.record import Note, unnoted
from ghostbot.summaries import Summary as Summed
from ghostbot.web import answers, asked, sent
from ghostbot.web.gate import Gate
from ghostbot.web.proposing import Pipeline, key_of, taken, wait_of
from ghostbot.web.received import Received, received
from ghostbot.web.signatures import is_right, own_id, waste

NOT_PROVED = (
    "cannot take it: there is no such source, or its signature or token is wrong; "
    "where there are several sources, name one: /webhook/NAME"
)

STRANGERS = Rate(3, 60.0)  # noted of one source

log = logging.getLogger("ghost.webhook")

Keys = Callable[[WebhookTable], Sequence[bytes]]
Summary = Callable[[str | None, str], Awaitable[tuple[Summed, bool] | None]]


class Webhooks:
    """`/webhook…`, the same at every door."""

    def __init__(
        self,
        pipeline: Pipeline,
        sources: Callable[[], Mapping[str, WebhookTable]],
        keys: Keys,
        *,
        summary: Summary,
        note: Note = unnoted,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take whom to hand patches to, and who may send them.

        `keys` gives the secrets of a source as they are now; it may read files, and so runs in a
        thread. `note` keeps for people who was not let in.
        """
        self._note = note
        self._noted: dict[str, Bucket] = {}
        self._pipeline = pipeline
        self._sources = sources
        self._keys = keys
        self._summary = summary
        self._clock = clock
        self._gate = Gate(time.monotonic)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.post("/webhook", self.deliver),
            web.post("/webhook/{source}", self.deliver),
            web.get("/webhook/{source}/{id}", self.outcome),
        ]

    async def deliver(self, request: web.Request) -> web.Response:
        """Take a patch: see `proposing` for what is answered, and `NOT_PROVED`."""
        source, body = await self._proved(request, await self._body(request))
        if wait_s := self._gate.deliver(source):
            raise _too_often(wait_s)
        response = await self._take(request, source, body)
        log.info("delivery source=%s bytes=%d status=%d", source.name, len(body), response.status)
        return response

    async def outcome(self, request: web.Request) -> web.Response:
        """Tell what became of a patch of this source, at once or when it is over."""
        source, _ = await self._proved(request, await self._body(request))
        wait_s = wait_of(asked.query(request, "wait"))
        name = request.match_info["id"]
        p = await self._pipeline.get(name)
        if p.submitter.id != _submitter(source).id:
            raise errors.NoSuch(f"cannot find patch {asked.cut(name)}: no such patch", "patch")
        if wait_s and not p.is_over:
            p = await self._pipeline.wait(name, wait_s)
        return answers.answer(proposal_json(p))

    async def _body(self, request: web.Request) -> bytes:
        """Count the knock, and read what comes with it."""
        if wait_s := self._gate.knock(self._source(request), request.remote or ""):
            raise _too_often(wait_s)
        if request.method == "GET" and not request.can_read_body:
            return b""
        return await sent.body(request)

    def _source(self, request: web.Request) -> WebhookTable | None:
        """Return the source that is named, or the only one there is."""
        sources = self._sources()
        name = request.match_info.get("source")
        if name is None:
            return next(iter(sources.values())) if len(sources) == 1 else None
        return sources.get(name)

    async def _proved(self, request: web.Request, body: bytes) -> tuple[WebhookTable, bytes]:
        """Return who sent it. Raises NotProved."""
        source = self._source(request)
        keys = await asyncio.to_thread(self._keys, source) if source is not None else ()
        if source is None or not keys:
            waste(body)
        elif is_right(source.scheme, keys, request.headers, body, self._clock()):
            return source, body
        self._note_stranger("no source" if source is None else source.name, request.remote)
        raise answers.NotProved(NOT_PROVED)

    def _note_stranger(self, name: str, address: str | None) -> None:
        """Note that somebody was not let in; of many the first few, as they fill logs."""
        now = time.monotonic()
        self._noted[name], wait_s = taken_of(self._noted.get(name), STRANGERS, now)
        if not wait_s:
            log.warning("delivery not proved source=%s from=%s", name, address)
            what = f"a delivery to the webhook {name} was not proved"
            self._note("refusal", f"webhook:{name}", what, address=address)

    async def _take(self, request: web.Request, source: WebhookTable, body: bytes) -> web.Response:
        """Take what a source has proved to be its own."""
        if source.scheme is Scheme.GITHUB and request.headers.get("X-GitHub-Event") == "ping":
            return answers.answer({"said": f"pong: {source.name} may send patches"})
        given = asked.query(request, "root", "format", "title", "dry_run")
        told = received(body, request.content_type)
        if told.summary is not None:
            dry_run = asked.truth(given, "dry_run")
            return await self._sum_up(told, told.summary, dry_run=dry_run)
        if told.missing is not None:
            return _unread("unknown_format", f"cannot read the patch: {told.missing}")
        root = given.get("root", told.root)
        if source.roots and root is not None and root not in source.roots:
            raise errors.NoSuch(f"cannot patch {asked.cut(root)}: no such root", "root")
        offer = Offer(
            text=body,
            submitter=_submitter(source),
            root=root,
            roots=source.roots,
            format=given.get("format"),
            formats=source.formats,
            paths=source.paths,
            shell_policy=source.shell_policy,
            key=self._key(request, source, told, body),
            title=given.get("title", told.title),
            pending=source.pending,
        )
        return await taken(self._pipeline, offer, dry_run=asked.truth(given, "dry_run"))

    async def _sum_up(self, told: Received, text: str, *, dry_run: bool) -> web.Response:
        """Take a summary: 202 where it is new, 200 where it is known or only looked at."""
        kept = None if dry_run else await self._summary(told.id, text)
        if kept is None and not dry_run:
            words = "cannot take a summary: no [summaries] is set up here; `patch` is missing"
            return _unread("no_summaries", words)
        says = verdict(text) if kept is None else kept[0].verdict
        body = {
            "id": None if kept is None else kept[0].name,
            "status": "summary",
            "verdict": says.word,
            "disputed": says.is_disputed,
        }
        return answers.answer(body, status=202 if kept is not None and kept[1] else 200)

    def _key(self, request: web.Request, source: WebhookTable, told: Received, body: bytes) -> str:
        """Return what makes this delivery the same as another: without any word, its bytes.

        An id that is signed goes before a header that is not: whoever caught a delivery could
        else send it again under another key.
        """
        own, said = own_id(source.scheme, request.headers), key_of(request)
        words = (own, said) if source.scheme is Scheme.STANDARD else (said, own)
        key = words[0] or words[1] or told.id
        return key or f"sha256:{hashlib.sha256(body).hexdigest()}"


def _submitter(source: WebhookTable) -> Submitter:
    name = f"webhook:{source.name}"
    return Submitter(id=name, name=source.name, way=Way.WEBHOOK, is_agent=True)


def _too_often(wait_s: int) -> web.HTTPTooManyRequests:
    text = f"it comes too often: come again in {wait_s} s"
    return web.HTTPTooManyRequests(text=text, headers={"Retry-After": str(wait_s)})


def _unread(code: str, words: str) -> web.Response:
    told = {"id": None, "status": "failed", "where": {"path": None, "line": 1, "column": None}}
    return answers.answer(told | shapes.error(code, words), status=422)
