"""The beats."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ghostbot.heartbeats import Beat, Heartbeats
from tests.fakes.slack_side import running, until


async def test_it_beats_at_once_and_again() -> None:
    beats: list[None] = []
    hearts = Heartbeats(Beat("beat", 0.05, lambda: beats.append(None), 0.0))
    async with running(hearts.run):
        await until(lambda: len(beats) >= 3)


async def test_beats_come_in_the_loop_that_ghost_runs_in() -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    hearts = Heartbeats(Beat("beat", 10, lambda: loops.append(asyncio.get_running_loop()), 0.0))
    async with running(hearts.run):
        await until(lambda: loops)
    assert loops == [asyncio.get_running_loop()]


async def test_without_beats_there_is_nothing_to_run() -> None:
    await Heartbeats().run()


async def test_no_beat_comes_after_the_end() -> None:
    beats: list[None] = []
    hearts = Heartbeats(Beat("beat", 0.01, lambda: beats.append(None), 0.0))
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
        async with running(Heartbeats(Beat("beat", 0.02, beat, 0.0)).run):
            await until(lambda: len(beats) >= 2)
    assert "beat failed" in caplog.text


async def test_a_beat_that_does_not_end_is_not_begun_again_and_that_is_counted() -> None:
    begun: list[None] = []

    async def slow() -> None:
        begun.append(None)
        await asyncio.Event().wait()

    hearts = Heartbeats(Beat("slow", 0.02, slow, 0.0))
    async with running(hearts.run):
        await until(lambda: hearts.misfires() >= 2)
    assert len(begun) == 1


async def test_several_beats_keep_their_own_times() -> None:
    quick: list[None] = []
    once: list[None] = []
    hearts = Heartbeats(
        Beat("quick", 0.01, lambda: quick.append(None), 0.0),
        Beat("once", 100, lambda: once.append(None), 0.0),
    )
    async with running(hearts.run):
        await until(lambda: len(quick) >= 3)
    assert len(once) == 1
