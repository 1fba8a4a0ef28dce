"""When the day before is told, on a clock that jumps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from ghostbot.core.history import Day, Digest
from ghostbot.cron import next_fire
from ghostbot.incidents.digests import Digests
from tests.fakes.clock import run

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
NINE = NOON - 3 * 3600


async def told_within(line: str | None, seconds: float, *, known: bool = True) -> list[float]:
    said: list[Digest] = []

    async def digest(until: float) -> Digest:
        days = (Day("web", "🟩" * 24, 1.0, 0, 0, 0),) if known else ()
        return Digest(until - 86_400, until, days)

    digests = Digests(
        line,
        digest,
        said.append,
        now=lambda: NOON + asyncio.get_running_loop().time(),
        due=lambda spec, now: next_fire(spec, now, UTC),
    )
    telling = asyncio.create_task(digests.run(), name="digests")
    await asyncio.sleep(seconds)
    telling.cancel()
    return [one.until for one in said]


def test_the_last_one_is_told_at_once_and_the_next_at_its_time() -> None:
    async def main() -> None:
        assert await told_within("0 9 * * *", 60) == [NINE]
        assert await told_within("0 9 * * *", 22 * 3600) == [NINE, NINE + 86_400]

    run(main())


def test_what_is_due_on_mondays_alone_is_not_told_on_a_saturday() -> None:
    async def main() -> None:
        assert await told_within("0 9 * * mon", 86_400) == []

    run(main())


def test_without_a_line_nothing_is_told() -> None:
    async def main() -> None:
        assert await told_within(None, 3 * 86_400) == []

    run(main())


def test_a_day_of_which_nothing_is_known_is_not_told() -> None:
    async def main() -> None:
        assert await told_within("0 9 * * *", 60, known=False) == []

    run(main())


def test_what_is_due_each_minute_is_found_with_few_looks() -> None:
    looks = 0

    def minutely(line: str, after: datetime) -> datetime:
        nonlocal looks
        looks += 1
        return after.replace(second=0, microsecond=0) + timedelta(minutes=1)

    now = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
    last, following = Digests._last("* * * * *", minutely, now.timestamp())
    assert last == now.replace(second=0).timestamp()
    assert following == last + 60
    assert looks < 10


def test_a_clock_set_back_has_the_digest_of_its_own_day_told_and_set_forward_the_next() -> None:
    said: list[float] = []
    clock = NOON

    async def digest(until: float) -> Digest:
        return Digest(until - 86_400, until, (Day("web", "🟩" * 24, 1.0, 0, 0, 0),))

    digests = Digests(
        "0 9 * * *",
        digest,
        lambda told: said.append(told.until),
        now=lambda: clock,
        due=lambda spec, now: next_fire(spec, now, UTC),
    )

    async def main() -> None:
        nonlocal clock
        telling = asyncio.create_task(digests.run(), name="digests")
        for days in (0, -1, -1, 2, 2):
            clock = NOON + days * 86_400
            await asyncio.sleep(31)
        telling.cancel()

    run(main())
    assert said == [NINE, NINE - 86_400, NINE + 2 * 86_400]
