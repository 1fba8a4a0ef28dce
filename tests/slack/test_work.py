"""What is done after the ack."""

from __future__ import annotations

import asyncio

import pytest

from ghostbot.errors import Failed
from ghostbot.slack import work as works
from ghostbot.slack.work import Busy, Piece, Work
from tests.fakes.slack_side import running, until


class Asked:
    """Somebody who asked, and what they were told."""

    def __init__(self) -> None:
        self.told: list[Exception] = []
        self.done = 0

    async def do(self) -> None:
        self.done += 1

    async def fail(self) -> None:
        raise Failed("cannot")

    async def never(self) -> None:
        await asyncio.Event().wait()

    async def sorry(self, error: Exception, _trouble: str) -> None:
        self.told.append(error)


@pytest.fixture
def asked() -> Asked:
    return Asked()


async def test_a_failure_is_told_and_work_goes_on(asked: Asked) -> None:
    work = Work()
    async with running(work.run):
        work.submit(Piece("a", asked.fail, asked.sorry))
        work.submit(Piece("b", asked.do, asked.sorry))
        await until(lambda: asked.done == 1 and asked.told)
    assert isinstance(asked.told[0], Failed)


async def test_who_cannot_be_told_stops_nobody(asked: Asked) -> None:
    async def gone(_error: Exception, _trouble: str) -> None:
        raise OSError("nobody there")

    work = Work()
    async with running(work.run):
        for _ in range(5):
            work.submit(Piece("a", asked.fail, gone))
        work.submit(Piece("b", asked.do, asked.sorry))
        await until(lambda: asked.done == 1)


async def test_too_much_at_once_is_told_and_not_kept(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(works, "QUEUE_MAX", 5)
    work = Work()
    for _ in range(8):
        work.submit(Piece("a", asked.do, asked.sorry))
    async with running(work.run):
        await until(lambda: asked.done == 5 and len(asked.told) == 3)
    assert all(isinstance(error, Busy) for error in asked.told)


async def test_a_piece_that_hangs_is_given_up(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(works, "LIMIT_S", 0.05)
    work = Work()
    async with running(work.run):
        work.submit(Piece("a", asked.never, asked.sorry))
        await until(lambda: asked.told)
    assert isinstance(asked.told[0], TimeoutError)


async def test_what_takes_long_is_bounded_too(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(works, "PATIENT_MAX", 2)
    work = Work()
    async with running(work.run):
        await asyncio.sleep(0)
        for _ in range(2):
            work.patiently(Piece("a", asked.never, asked.sorry))
        with pytest.raises(Busy):
            work.patiently(Piece("a", asked.never, asked.sorry))
