"""The five guards over HTTP: the shapes of the system that Ghost replaces, with true words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ghostbot.guards import rollcall
from tests.fakes.doors import Asked, open_doors

KEYS = {
    "sentinel": {"status", "monitoring", "lastCheck", "recentErrors", "error"},
    "watchdog": {"status", "restartCount", "failedCount", "lastRestart", "lastCheck", "error"},
    "executor": {"status", "lastCheck", "error"},
    "selfcheck": {"status", "lastCheck", "error"},
    "lifecycle": {"status", "managedDaemons", "startupOrder", "lastCheck", "error"},
}


@pytest.fixture
async def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asked]:
    monkeypatch.setattr(rollcall, "EVERY_S", 0.02)
    async with open_doors(tmp_path, listen=None) as opened:
        yield opened


async def orchestration(asked: Asked) -> dict[str, Any]:
    given = await asked.ask("GET /api/orchestrator/status")
    assert given.status == 200
    found: dict[str, Any] = given.json["data"]["orchestration"]
    return found


async def until_told(
    asked: Asked, name: str, is_so: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            one: dict[str, Any] = (await orchestration(asked))[name]
            if is_so(one):
                return one
            await asyncio.sleep(0.02)  # the API tells only who asks


async def until_status(asked: Asked, name: str, status: str) -> dict[str, Any]:
    return await until_told(asked, name, lambda one: one["status"] == status)


async def test_guards_that_answer_are_active_with_the_age_of_the_answer(asked: Asked) -> None:
    for name in ("sentinel", "watchdog", "selfcheck", "lifecycle"):
        one = await until_status(asked, name, "active")
        assert one.keys() >= KEYS[name]
        assert one["error"] is None
        assert 0 <= one["age_s"] < 5
        assert one["lastCheck"].endswith("Z")


async def test_a_quiet_watchdog_is_active(asked: Asked) -> None:
    one = await until_status(asked, "watchdog", "active")
    assert (one["restartCount"], one["failedCount"], one["lastRestart"]) == (0, 0, None)


async def test_lifecycle_tells_the_order_of_the_start(asked: Asked) -> None:
    one = await until_status(asked, "lifecycle", "active")
    assert (one["managedDaemons"], one["startupOrder"]) == (2, ["web", "worker"])


async def test_a_death_and_its_restart_are_told_by_who_saw_and_who_acted(asked: Asked) -> None:
    await asked.kennel.until(lambda: asked.kennel.dogs["web"].daemon.is_ready)
    asked.kennel.runs.die("web", 3)
    one = await until_told(asked, "watchdog", lambda one: one.get("restartCount"))
    assert one["lastRestart"].endswith("Z")
    (seen,) = (await orchestration(asked))["sentinel"]["recentErrors"]
    assert "web: exited 3" in seen


async def test_a_guard_that_does_not_answer_is_unknown_with_its_age(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until_status(asked, "sentinel", "active")
    monkeypatch.setattr(rollcall, "OLD_S", 0.1)
    asked.kennel.tasks["sentinel"].cancel()
    one = await until_status(asked, "sentinel", "unknown")
    assert "recentErrors" not in one
    given = await asked.ask("GET /api/orchestrator/health")
    assert given.json["data"]["activeComponents"] < 5


async def test_a_guard_that_fails_says_why(asked: Asked) -> None:
    await until_status(asked, "lifecycle", "active")
    asked.kennel.troubles.teller("lifecycle")("lifecycle failed: no room")
    one = await until_status(asked, "lifecycle", "error")
    assert one["error"] == "lifecycle failed: no room"
    assert "managedDaemons" not in one
    given = (await asked.ask("GET /api/orchestrator/status")).json["data"]
    assert (given["overallHealth"], given["errorComponents"]) == ("critical", 1)


async def test_one_component_is_given_alone_and_an_unknown_one_is_refused(asked: Asked) -> None:
    await until_status(asked, "watchdog", "active")
    given = await asked.ask("GET /api/orchestrator/component/watchdog")
    assert given.json["status"] == "success"
    assert given.json["data"].keys() >= KEYS["watchdog"]
    given = await asked.ask("GET /api/orchestrator/component/lastUpdate")
    assert given.status == 404
    assert given.json["error"] == "Unknown component: lastUpdate"
    assert given.json["status"] == "error"
