"""How probes did, over Ghost's restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.core.trend import KEPT_S, Tally, begin_of, counted
from ghostbot.guards.rounds import Round
from ghostbot.guards.trends import Trends
from ghostbot.probes.finding import Finding
from ghostbot.store.database import Database
from ghostbot.store.findings import Findings

NOW = 1_790_000_000.0
KEY = ("web", "http")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(tmp_path / "ghost.db")
    yield made
    await made.close()


def tally(ago_s: float, *oks: bool | None, took_s: float = 0.1) -> tuple[tuple[str, str], Tally]:
    found = Tally(begin_of(NOW - ago_s))
    for ok in oks:
        found = counted(found, ok, took_s)
    return KEY, found


async def test_each_span_counts_what_falls_into_it(database: Database) -> None:
    findings = Findings(database)
    recent, earlier = tally(60, True, True, False, None), tally(7200, True)
    days = tally(86_400 * 3, False, took_s=0.9)
    await findings.add([recent, earlier, days], NOW)
    found = (await findings.trends([KEY], NOW))[KEY]
    assert [found[span].looks for span in ("1h", "24h", "7d")] == [3, 4, 5]
    assert found["1h"].rate == pytest.approx(2 / 3)
    assert found["1h"].unknown == 1
    assert found["24h"].rate == pytest.approx(3 / 4)
    assert found["7d"].slowest_s == 0.9
    assert found["1h"].mean_s == pytest.approx(0.1)


async def test_tallies_of_one_span_add_up_and_those_of_a_week_ago_are_forgotten(
    database: Database,
) -> None:
    findings = Findings(database)
    await findings.add([tally(60, True), tally(KEPT_S + 700, True)], NOW - KEPT_S)
    await findings.add([tally(60, False)], NOW)
    found = (await findings.trends([KEY], NOW))[KEY]
    assert (found["7d"].looks, found["7d"].rate) == (2, 0.5)


async def test_the_slowest_probe_of_late_is_named(database: Database) -> None:
    findings = Findings(database)
    assert await findings.slowest(NOW - 86_400) is None
    slow = (("db", "tcp"), counted(Tally(begin_of(NOW)), True, 2.5))
    of_old = (("old", "http"), counted(Tally(begin_of(NOW - 2 * 86_400)), True, 9.0))
    await findings.add([tally(60, True), slow, of_old], NOW)
    assert await findings.slowest(NOW - 86_400) == (("db", "tcp"), 2.5)


async def test_a_probe_that_was_never_asked_has_no_rate(database: Database) -> None:
    found = (await Findings(database).trends([KEY], NOW))[KEY]["1h"]
    assert (found.looks, found.rate, found.mean_s) == (0, None, None)


async def test_what_is_counted_in_memory_is_shown_too_and_counted_once(database: Database) -> None:
    trends = Trends(Findings(database), now=lambda: NOW)
    probe = ProbeTable(kind=ProbeKind.HTTP, label="http")

    async def look() -> Finding:
        return Finding(ok=True, said="fine", took_s=0.2)

    one = Round("web", probe, look, lambda _one, _finding: None)
    for _ in range(3):
        trends.note(one, await look())
    assert (await trends.of([KEY]))[KEY]["1h"].looks == 3
    await trends.flush()
    assert (await trends.of([KEY]))[KEY]["1h"].looks == 3
