"""What Ghost sees of itself."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from ghostbot.guards import sanity
from ghostbot.guards.clock import Clock
from ghostbot.guards.sanity import Own, Sanity
from ghostbot.store.database import Database
from ghostbot.troubles import Troubles
from tests.fakes.clock import run


def sane(**looks: sanity.Look) -> tuple[Sanity, Troubles]:
    troubles = Troubles()
    return Sanity(looks, lambda name: troubles.teller(f"own {name}")), troubles


def test_what_is_wrong_is_told_once_and_taken_back_when_it_is_over() -> None:
    async def main() -> None:
        state = [Own(ok=False, said="0.1 GB free")]

        async def disk() -> Own:
            return state[0]

        one, troubles = sane(disk=disk)
        await one.look()
        assert troubles.lines() == ("disk: 0.1 GB free",)
        state[0] = Own(ok=True, said="plenty")
        await one.look()
        assert troubles.lines() == ()

    run(main())


def test_a_look_that_never_comes_back_is_a_finding_and_holds_up_no_other() -> None:
    async def main() -> None:
        async def hangs() -> Own:
            await asyncio.Event().wait()
            raise AssertionError

        async def fine() -> Own:
            return Own(ok=True, said="fine")

        one, troubles = sane(store=hangs, loop=fine)
        await one.look()
        assert troubles.lines() == ()  # once is no trouble
        await one.look()
        assert troubles.lines() == ("store: has not answered within 5 s",)
        assert one.found["store"].ok is False
        assert one.found["store"].said == "has not answered within 5 s"
        assert one.found["loop"].ok is True

    run(main())


def test_what_cannot_be_measured_is_unknown_and_no_trouble() -> None:
    async def main() -> None:
        async def refused() -> Own:
            raise OSError(24, "Too many open files")

        one, troubles = sane(descriptors=refused)
        await one.look()
        assert one.found["descriptors"].ok is None
        assert one.found["descriptors"].said == "cannot look: too many open files"
        assert troubles.lines() == ()

    run(main())


async def test_disk_descriptors_and_slots_are_those_of_this_machine(tmp_path: Path) -> None:
    assert (await sanity.disk(tmp_path)()).ok is True
    few, many = await sanity.descriptors(), []
    try:
        many = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
        more = await sanity.descriptors()
    finally:
        for fd in many:
            os.close(fd)
    assert int(more.said.split()[0]) == int(few.said.split()[0]) + 50
    assert (await sanity.slots()).ok is not False


async def test_a_share_that_is_nearly_gone_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanity, "_slots", lambda: (95, 100))
    assert await sanity.slots() == Own(ok=False, said="95 of 100 process slots are taken")
    monkeypatch.setattr(sanity, "_slots", lambda: (89, 100))
    assert (await sanity.slots()).ok is True


async def test_a_store_that_only_remembers_is_trouble(tmp_path: Path) -> None:
    kept = Database(tmp_path / "ghost.db")
    assert (await sanity.store(kept.is_kept)()).ok is True
    await kept.close()
    (tmp_path / "folder.db").mkdir()
    lost = Database(tmp_path / "folder.db" / "gone" / "ghost.db")
    assert (await sanity.store(lost.is_kept)()).ok is False
    await lost.close()


async def test_missed_beats_are_trouble_and_the_link_to_slack_is_only_shown() -> None:
    assert (await sanity.beats(lambda: 0)()).ok is True
    assert await sanity.beats(lambda: 2)() == Own(ok=False, said="2 misfires within an hour")
    look = sanity.link(lambda: "off, SLACK_BOT_TOKEN missing")
    assert (await look()).ok is None
    assert (await sanity.link(lambda: "connected")()).ok is True


def test_a_jump_of_the_clock_is_shown_and_no_trouble() -> None:
    async def main() -> None:
        slept = iter((0.0, 0.0, 3600.0, 3600.0, 3600.0))
        clock = Clock({}, lambda _: None, slept=lambda: next(slept, 3600.0))
        assert (await sanity.clock(lambda: clock.jumped)()).said == "no jump since Ghost began"
        running = asyncio.create_task(clock.run(), name="clock")
        await asyncio.sleep(10)
        running.cancel()
        own = await sanity.clock(lambda: clock.jumped)()
        assert (own.ok, own.said) == (True, "slept for 3600 s, 8 s ago; nobody was blamed")

    run(main())
