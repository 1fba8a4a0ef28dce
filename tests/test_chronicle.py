"""What happens by itself is noted: deaths, restarts, and the turns of troubles."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ghostbot.bus import Bus, Turned
from ghostbot.chronicle import Chronicle, Noting
from ghostbot.core.daemon import Daemon, Elapsed, Exited, Proc, Ready, Spawned, Start, Stop, step
from ghostbot.core.incident import Phase
from ghostbot.record import Noted, Record
from ghostbot.store.database import Database
from tests.slack.blocks.test_incident import DOWN

PROC = Proc(7, 1, "boot")


def story(bus: Bus, *events: object) -> None:
    """Let a daemon live through these."""
    d = Daemon("web")
    for number, event in enumerate(events):
        before, (d, _) = d, step(d, event, float(number))  # type: ignore[arg-type]
        bus.publish(Turned(before, d, event, float(number)))  # type: ignore[arg-type]


async def noted(*events: object) -> list[Noted]:
    bus, record = Bus(), Record()
    kept = bus.keep()
    story(bus, *events)
    task = asyncio.create_task(Chronicle(bus, record.note, kept).run())
    await asyncio.sleep(0.01)  # it takes what was kept, and waits for more
    task.cancel()
    await asyncio.wait({task})
    return record.take()


async def test_a_death_and_the_restart_after_it_are_noted_with_why() -> None:
    second = replace(PROC, pid=8)
    lived = (Start(), Spawned(PROC), Ready(PROC), Exited(PROC, -9), Elapsed(), Spawned(second))
    found = await noted(*lived, Ready(second))
    assert [one.kind for one in found] == ["ghost", "death", "restart"]
    assert found[1].what == (
        "web died: killed by SIGKILL (by somebody, or by the kernel as memory ran out);"
        " it is started again"
    )
    assert found[2].more == {"daemon": "web", "pid": 8}


async def test_a_start_and_a_stop_that_people_ask_for_are_no_restart_and_no_death() -> None:
    found = await noted(Start(), Spawned(PROC), Ready(PROC), Stop(by="ada"), Exited(PROC, 0))
    assert [one.kind for one in found] == ["ghost"]


async def test_each_turn_of_a_trouble_is_noted_once(tmp_path: Path) -> None:
    database, record = Database(tmp_path / "ghost.db"), Record()
    kept = Noting(database, record.note)
    first = await kept.save(replace(DOWN, id=0))
    await kept.save(replace(first, deaths=2))
    await kept.save(replace(first, phase=Phase.BLOCKED))
    await kept.save(replace(first, phase=Phase.RECOVERED))
    said = [one.what.split(": ")[1] for one in record.take()]
    assert said == ["web down", "web blocked", "web recovered"]
    assert [one.phase for one in await kept.newest(5)] == [Phase.RECOVERED]
    await database.close()
