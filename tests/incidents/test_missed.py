"""What came and went while people wanted quiet, and who is silent by family or group."""

from __future__ import annotations

import asyncio

import pytest

from ghostbot.core.incident import Phase
from ghostbot.errors import NoSuch
from ghostbot.incidents.desk import MISSED_MAX
from tests.incidents.test_care import ADA, BEGAN, Scene, play

H = 3_600.0


async def _a_night(scene: Scene) -> None:
    await scene.up("web", "db")
    await scene.dies("web")
    await scene.up("web")
    await asyncio.sleep(100)
    await scene.dies("db")
    await scene.up("db")


def test_what_came_and_went_in_quiet_is_told_once_when_it_ends() -> None:
    async def script(scene: Scene) -> None:
        await _a_night(scene)
        assert not scene.told()
        assert not scene.voice.missed_ones
        await asyncio.sleep(H)
        (missed,) = scene.voice.missed_ones
        assert [(i.id, i.daemon, i.phase) for i in missed] == [
            (1, "web", Phase.RECOVERED),
            (2, "db", Phase.RECOVERED),
        ]
        await asyncio.sleep(H)
        assert len(scene.voice.missed_ones) == 1
        assert not scene.told()

    play(script, Scene(quiet_until=BEGAN + 600))


def test_quiet_that_ends_by_the_clock_is_noticed_at_its_minute() -> None:
    end = (BEGAN // 60 + 11) * 60

    async def script(scene: Scene) -> None:
        await asyncio.sleep(10)  # so that no look of each half minute falls on that end
        await _a_night(scene)
        await asyncio.sleep(end - scene.now() - 1)
        assert not scene.voice.missed_ones
        await asyncio.sleep(2)
        assert len(scene.voice.missed_ones) == 1

    play(script, Scene(quiet_until=end))


def test_quiet_that_a_reload_ends_is_noticed_at_once() -> None:
    async def script(scene: Scene) -> None:
        await _a_night(scene)
        scene.quiet_until = 0.0
        scene.desk.reloaded()
        await asyncio.sleep(1)
        assert len(scene.voice.missed_ones) == 1

    play(script, Scene(quiet_until=BEGAN + H))


def test_the_next_ghost_tells_what_the_last_one_kept_back() -> None:
    scene = play(_a_night, Scene(quiet_until=BEGAN + 600))
    scene.quiet_until = 0.0

    async def next_one(scene: Scene) -> None:
        await asyncio.sleep(1)
        (missed,) = scene.voice.missed_ones
        assert [i.daemon for i in missed] == ["web", "db"]

    play(next_one, scene)
    play(next_one, scene)  # which says nothing more


def test_what_lasts_beyond_the_quiet_is_told_by_itself_and_not_missed() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web")
        await scene.dies("web")
        await asyncio.sleep(H)
        assert scene.told() == [(1, Phase.DOWN)]
        await scene.up("web")
        assert not scene.voice.missed_ones

    play(script, Scene(quiet_until=BEGAN + 600))


def test_what_somebody_silenced_is_not_told_when_quiet_ends() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web")
        await scene.care.silence("web", 2 * H, ADA)
        await scene.dies("web")
        await scene.up("web")
        await asyncio.sleep(H)
        assert not scene.voice.missed_ones
        assert not scene.told()

    play(script, Scene(quiet_until=BEGAN + 600))


def test_of_very_many_the_last_are_named_and_the_others_counted() -> None:
    async def script(scene: Scene) -> None:
        names = [f"d{n}" for n in range(MISSED_MAX + 5)]
        for name in names:
            await scene.up(name)
            await scene.dies(name)
            await scene.up(name)
            await asyncio.sleep(10)
        await asyncio.sleep(2 * H)
        (missed,) = scene.voice.missed_ones
        assert [i.daemon for i in missed] == names[-MISSED_MAX:]

    play(script, Scene(quiet_until=BEGAN + H))


def within(name: str) -> tuple[str, ...]:
    return ("web", "group:site") if name.startswith("web-") else ()


@pytest.mark.parametrize("word", ["web", "group:site"])
def test_a_family_or_a_group_is_silent_as_a_whole(word: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web-1", "web-2", "db")
        done = await scene.care.silence(word, H, ADA)
        assert (done.did, done.said) == (True, f"{word} is silent for 1 h; a page comes through")
        for name in ("web-1", "web-2"):
            await scene.dies(name)
            await asyncio.sleep(10)
        assert not scene.told()
        await scene.dies("db")
        assert [i.daemon for i in scene.voice.said] == ["db"]
        done = await scene.care.silence(word, None, ADA)
        assert done.said == f"{word} is no longer silent"
        await asyncio.sleep(60)
        assert {i.daemon for i in scene.voice.said} == {"db", "web-1", "web-2"}

    play(script, Scene(within=within))


def test_the_longest_of_several_silences_holds() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web-1")
        await scene.care.silence("web-1", 60, ADA)
        await scene.care.silence("web", 2 * H, ADA)
        await asyncio.sleep(H)
        await scene.dies("web-1")
        assert not scene.told()

    play(script, Scene(within=within))


def test_a_group_that_is_none_is_told_with_what_was_meant() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web-1")
        with pytest.raises(NoSuch, match=r"no such daemon, group or check \(did you mean group:si"):
            await scene.care.silence("group:sites", H, ADA)

    play(script, Scene(within=within))
