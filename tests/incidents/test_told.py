"""Incidents of what is no daemon: a check, a tunnel, Ghost itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ghostbot.bus import TOLD_MAX, Bus
from ghostbot.core.incident import RETURNS_S, About, Incident, Phase, Subject, Told, hear
from ghostbot.incidents.desk import SETTLE_S, Desk
from tests.fakes.clock import run
from tests.incidents.test_desk import FakeStore, FakeVoice

SITE = Subject(About.CHECK, "site")
GHOST = Subject(About.GHOST, "Ghost")


def sick(line: str | None, at: float = 5000, **more: object) -> Told:
    return Told(subject=SITE, cause="probe", line=line, at=at, **more)  # type: ignore[arg-type]


def told(*facts: Told) -> list[Incident]:
    """Return each state in which the incident of these facts would be told."""
    incident: Incident | None = None
    seen = []
    for fact in facts:
        after = hear(incident, fact)
        if after is not None and after is not incident:
            seen.append(after if after.id else replace(after, id=len({i.id for i in seen}) + 1))
            incident = seen[-1]
    return seen


def test_a_trouble_and_its_end_are_one_incident() -> None:
    first, last = told(sick("HTTP 500"), sick(None, 5060, note="well again"))
    assert (first.phase, first.about, first.daemon, first.key) == (
        Phase.SICK,
        About.CHECK,
        "site",
        "probe",
    )
    assert (last.id, last.phase, last.is_over) == (first.id, Phase.RECOVERED, True)
    assert [s.what for s in last.steps] == ["HTTP 500", "well again"]


def test_lines_that_differ_in_numbers_alone_are_told_once() -> None:
    seen = told(*(sick(f"the disk is {n} % full", 5000 + n) for n in range(90, 99)))
    assert len(seen) == 1


def test_another_line_is_a_step_of_the_same_incident() -> None:
    seen = told(sick("HTTP 500"), sick("connection refused", 5001))
    assert {i.id for i in seen} == {1}
    assert seen[-1].cause == "connection refused"


def test_back_soon_is_the_same_trouble_counted_and_back_late_a_new_one() -> None:
    soon = told(sick("HTTP 500"), sick(None, 5001), sick("HTTP 500", 5002))
    assert [(i.id, i.deaths) for i in soon] == [(1, 1), (1, 1), (1, 2)]
    late = told(sick("HTTP 500"), sick(None, 5001), sick("HTTP 500", 5002 + RETURNS_S))
    assert late[-1].id != 1


def test_the_end_of_what_nobody_heard_of_is_nothing() -> None:
    assert told(sick(None)) == []


def test_each_cause_of_one_subject_has_its_own_incident() -> None:
    disk = Told(subject=GHOST, cause="disk", line="the disk is full", at=5000)
    lag = Told(subject=GHOST, cause="loop", line="the loop lags", at=5001)
    said = desk_hears([disk, lag, replace(disk, line=None, at=5002)])
    assert [(i.id, i.key, i.phase) for i in said] == [
        (1, "disk", Phase.SICK),
        (2, "loop", Phase.SICK),
        (1, "disk", Phase.RECOVERED),
    ]


def desk_hears(
    facts: list[Told],
    store: FakeStore | None = None,
    subjects: tuple[Subject, ...] = (SITE,),
    wait_s: float = 1,
) -> list[Incident]:
    """Let a desk hear these, some before it is there, and return what it had told."""
    bus, voice = Bus(), FakeVoice()

    async def lines(_: str) -> tuple[str, ...]:
        raise AssertionError("what is no daemon has no log")

    async def main() -> None:
        for fact in facts[:1]:
            bus.tell(fact)
        desk = Desk(
            bus,
            voice,
            store or FakeStore(),
            last_lines=lines,
            daemons=dict,
            subjects=lambda: subjects,
        )
        task = asyncio.create_task(desk.run())
        await asyncio.sleep(0)
        for fact in facts[1:]:
            bus.tell(fact)
        await asyncio.sleep(wait_s)
        task.cancel()

    run(main())
    return voice.said


def test_a_new_ghost_goes_on_with_the_incident_of_a_check() -> None:
    store = FakeStore()
    desk_hears([sick("HTTP 500")], store)
    said = desk_hears([sick(None, 5060)], store)
    assert [(i.id, i.phase) for i in said] == [(1, Phase.RECOVERED)]


def test_a_check_that_left_the_file_has_no_open_incident() -> None:
    store = FakeStore()
    desk_hears([sick("HTTP 500")], store)
    (said,) = desk_hears([], store, subjects=())
    assert (said.phase, said.steps[-1].what) == (Phase.STOPPED, "no longer in ghost.toml")


@pytest.mark.parametrize("again", [True, False])
def test_a_trouble_of_ghost_itself_ends_with_it_unless_the_next_one_has_it_too(
    again: bool,
) -> None:
    store, fact = FakeStore(), Told(subject=GHOST, cause="door", line="port is taken", at=5000)
    desk_hears([fact], store)
    said = desk_hears([fact] if again else [], store, wait_s=SETTLE_S + 1)
    assert [i.phase for i in said] == ([] if again else [Phase.STOPPED])


def test_what_is_told_while_nobody_listens_is_bounded() -> None:
    async def main() -> None:
        bus = Bus()
        for n in range(TOLD_MAX + 5):
            bus.tell(sick(str(n)))
        taken = await bus.told()
        assert (len(taken), taken[-1].line) == (TOLD_MAX, str(TOLD_MAX + 4))

    run(main())


# News: what is no trouble.


def moved(to: str, was: str, at: float) -> Told:
    tunnel, line = Subject(About.TUNNEL, "ngrok"), f"the address is {to} now; {was} is dead"
    return Told(subject=tunnel, cause="address", line=line, at=at, phase=Phase.CHANGED)


class Lately(FakeStore):
    """Gives what is over too, as the real one does for an hour."""

    async def open(self) -> list[Incident]:
        return list(self.kept)


def test_each_news_is_a_message_of_its_own_and_over_at_once() -> None:
    seen = told(moved("b:40001", "a", 5000), moved("c:40002", "b:40001", 5001))
    assert [i.id for i in seen] == [1, 2]
    assert all(i.is_over and i.phase is Phase.CHANGED for i in seen)


def test_the_same_news_is_told_once_also_by_the_next_ghost() -> None:
    store, fact = Lately(), moved("b", "a", 5000)
    assert len(desk_hears([fact, fact], store, subjects=())) == 1
    assert desk_hears([fact], store, subjects=()) == []


def test_what_comes_and_goes_is_told_in_the_last_message() -> None:
    to, back = moved("b", "a", 5000), moved("a", "b", 5060)
    facts = (to, back, *(replace(to if n % 2 else back, at=5060 + 60 * n) for n in range(1, 9)))
    seen = told(*facts)
    assert {i.id for i in seen} == {1, 2}
    assert seen[-1].cause == back.line
    late = told(*facts, replace(to, at=9000))
    assert late[-1].id == 3
