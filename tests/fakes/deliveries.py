"""Webhooks, the API and the public door before a real pipeline, and senders that sign."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ghostbot.config.model import Scheme, SummariesTable, WatchTable, WebhookTable, WebTable
from ghostbot.core.bucket import Rate
from ghostbot.guards.sanity import Meter
from ghostbot.patches.pipeline import Pipeline
from ghostbot.summaries import Summaries
from ghostbot.web.health import Health
from ghostbot.web.keys import Keys
from ghostbot.web.patches import Patches
from ghostbot.web.public import PublicDoor
from ghostbot.web.status import Status
from ghostbot.web.watches import Watches
from ghostbot.web.webhook import Webhooks
from tests.fakes.doors import Answer, Asked, exchange, open_doors, request
from tests.fakes.house import until
from tests.fakes.pipelines import HELLO, Shop

SECRET = "an open sesame of more than sixteen letters"
WHSEC = "whsec_" + base64.b64encode(b"twenty-four bytes or more").decode()
DIFF = "text/x-diff"
JSON = "application/json"
OFTEN = Rate(1000, 60.0)


def source(name: str = "gpt", scheme: Scheme = Scheme.BEARER, **more: Any) -> WebhookTable:
    """Return a source whose secret is in GHOST_<NAME>."""
    plain = {"secret_env": (f"GHOST_{name.upper()}",), "rate": OFTEN, "pending": 50}
    return WebhookTable(name=name, scheme=scheme, **{**plain, **more})


@dataclass
class Town:
    """A Ghost with all doors open, its pipeline, and what it was told."""

    shop: Shop
    pipeline: Pipeline
    asked: Asked
    webhooks: Webhooks
    public: PublicDoor
    sources: dict[str, WebhookTable]
    environ: dict[str, str]
    told: list[str | None] = field(default_factory=list)
    watches: dict[str, WatchTable] = field(default_factory=dict)
    ahead_s: float = 0.0  # of the clock that timestamps are compared with

    def set(self, name: str, **more: Any) -> None:
        self.sources[name] = replace(self.sources[name], **more)

    def signed(self, name: str, body: bytes, **headers: str) -> dict[str, str]:
        """Return the headers by which a source proves a body; those given win."""
        scheme = self.sources[name].scheme
        secret = self.environ[self.sources[name].secret_env[0]]
        return {**sign(scheme, secret, body), **headers}

    async def send(
        self,
        body: bytes | str | object = HELLO,
        name: str = "gpt",
        kind: str = DIFF,
        *,
        at: str = "",
        key: str = "",
        public: bool = False,
        **headers: str,
    ) -> Answer:
        """Deliver as a source; headers that are given are sent in place of the right ones."""
        held = body if isinstance(body, bytes) else _bytes(body)
        given = {"Content-Type": kind, **self.signed(name, held)}
        given |= {"Idempotency-Key": key} if key else {}
        given |= {k.replace("_", "-"): v for k, v in headers.items()}
        what = f"POST {at or f'/webhook/{name}'}"
        return await (self.outside if public else self.post)(what, held, given)

    async def post(self, what: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Ask at the private door, without its token."""
        return await self.asked.private(what, body, **headers)

    async def outside(
        self, what: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask at the public door."""
        return await exchange(await self.knock(), request(what, body, headers or {}))

    async def knock(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        assert self.public.at, "the public door is shut"
        return await asyncio.open_connection(*self.public.at)

    async def outcome(self, name: str, wait: str = "", by: str = "gpt") -> Answer:
        """Ask as a source what became of a proposal."""
        what = f"GET /webhook/{by}/{name}{wait and f'?wait={wait}'}"
        return await self.post(what, None, self.signed(by, b""))


def sign(scheme: Scheme, secret: str, body: bytes, **more: str) -> dict[str, str]:
    """Sign as a sender does."""
    if scheme is Scheme.BEARER:
        return {"Authorization": f"Bearer {secret}"}
    if scheme is Scheme.GITHUB:
        made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Hub-Signature-256": f"sha256={made}"}
    name, at = more.get("id", f"msg_{time.monotonic_ns()}"), more.get("at", f"{time.time():.0f}")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made64 = base64.b64encode(hmac.digest(key, f"{name}.{at}.".encode() + body, "sha256")).decode()
    return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": f"v1,{made64}"}


def _bytes(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@asynccontextmanager
async def open_town(
    folder: Path,
    *sources: WebhookTable,
    web: WebTable | None = None,
    patient: bool = True,
    summing: bool = False,
    **root: Any,
) -> AsyncIterator[Town]:
    """Open everything: by default three sources, one of each scheme, and one root.

    `patient` waits until the public door is open.
    """
    shop = Shop(folder, **root)
    shop.in_slack = False
    all_ = sources or (
        source(),
        source("hub", Scheme.GITHUB),
        source("std", Scheme.STANDARD),
    )
    named = {one.name: one for one in all_}
    environ = {
        env: WHSEC if one.scheme is Scheme.STANDARD else f"{SECRET} {env}".replace(" ", "-")
        for one in all_
        for env in one.secret_env
    }
    async with shop.open() as pipeline:
        table_of = SummariesTable(dir=folder / "summaries") if summing else None
        summaries = Summaries(lambda: table_of, shop.state_dir)
        hooks = Webhooks(
            pipeline,
            lambda: named,
            Keys(folder, environ).of,
            summary=summaries.take,
            clock=lambda: time.time() + town.ahead_s,
        )
        async with open_doors(
            folder / "state",
            more=lambda _: [Patches(pipeline), hooks, Watches(lambda: town.watches)],
        ) as asked:
            table = web or WebTable(public=("127.0.0.1", 0))
            ghost, told = asked.kennel.ghost, list[str | None]()
            health, status = Health(ghost, Meter()), Status(ghost)
            door = PublicDoor(table, health, status, [hooks], told.append)
            town = Town(shop, pipeline, asked, hooks, door, named, environ, told)
            running = asyncio.create_task(door.run(), name="public door")
            try:
                await until(lambda: not patient or table.public is None or door.at)
                yield town
            finally:
                running.cancel()
                await asyncio.wait({running})
