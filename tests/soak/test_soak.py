"""The long forms: `make soak` runs them, `make test` does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fakes.churn import churn
from tests.fakes.storm import storm
from tests.fakes.survival import survival

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(sys.platform != "linux", reason="macOS: see docs/platforms.md"),
]
ROUNDS = 200


async def test_ghost_killed_at_two_hundred_random_moments_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with survival(tmp_path) as s:
        await s.ghost.up()
        await s.begun()
        await s.kill()
        for _ in range(ROUNDS):
            await s.round()
        archives = await s.end()
        print(f"killed {s.killed} times, each log cut {archives} times")  # noqa: T201  what a soak is for


async def test_a_minute_of_a_hundred_megabytes_a_second_is_felt_by_nobody(tmp_path: Path) -> None:
    found = await storm(tmp_path, 60)
    print(found)  # noqa: T201
    found.hold()


async def test_twenty_thousand_short_lives_leave_ghost_as_it_was(tmp_path: Path) -> None:
    found = await churn(tmp_path, 20_000)
    print(found)  # noqa: T201
    before, after = found.before, found.after
    assert (after.fds, after.threads, after.zombies) == (before.fds, before.threads, 0)
    assert after.rss_bytes < 1.05 * before.rss_bytes
