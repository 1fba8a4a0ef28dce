"""A task that fails is told and started again, ever later, and takes nobody down."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from ghostbot.keep import LAST_S, keep
from tests.fakes.clock import run


def test_a_failing_task_is_tried_ever_later_and_told() -> None:
    tries: list[float] = []
    told: list[str | None] = []

    async def fails() -> None:
        tries.append(asyncio.get_running_loop().time())
        raise RuntimeError("slack is away")

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(200):
                await keep("slack", fails, told.append)

    run(main())
    gaps = [b - a for a, b in pairwise(tries)]
    assert gaps[:4] == [0.5, 1, 2, 4]
    assert max(gaps) == LAST_S
    assert told[:2] == ["slack failed and is started again: slack is away", None]


def test_a_task_that_returns_is_over_and_a_cancelled_one_ends() -> None:
    async def main() -> None:
        await keep("done", lambda: asyncio.sleep(0))
        forever = asyncio.create_task(keep("forever", lambda: asyncio.sleep(1e9)))
        await asyncio.sleep(1)
        forever.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forever

    run(main())


def test_a_task_whose_clean_up_fails_when_it_is_cancelled_ends_all_the_same() -> None:
    async def main() -> None:
        tries = 0

        async def messy() -> None:
            nonlocal tries
            tries += 1
            try:
                await asyncio.sleep(1e9)
            finally:
                raise OSError("bad file descriptor")

        task = asyncio.create_task(keep("messy", messy))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert tries == 1

    run(main())
