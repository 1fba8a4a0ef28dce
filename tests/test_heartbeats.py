"""The beats."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ghostbot.heartbeats import Heartbeats
from tests.fakes.slack_side import running, until


async def test_it_beats_at_once_and_again() -> None:
    beats: list[None] = []
    hearts = Heartbeats(every_s=0.05, beat=lambda: beats.append(None), first_s=0.0)
    async with running(hearts.run):
        await until(lambda: len(beats) >= 3)


async def test_beats_come_in_the_loop_that_ghost_runs_in() -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    hearts = Heartbeats(
        every_s=10, beat=lambda: loops.append(asyncio.get_running_loop()), first_s=0.0
    )
    async with running(hearts.run):
        await until(lambda: loops)
    assert loops == [asyncio.get_running_loop()]


async def test_without_beats_there_is_nothing_to_run() -> None:
    await Heartbeats(every_s=None, beat=lambda: None).run()


async def test_no_beat_comes_after_the_end() -> None:
    beats: list[None] = []
    hearts = Heartbeats(every_s=0.01, beat=lambda: beats.append(None), first_s=0.0)
    async with running(hearts.run):
        await until(lambda: beats)
    number = len(beats)
    await asyncio.sleep(0.05)
    assert len(beats) == number


async def test_a_beat_that_fails_is_logged_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    beats: list[None] = []

    def beat() -> None:
        beats.append(None)
        raise RuntimeError("no pulse")

    with caplog.at_level(logging.ERROR):
        async with running(Heartbeats(every_s=0.02, beat=beat, first_s=0.0).run):
            await until(lambda: len(beats) >= 2)
    assert "beat failed" in caplog.text
