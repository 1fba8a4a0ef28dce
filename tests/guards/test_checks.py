"""Checks with a real executor and real actions: what is seen, tried and told."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ghostbot.bus import Bus
from ghostbot.config.model import ActionKind, ActionTable, CheckTable, ProbeKind, ProbeTable
from ghostbot.core.heal import Kept, Stage
from ghostbot.core.incident import Incident, Phase
from ghostbot.errors import Failed, NoSuch
from ghostbot.guards.actions import Actions
from ghostbot.guards.checks import Checks
from ghostbot.guards.executor import Executor
from ghostbot.incidents.desk import Desk
from tests.fakes.errands import errand
from tests.guards.test_executor import Memory
from tests.incidents.test_desk import FakeStore, FakeVoice

PROBE = ProbeTable(kind=ProbeKind.HTTP, label="http", url="http://site.example/", every_s=0)


class Kepts:
    """The counts, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}

    async def save(self, kept: Kept) -> None:
        self.kept[kept.name] = kept

    async def load(self) -> list[Kept]:
        return list(self.kept.values())


async def restart(daemons: Sequence[str], by: str, *, heal: bool) -> str:
    return "1 of 1 is up"


@dataclass
class Ward:
    """A check with everything around it."""

    tables: dict[str, CheckTable]
    actions: dict[str, ActionTable]
    kepts: Kepts = field(default_factory=Kepts)
    voice: FakeVoice = field(default_factory=FakeVoice)
    store: FakeStore = field(default_factory=FakeStore)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Ward]:
        async def lines(_: str) -> tuple[str, ...]:
            return ()

        bus, self.executor = Bus(), Executor(Memory())
        doing = Actions(lambda: self.actions, restart=restart, errand=errand, token=lambda _: None)
        self.checks = Checks(
            lambda: self.tables,
            bus=bus,
            executor=self.executor,
            actions=doing,
            store=self.kepts,
        )
        desk = Desk(
            bus,
            self.voice,
            self.store,
            last_lines=lines,
            daemons=dict,
            subjects=self.checks.subjects,
        )
        runs = (self.executor.run, self.checks.run, desk.run)
        tasks = [asyncio.create_task(run()) for run in runs]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await doing.close()

    async def look(self, ok: bool | None, said: str = "HTTP 500") -> None:
        """Have the check seen, and wait until everything that follows has come to rest."""
        self.checks.seen("site", ok, said)
        await until(self.checks._mail.empty)
        for _ in range(5):
            await asyncio.sleep(0)
        await until(lambda: self.checks.check("site").healing is None)

    @property
    def incidents(self) -> set[int]:
        return {incident.id for incident in self.voice.said}

    @property
    def last(self) -> Incident:
        return self.voice.said[-1]


async def until(so: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not so():  # noqa: ASYNC110 - what is looked at tells nobody when it changes
            await asyncio.sleep(0)


def ward(*words: str, attempts: int = 5, pause_s: float = 0.0, heals: bool = True) -> Ward:
    action = ActionTable(name="repair", kind=ActionKind.COMMAND, command=words)
    table = CheckTable(
        name="site",
        probe=PROBE,
        heal=("repair",) if heals else (),
        attempts=attempts,
        pause_s=pause_s,
    )
    return Ward({"site": table}, {"repair": action})


def steps(incident: Incident) -> list[str]:
    return [step.what for step in incident.steps]


async def test_a_heal_that_works_is_one_incident_from_sick_to_well() -> None:
    async with ward(sys.executable, "-S", "-c", "print('deployed')").open() as w:
        await w.look(True, "HTTP 200")
        await w.look(False)
        await w.look(True, "HTTP 200")
        await until(lambda: w.voice.said and w.last.is_over)
        assert w.incidents == {1}
        assert steps(w.last)[0] == "HTTP 500"
        assert steps(w.last)[1] == "tries repair (1 of 5)"
        assert steps(w.last)[2].startswith("repair ran: python")
        assert steps(w.last)[3] == "well again"
        assert [t.title for t in w.executor.tasks()] == ["heal site by repair (1)"]
        assert Phase.HEALING in {i.phase for i in w.voice.said}


async def test_a_heal_whose_command_vanishes_is_five_tries_and_one_incident_not_1685(
    tmp_path: Path,
) -> None:
    script = tmp_path / "repair.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o700)
    async with ward(str(script)).open() as w:
        script.unlink()
        for n in range(1_685):
            await w.look(False, f"HTTP 500, {n} in a row")
        await until(lambda: w.last.phase is Phase.UNHEALED)
        await asyncio.sleep(0)
        assert w.incidents == {1}
        assert len(w.executor.tasks()) == 5
        assert len(w.voice.said) <= 12  # one message, edited for each heal and its end
        assert len(steps(w.last)) <= 12
        assert any("no such file or directory" in step for step in steps(w.last))
        assert steps(w.last)[-1].startswith("tried 5 times in vain: it is up to people now")
        await w.look(True, "HTTP 200")
        await until(lambda: w.last.is_over)
        assert w.incidents == {1}


async def test_no_heal_is_run_for_what_could_not_be_looked_at() -> None:
    async with ward("/bin/true").open() as w:
        for _ in range(20):
            await w.look(None, "no descriptors")
        assert (w.executor.tasks(), w.voice.said) == ((), [])


async def test_a_pause_lies_between_two_heals() -> None:
    async with ward("/bin/true", pause_s=3600).open() as w:
        for _ in range(20):
            await w.look(False)
        assert len(w.executor.tasks()) == 1


async def test_without_heals_it_is_said_that_it_is_up_to_people() -> None:
    async with ward(heals=False).open() as w:
        await w.look(False)
        await w.look(False)
        await until(lambda: w.voice.said and w.last.phase is Phase.UNHEALED)
        assert w.last.heals is False
        with pytest.raises(Failed, match="cannot heal site: its `heal` names no action"):
            w.checks.heal("site", "ada")


async def test_a_person_may_have_it_healed_again_after_the_last_attempt() -> None:
    async with ward("/bin/false", attempts=1).open() as w:
        with pytest.raises(Failed, match="it is well"):
            w.checks.heal("site", "ada")
        with pytest.raises(NoSuch, match=r"no such check \(did you mean site\?\)"):
            w.checks.heal("siet", "ada")
        await w.look(False)
        await w.look(False)
        await until(lambda: w.voice.said and w.last.phase is Phase.UNHEALED)
        w.checks.heal("site", "ada")
        await until(lambda: len(w.executor.tasks()) == 2)
        await until(lambda: w.checks.check("site").healing is None)
        await until(lambda: "ada asked for a heal" in steps(w.last))
        assert w.incidents == {1}


async def test_the_next_ghost_counts_on_and_sees_the_end() -> None:
    first = ward("/bin/false", attempts=2)
    async with first.open() as w:
        await w.look(False)
    second = replace(first, voice=FakeVoice())
    async with second.open() as w:
        await until(lambda: w.checks.check("site").tried == 1)
        for _ in range(5):
            await w.look(False)
        await until(lambda: w.voice.said and w.last.phase is Phase.UNHEALED)
        assert len(w.executor.tasks()) == 1
        assert w.checks.check("site").stage is Stage.UNHEALED
    third = replace(first, voice=FakeVoice())
    async with third.open() as w:
        await until(lambda: w.checks.check("site").tried == 2)
        await w.look(True, "HTTP 200")
        await until(lambda: w.voice.said and w.last.is_over)
        assert w.incidents == {1}


async def test_an_action_that_left_the_file_counts_as_a_heal_that_failed() -> None:
    async with ward("/bin/true", attempts=1).open() as w:
        w.actions.clear()
        await w.look(False)
        await w.look(False)
        await until(lambda: w.voice.said and w.last.phase is Phase.UNHEALED)
        assert "repair failed: cannot run repair: no such action" in steps(w.last)
