"""Probes and Ghost's own health over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import CheckTable, ProbeKind, ProbeTable
from ghostbot.core.daemon import State
from ghostbot.guards import sanity
from ghostbot.guards.sanity import Sanity
from ghostbot.guards.trends import Trends
from ghostbot.store.database import Database
from ghostbot.store.findings import Findings
from ghostbot.web.doors import Noun
from ghostbot.web.own import Own
from ghostbot.web.probes import Probes
from tests.fakes.doors import Asked, open_doors
from tests.fakes.house import until
from tests.fakes.kennel import Kennel, table

HTTP = ProbeTable(kind=ProbeKind.HTTP, label="http")
SITE = CheckTable(name="site", probe=HTTP)


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    database = Database(tmp_path / "ghost.db")

    async def alert() -> float | None:
        return time.time() + 0.2

    def more(k: Kennel) -> Iterable[Noun]:
        trends = Trends(Findings(database))
        k.selfcheck.heard_by(trends.note)
        sane = Sanity(
            {"disk": sanity.disk(tmp_path)}, lambda name: k.troubles.teller(f"own {name}")
        )
        asyncio.get_running_loop().create_task(sane.look(), name="sane")
        return [Probes(k.selfcheck, trends, alert), Own(sane, k.rollcall)]

    web = table("web", probes=(HTTP,))
    async with open_doors(tmp_path, web, table("bare"), listen=None, more=more) as opened:
        opened.kennel.selfcheck.watch({"site": SITE})
        await until(lambda: opened.kennel.state("web") is State.UP)
        yield opened
    await database.close()


async def test_every_probe_is_shown_with_its_verdict_age_and_trend(asked: Asked) -> None:
    found = (await asked.ask("GET /api/probes")).json["probes"]
    web = next(one for one in found if one["subject"] == "web")
    assert (web["label"], web["role"], web["health"], web["said"]) == ("http", "both", "ok", "fine")
    assert 0 <= web["age_s"] < 10
    assert web["trend"]["1h"]["looks"] >= 1
    assert web["trend"]["7d"]["success_percent"] == 100.0
    assert [one["subject"] for one in found] == ["web", "check site"]


async def test_the_health_of_a_daemon_is_that_of_its_probes(asked: Asked) -> None:
    daemons = (await asked.ask("GET /api/daemons")).json["daemons"]
    assert {d["name"]: d["health"] for d in daemons} == {"web": "ok", "bare": None}


async def test_a_test_looks_now_and_counts_for_nothing(asked: Asked) -> None:
    asked.kennel.world.ok["web", "http"] = False
    before = asked.kennel.selfcheck.rounds("web")[0].health
    given = await asked.ask("POST /api/test", body={"names": ["web", "site", "bare"]})
    assert given.status == 200
    said: dict[str, Any] = {
        one["subject"]: (one["ok"], one["said"]) for one in given.json["results"]
    }
    assert said == {"web": (False, "refused"), "check site": (True, "fine")}
    assert given.json["without"] == ["bare"]
    assert asked.kennel.selfcheck.rounds("web")[0].health == before
    assert asked.kennel.state("web") is State.UP


async def test_whom_nobody_knows_cannot_be_tested(asked: Asked) -> None:
    given = await asked.ask("POST /api/test", body={"names": ["wbe"]})
    assert given.status == 404
    assert "no such daemon or check (did you mean web?)" in given.json["error"]["message"]
    assert (await asked.ask("POST /api/test", body={"names": "web"})).status == 400


async def test_ghosts_own_parts_and_guards_are_shown_with_their_age(asked: Asked) -> None:
    given = await asked.ask("GET /api/health")
    parts = {part["name"]: part for part in given.json["parts"]}
    assert parts["disk"]["state"] in ("ok", "unknown")
    assert {"sentinel", "watchdog", "executor", "selfcheck", "lifecycle"} < parts.keys()
    assert given.json["status"] == "ok"


async def test_a_test_alert_says_how_long_it_took_to_tell(asked: Asked) -> None:
    given = await asked.ask("POST /api/test/alert", body={})
    assert given.status == 200
    assert 150 <= given.json["told_ms"] <= 250
